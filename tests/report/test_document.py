"""The document: every key that was promised, in one order, and nothing that a replay could not repeat."""

from __future__ import annotations

import math

from retroaudit.archive.inputs import Accounting, Inputs, Partition, Pinned
from retroaudit.checks.metric import Metric, Threshold, Verdict
from retroaudit.report.canonical import canonical
from retroaudit.report.document import build, metric_rows
from retroaudit.spec.window import Window
from retroaudit.storage.protocol import ObjectInfo
from tests.report.night import DAYS, MISSING, START, all_metrics
from tests.report.sample import accounting, header, histograms, inputs, sample

COLUMNS = (
    *("check", "metric", "subject", "slice", "value", "low", "high", "n"),
    *("reference", "threshold", "verdict", "reason"),
)


def test_the_top_keys_are_those_of_the_contract() -> None:
    assert sorted(sample()) == ["audit", "findings", "histograms", "inputs", "metrics", "schema", "summary"]
    assert sample()["schema"] == "retroaudit/report/1"


def test_a_row_has_the_twelve_columns_of_the_contract() -> None:
    assert set(sample()["metrics"][0]) == set(COLUMNS)


def test_order_of_what_is_given_changes_nothing() -> None:
    metrics, rows, drawn = list(all_metrics()), accounting(), histograms()
    documents = []
    for turn in (1, 7, 50):
        for each in (metrics, rows, drawn):
            each[:] = [*each[turn:], *each[:turn]][::-1]
        document = build(
            header=header(), inputs=inputs(), accounting=rows, states={}, metrics=metrics, findings=(), histograms=drawn
        )
        documents.append(canonical(document))
    assert len(set(documents)) == 1


def test_an_object_is_named_by_what_identifies_it_and_by_no_time() -> None:
    (first, *_) = sample()["inputs"]["partitions"][0]["logs"]
    assert sorted(first) == ["checksum", "key", "sha256", "size", "version"]
    assert b"modified" not in canonical(sample())


def test_totals_add_up() -> None:
    totals = sample()["inputs"]["totals"]
    # by hand: 90 nights of 20,000 rows less 512 lost; 7 excluded on each of the nights 0, 9, …, 90: 11 nights
    assert totals["rows"] == {
        "read": 90 * 20_000 - 512,
        "counted": 90 * 20_000 - 512 - 77,
        "excluded": {"outside_partition": 77},
        "control": 1_800_000,
    }
    assert totals["objects"] == {"listed": 180, "read": 180, "excluded": {}}


def test_an_unreadable_partition_excludes_its_objects() -> None:
    rows = [
        Accounting(DAYS[0], 1, 0, 0, control=10, unreadable="truncated"),
        Accounting(DAYS[1], 1, 10, 10, control=10),
    ]
    assert small(rows)["totals"]["objects"] == {"listed": 2, "read": 1, "excluded": {"unreadable": 1}}
    assert small(rows)["population"]["evidence"] == "not evidenced"


def test_population_is_evidenced_only_by_somebody_elses_count() -> None:
    agreed = [Accounting(day, 1, 10, 10, control=10) for day in DAYS[:2]]
    unknown = [Accounting(day, 1, 10, 10) for day in DAYS[:2]]
    off = Metric(check="coverage", metric="control_difference", value=-3.0, verdict=Verdict.FAILED)
    assert small(agreed)["population"]["evidence"] == "evidenced"
    assert small(unknown)["population"]["sentence"].startswith("Population completeness not evidenced")
    assert small([agreed[0], unknown[1]])["population"]["evidence"] == "not evidenced"
    assert small(agreed, off)["population"]["evidence"] == "contradicted"
    assert sample()["inputs"]["missing"] == [MISSING]


def test_numbers_that_are_not_finite_are_null_with_a_reason() -> None:
    (row,) = metric_rows([Metric(check="fairness", metric="impact_ratio", value=1.0, low=0.5, high=math.inf)])
    assert row["high"] is None
    assert row["reason"] == "high is inf"


def test_a_null_group_is_not_the_text_null() -> None:
    rows = metric_rows(
        Metric(check="fairness", metric="n", slice=(("sex", value),), value=1.0) for value in ("null", None)
    )
    assert [row["slice"] for row in rows] == [{"sex": "null"}, {"sex": None}]


def test_the_summary_counts_verdicts() -> None:
    metrics = [
        Metric(check="drift", metric="ks", value=0.0, threshold=Threshold(max=1.0), verdict=verdict)
        for verdict in (*Verdict, None)
    ]
    summary = build(header=header(), inputs=inputs(), accounting=(), states={}, metrics=metrics, findings=())["summary"]
    assert summary["checked"] == 3  # passed, failed, inconclusive: the others have nothing to be checked by (law 4)
    assert summary["verdicts"] == {"passed": 1, "failed": 1, "inconclusive": 1, "insufficient": 1, "skipped": 1}


def small(rows: list[Accounting], *metrics: Metric):  # type: ignore[no-untyped-def] # noqa: ANN201 (plain JSON)
    """The inputs of a window of two days with one object each."""
    window = Window(f"{DAYS[0]}_{DAYS[1]}", "range", "UTC", START, START, DAYS[:2])
    parts = tuple(Partition(day, None, None, (Pinned(ObjectInfo(f"{day}.parquet", 1, START)),)) for day in DAYS[:2])
    pinned = Inputs(window, None, parts, ())
    return build(header=header(), inputs=pinned, accounting=rows, states={}, metrics=metrics, findings=())["inputs"]
