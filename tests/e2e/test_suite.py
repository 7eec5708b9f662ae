"""Great Expectations suites in the audit: from the archive to the sealed report, night by night and merged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from retroaudit.artefacts import Places, Run, Sealed
from retroaudit.audit import audit
from retroaudit.intake import places, request
from retroaudit.ledger.read import find
from retroaudit.ledger.signing import load_signer, write_keys
from retroaudit.progress import silent
from retroaudit.replaying import replay
from tests.world import NOON, SPEC, World, decisions, metric, metrics

pytestmark = pytest.mark.slow

DAYS = ("2026-07-01", "2026-07-02", "2026-07-03")
WINDOW = "2026-07-01/2026-07-04"
SENTINEL = "Zwölf-Sentinels"  # a value of one row: it must not be in any report

Kwargs = dict[str, Any]


def expectation(kind: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": kind, "kwargs": kwargs, "meta": {}, "severity": "critical"}


def write_suite(root: Path, expectations: Sequence[dict[str, Any]]) -> None:
    document = {"name": "model", "expectations": list(expectations), "meta": {"great_expectations_version": "1.24.1"}}
    (root / "expectations").mkdir(exist_ok=True)
    (root / "expectations" / "model.json").write_text(json.dumps(document))


def audited(world: World, expectations: Sequence[dict[str, Any]], window: str = DAYS[0]) -> dict[str, Any]:
    """The report of an audit of the window by this suite."""
    write_suite(world.root, expectations)
    return world.report(sealed(world, window).report)


def sealed(world: World, window: str, document: dict[str, Any] = SPEC) -> Sealed:
    """Like `World.audit`, with states that stay."""
    keys = world.root / "keys"
    if not keys.exists():
        write_keys(keys)
    spec = world.spec({**document, "quality": {"suite": "model.json"}})
    run = Run(NOON, {})
    return audit(request(spec, window, NOON), where(world), load_signer(keys / "signing.pem"), run, silent)


def where(world: World) -> Places:
    (world.root / "spool").mkdir(exist_ok=True)
    addresses = [(world.root / name).as_uri() for name in ("archive", "store", "states")]
    return places(addresses[0], addresses[1], addresses[2], world.root / "spool")


@pytest.fixture
def nights(world: World) -> World:
    """Three nights. The second has what is planted: a value out of range, a new category, an id of the first."""
    for day in DAYS:
        frame = decisions(100, day).with_columns(pl.format(f"{day}-{{}}", "id").alias("id"))
        if day == DAYS[1]:
            first = pl.int_range(pl.len()) == 0
            frame = frame.with_columns(
                pl.when(first).then(1e6).otherwise("amount").alias("amount"),
                pl.when(first).then(pl.lit(SENTINEL)).otherwise("channel").alias("channel"),
                pl.when(first).then(pl.lit(f"{DAYS[0]}-r7")).otherwise("id").alias("id"),
            )
        world.put(f"logs/date={day}/part-0.parquet", frame)
    return world


PLANTED = (
    expectation("expect_column_values_to_be_between", column="amount", min_value=0, max_value=6),
    expectation("expect_column_values_to_be_in_set", column="channel", value_set=["c0", "c1", "c2"], mostly=0.99),
    expectation("expect_column_values_to_be_unique", column="id"),
    expectation("expect_column_max_to_be_between", column="amount", max_value=6),
    expectation("expect_column_mean_to_be_between", column="score", min_value=0.4, max_value=0.6),
    expectation("expect_column_distinct_values_to_equal_set", column="channel", value_set=["c0", "c1", "c2"]),
)


def verdicts(document: dict[str, Any]) -> list[str]:
    found = {m["metric"]: m["verdict"] for m in metrics(document, check="quality") if m["metric"].startswith("expect")}
    return [found[each["type"]] for each in PLANTED]


def test_a_window_is_judged_from_the_states_of_its_nights(nights: World) -> None:
    """By hand: the second night has 1 odd value of 100, the three together 1 of 300, and 2 rows of one id."""
    write_suite(nights.root, PLANTED)
    found = [verdicts(nights.report(sealed(nights, day).report)) for day in DAYS]
    passed, failed = "passed", "failed"
    assert found[0] == found[2] == [passed] * 6
    assert found[1] == [failed, passed, passed, failed, passed, failed]
    whole = sealed(nights, WINDOW)
    assert (whole.rows_read, whole.reused) == (0, 3)
    document = nights.report(whole.report)
    assert verdicts(document) == [failed, passed, failed, failed, passed, failed]
    share = metric(document, metric="expect_column_values_to_be_between", subject="amount")
    assert (share["value"], share["n"], share["threshold"]) == (299 / 300, 300, {"min": 1.0, "max": None})
    unique = metric(document, metric="expect_column_values_to_be_unique")
    assert (unique["value"], unique["low"], unique["high"]) == (298 / 300,) * 3
    assert metric(document, metric="expect_column_mean_to_be_between")["value"] == pytest.approx(0.495)


def test_no_value_of_a_row_is_in_what_is_stored(nights: World) -> None:
    write_suite(nights.root, PLANTED)
    for window in (DAYS[1], WINDOW):
        report = sealed(nights, window).report
        for name in ("report.json", "report.html", "metrics.parquet"):
            stored = nights.file(report, name)
            assert all(text.encode() not in stored for text in (SENTINEL, f"{DAYS[0]}-r7", "1000000.0", "1e6"))
        largest = metric(nights.report(report), metric="expect_column_max_to_be_between")
        assert (largest["value"], largest["verdict"]) == (None, "failed")


def test_the_same_bytes_come_from_states_alone(nights: World) -> None:
    write_suite(nights.root, PLANTED)
    report = str(sealed(nights, WINDOW).report)
    for archive in (True, False):
        assert replay(find(nights.store, report), where(nights), silent, archive=archive).same


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "no such column": (expectation("expect_column_values_to_not_be_null", column="nope"), "failed", "nope"),
    "no such expectation": (expectation("expect_column_values_to_be_uniqe", column="id"), "failed", "to_be_unique"),
    "no regex": (expectation("expect_column_values_to_match_regex", column="id", regex="("), "failed", "("),
    "bounds that exclude each other": (
        expectation("expect_column_values_to_be_between", column="score", min_value=5, max_value=1),
        "failed",
        "min",
    ),
    "text between numbers": (
        expectation("expect_column_values_to_be_between", column="channel", min_value=0, max_value=1),
        "failed",
        "",
    ),
    "an argument that GX refuses": (
        expectation("expect_column_values_to_not_be_null", column="id", mostly=7),
        "failed",
        "mostly",
    ),
    "another table": (
        expectation("expect_table_row_count_to_equal_other_table", other_table_name="x"),
        "skipped",
        "table",
    ),
    "SQL": (expectation("unexpected_rows_expectation", unexpected_rows_query="SELECT 1"), "skipped", "SQL"),
    "the order of rows": (expectation("expect_column_values_to_be_increasing", column="score"), "skipped", "order"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_judged_has_a_verdict_with_its_reason_and_spoils_no_other(nights: World, name: str) -> None:
    bad, verdict, said = BAD[name]
    document = audited(nights, [PLANTED[0], bad, PLANTED[2]])
    found = metric(document, metric=bad["type"], subject=bad["kwargs"].get("column", "model"))
    assert (found["verdict"], found["value"]) == (verdict, None)
    assert said in found["reason"]
    assert found["reason"]
    assert [
        metric(document, metric=each["type"], subject=each["kwargs"]["column"])["verdict"]
        for each in (PLANTED[0], PLANTED[2])
    ] == ["passed"] * 2


def test_a_pattern_beyond_rust_is_matched_value_by_value_and_the_report_says_so(nights: World) -> None:
    found = metric(
        audited(nights, [expectation("expect_column_values_to_match_regex", column="id", regex="^(?!x)2026.*$")]),
        metric="expect_column_values_to_match_regex",
    )
    assert (found["verdict"], found["value"]) == ("passed", 1.0)
    assert "Python" in found["reason"]


def test_an_empty_suite_has_failed(nights: World) -> None:
    document = audited(nights, [])
    assert metric(document, metric="suite_expectations")["verdict"] == "failed"
    assert document["summary"]["verdict"] == "failed"


def test_a_suite_whose_columns_are_all_others_has_failed(nights: World) -> None:
    names = ("a", "b", "c")
    document = audited(nights, [expectation("expect_column_values_to_not_be_null", column=name) for name in names])
    found = metrics(document, metric="expect_column_values_to_not_be_null")
    assert [(m["subject"], m["verdict"]) for m in found] == [(name, "failed") for name in names]


def test_without_values_nothing_is_as_expected(nights: World) -> None:
    """GX passes an expectation on no values; an audit does not."""
    nothing = {"column": "amount", "row_condition": "channel == 'no such'", "condition_parser": "pandas"}
    document = audited(nights, [expectation("expect_column_values_to_be_between", min_value=0, **nothing)])
    found = metric(document, metric="expect_column_values_to_be_between")
    assert found["reason"] == "there are no values"
    assert (found["verdict"], found["n"], found["slice"]) == (
        "insufficient",
        0,
        {"row_condition": "channel == 'no such'"},
    )


def test_a_condition_on_a_group_publishes_its_verdict_without_numbers(nights: World) -> None:
    condition: Kwargs = {"row_condition": "group == 'g1'", "condition_parser": "pandas"}
    document = audited(
        nights, [expectation("expect_column_values_to_be_between", column="score", max_value=1, **condition)]
    )
    found = metric(document, metric="expect_column_values_to_be_between")
    assert (found["verdict"], found["value"], found["n"]) == ("passed", None, None)
    assert "withheld" in found["reason"]


def test_severity_goes_to_the_finding(nights: World) -> None:
    severities = ("critical", "warning", "info")
    suite = [
        {**expectation("expect_column_values_to_be_in_set", column="channel", value_set=[value]), "severity": severity}
        for value, severity in zip(("x", "y", "z"), severities, strict=True)
    ]
    findings = audited(nights, suite)["findings"]
    assert [finding["severity"] for finding in findings] == ["high", "medium", "low"]
    assert len({finding["fingerprint"] for finding in findings}) == 3


def test_names_that_polars_takes_for_patterns_are_names(world: World) -> None:
    names = {"amount": "^a.*$", "channel": "*", "group": "^g$", "id": "^id$"}
    columns = {**SPEC["columns"], "id": "^id$", "features": {"^a.*$": "numeric"}}
    some = pl.int_range(pl.len()) == 0
    world.put(
        f"logs/date={DAYS[0]}/part-0.parquet",
        decisions(100, DAYS[0]).with_columns(pl.when(~some).then("amount"), pl.when(~some).then("group")).rename(names),
    )
    about = {"row_condition": "`^a.*$` >= 0", "condition_parser": "pandas"}
    suite = (
        expectation("expect_column_values_to_be_unique", column="^id$"),
        expectation("expect_column_values_to_be_between", column="^a.*$", min_value=0, max_value=6),
        expectation("expect_column_values_to_be_in_set", column="*", value_set=["c0"], **about),
    )
    write_suite(world.root, suite)
    told = {**SPEC, "columns": columns, "groups": ["^g$"], "privacy": {"min_cell": 0}}
    document = world.report(sealed(world, DAYS[0], told).report)
    found = [metric(document, metric=each["type"])["value"] for each in suite]
    assert found == [1.0, 1.0, 33 / 99]  # by hand: of 100 rows 34 have c0, the first of them without an amount
    assert metric(document, metric="null_rate", subject="^a.*$")["value"] == 0.01
