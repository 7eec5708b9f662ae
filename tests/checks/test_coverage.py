"""What was seen of the population."""

from dataclasses import replace

import pytest

from retroaudit.archive.inputs import Accounting, SchemaChange
from retroaudit.checks import coverage
from retroaudit.checks.metric import Metric, Threshold, Verdict
from tests.checks.profiles import only, profile, spec

ABOUT = spec(logs={"path": "logs/{date}.parquet", "control": "control/{date}.parquet"})
DAY = Accounting("2026-07-01", objects=1, read=100, counted=100, control=100)


def run(**more: object) -> list[Metric]:
    return coverage.check(ABOUT, replace(profile(ABOUT), **more), None)  # type: ignore[arg-type]  # fields by name


def test_a_complete_window_passes_everything() -> None:
    metrics = run(accounting=(DAY,))
    assert {m.metric: (m.value, m.low, m.high, m.threshold) for m in metrics} == dict.fromkeys(
        ("missing_partitions", "unreadable_partitions", "excluded_rows", "control_difference", "schema_changes"),
        (0.0, 0.0, 0.0, Threshold(min=0.0, max=0.0)),
    )


def test_missing_days_are_listed_up_to_ten() -> None:
    days = tuple(f"2026-07-{day:02}" for day in range(1, 13))
    found = only(run(missing=days), "missing_partitions")
    assert found.value == 12
    assert found.reason == ", ".join(days[:10]) + " and 2 more"


def test_an_unreadable_day_is_named_with_its_reason() -> None:
    broken = Accounting("2026-07-02", objects=1, read=0, counted=0, unreadable="truncated " + "x" * 10_000, control=50)
    metrics = run(accounting=(DAY, broken))
    found = only(metrics, "unreadable_partitions")
    assert (found.value, found.reason[:22]) == (1, "2026-07-02: truncated ")
    assert len(found.reason) < 300
    assert only(metrics, "control_difference", (("date", "2026-07-02"),)).value == -50


def test_excluded_rows_are_counted_by_reason_over_all_days() -> None:
    part = Accounting("2026-07-01", objects=1, read=10, counted=7, excluded={"bad_label": 1, "outside_partition": 2})
    metrics = run(accounting=(part, replace(part, partition="2026-07-02", counted=9, excluded={"bad_label": 1})))
    found = {m.slice: m.value for m in metrics if m.metric == "excluded_rows"}
    assert found == {(("reason", "bad_label"),): 2, (("reason", "outside_partition"),): 2}


def test_control_totals_differ_on_their_day() -> None:
    hole = replace(DAY, partition="2026-07-02", control=130)
    surplus = replace(DAY, partition="2026-07-03", control=90)
    metrics = run(accounting=(surplus, DAY, hole))
    overall = only(metrics, "control_difference")
    assert (overall.value, overall.reason) == (30, "2026-07-02, 2026-07-03")
    assert only(metrics, "control_difference", (("date", "2026-07-02"),)).value == -30
    assert only(metrics, "control_difference", (("date", "2026-07-03"),)).value == 10


def test_without_control_totals_completeness_is_not_evidenced() -> None:
    metrics = run(accounting=(DAY, replace(DAY, partition="2026-07-02", control=None)))
    day = only(metrics, "control_difference", (("date", "2026-07-02"),))
    assert (day.verdict, day.reason.split(":")[0]) == (Verdict.SKIPPED, "population completeness not evidenced")
    plain = spec()
    found = only(coverage.check(plain, profile(plain), None), "control_difference")
    assert (found.verdict, found.value) == (Verdict.SKIPPED, None)
    assert found.reason == "population completeness not evidenced: the spec names no control totals"


def test_changed_columns_are_subjects() -> None:
    changes = (
        SchemaChange("2026-07-02", "x", "String", "Float64"),
        SchemaChange("2026-07-01", "x", "absent", "Float64"),
    )
    found = only(run(schema_changes=changes), "schema_changes", subject="x")
    assert (found.value, found.reason) == (2, "2026-07-01: absent for Float64, 2026-07-02: String for Float64")


def test_label_rate_is_the_share_of_known_labels() -> None:
    about = spec(columns={"prediction": "p", "label": "l"})
    found = only(coverage.check(about, profile(about, {"@label": [1, 0, None, 1]}), None), "label_rate")
    assert (found.value, found.low, found.high, found.n, found.threshold) == (0.75, 0.75, 0.75, 4, None)
    assert only(coverage.check(about, profile(about), None), "label_rate").value is None
    assert coverage.needs(spec()) == frozenset()


def test_metrics_are_never_about_people() -> None:
    assert all(m.check == "coverage" for m in run(accounting=(DAY,)))
    assert only(run(accounting=(DAY,)), "excluded_rows").n == pytest.approx(100)
