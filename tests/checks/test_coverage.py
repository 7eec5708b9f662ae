"""What was seen of the population."""

from dataclasses import replace

import pytest

from retroaudit.archive.inputs import Accounting, SchemaChange
from retroaudit.checks import coverage
from retroaudit.checks.metric import Metric, Threshold, Verdict
from tests.checks.profiles import only, profile, spec

LOGS = {"path": "logs/{date}.parquet", "control": "control/{date}.parquet"}
ABOUT = spec(logs=LOGS, columns={"id": "id"})
DAY = Accounting("2026-07-01", objects=1, read=100, counted=100, control=100, duplicate_ids=0, null_ids=0)
EXACT = (0.0, 0.0, 0.0, Threshold(min=0.0, max=0.0))


def run(**more: object) -> list[Metric]:
    return coverage.check(ABOUT, replace(profile(ABOUT), **more), None)  # type: ignore[arg-type]  # fields by name


def test_a_complete_window_passes_everything() -> None:
    metrics = run(accounting=(DAY,))
    judged = ("missing_partitions", "unreadable_partitions", "empty_partitions", "excluded_rows", "schema_changes")
    assert {m.metric: (m.value, m.low, m.high, m.threshold) for m in metrics} == {
        **dict.fromkeys((*judged, "control_difference", "unusable_control", "duplicate_ids"), EXACT),
        "null_ids": (0.0, 0.0, 0.0, None),
    }


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


def by_version(control: dict[str, int], served: dict[str | None, int], **more: object) -> list[Metric]:
    """One day whose control total, by version, meets these counted rows."""
    about = spec(logs=LOGS, columns={"id": "id", "version": "v"})
    rows = sum(count for count in served.values())
    part = replace(DAY, read=rows, counted=rows, control=sum(control.values()), control_by_version=control)
    part = replace(part, **more)  # type: ignore[arg-type]  # fields by name
    metrics = coverage.check(about, profile(about, days={DAY.partition: served}, accounting=(part,)), None)
    return [metric for metric in metrics if metric.metric == "control_difference"]


def test_control_totals_are_not_netted_over_versions() -> None:
    """400 and 600 counted, 500 and 500 read: the sums agree, and 100 rows of each version do not."""
    overall, a, b = by_version({"a": 400, "b": 600}, {"a": 500, "b": 500})
    assert (overall.value, overall.reason) == (100, "2026-07-01")
    assert (a.slice, a.value, a.threshold) == ((("date", "2026-07-01"), ("version", "a")), 100, EXACT[-1])
    assert (b.slice, b.value) == ((("date", "2026-07-01"), ("version", "b")), -100)


def test_versions_that_one_side_does_not_know_differ() -> None:
    """A null version has no line of its own: here it is the 3 rows that version b and the total do not explain."""
    found = {m.slice[1:]: m.value for m in by_version({"a": 5, "gone": 2}, {"a": 5, "new": 2, None: 3})}
    assert found == {(): 3, (("version", "gone"),): -2, (("version", "new"),): 2}
    assert [m.value for m in by_version({"a": 5}, {"a": 5})] == [0]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"control_by_version": None}, "the control totals name no versions"),
        ({"excluded": {"score_invalid": 1}, "counted": 999}, "rows were excluded"),
        ({"partition": "2026-07-09"}, "its versions cannot be told apart"),  # no state of that day
    ],
)
def test_what_cannot_be_compared_by_version_says_so(more: dict[str, object], why: str) -> None:
    (overall,) = by_version({"a": 400, "b": 600}, {"a": 500, "b": 500}, **more)
    assert overall.value == 0
    assert overall.reason == f"not compared by version, as {why}: {more.get('partition', '2026-07-01')}"


def test_a_flood_of_versions_is_cut_to_the_largest_differences() -> None:
    overall, *versions = by_version({f"v{number:02}": number for number in range(30)}, {"v00": 435})  # 0 + 1 + … + 29
    assert overall.value == 435
    assert [dict(m.slice)["version"] for m in versions] == ["v00", *(f"v{number}" for number in range(11, 30))]


def test_repeated_rows_are_summed_over_days_and_fail() -> None:
    metrics = run(accounting=(replace(DAY, partition="2026-07-02", duplicate_ids=4, null_ids=1), DAY,
                              replace(DAY, partition="2026-07-03", duplicate_ids=3)))  # fmt: skip
    found = only(metrics, "duplicate_ids")
    assert (found.value, found.n, found.threshold, found.reason) == (7, 300, EXACT[-1], "2026-07-02: 4, 2026-07-03: 3")
    assert only(metrics, "null_ids").value == 1
    plain = spec()
    assert only(coverage.check(plain, profile(plain), None), "duplicate_ids").verdict is Verdict.SKIPPED


def test_without_control_totals_completeness_is_not_evidenced() -> None:
    metrics = run(accounting=(DAY, replace(DAY, partition="2026-07-02", control=None)))
    day = only(metrics, "control_difference", (("date", "2026-07-02"),))
    assert (day.verdict, day.reason.split(":")[0]) == (Verdict.INSUFFICIENT, "population completeness not evidenced")
    useless = replace(DAY, control=None, control_fault="a count without its day")
    fault = only(run(accounting=(useless,)), "unusable_control")
    assert (fault.value, fault.threshold, fault.reason) == (1, EXACT[3], "2026-07-01: a count without its day")
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


def test_label_rate_says_what_was_not_looked_at() -> None:
    about = spec(columns={"id": "id", "label": "l"}, labels={"path": "labels/{date}.parquet"})

    def reason(*parts: Accounting) -> str:
        return only(coverage.check(about, profile(about, accounting=parts), None), "label_rate").reason

    young = replace(DAY, labels={"immature": 0, "joined": 0})
    known = replace(DAY, partition="2026-07-02", labels={"joined": 5})
    undated = replace(known, labels={"joined": 5, "undated": 6})
    assert reason(young, replace(young, partition="2026-07-03")) == "labels are immature at as_of"
    assert reason(young, known) == "labels are immature at as_of: 2026-07-01"
    assert reason(known) == "no label is known"
    assert reason(undated) == "6 rows of labels carry no time of arrival and were seen whatever as_of is"
    assert only(coverage.check(about, profile(about, accounting=(young,)), None), "label_rate").verdict == "skipped"
    assert (
        only(coverage.check(about, profile(about, accounting=(undated,)), None), "label_rate").verdict == "insufficient"
    )
    waiting = replace(profile(about), labels_awaited="labels are due at some time")
    assert only(coverage.check(about, waiting, None), "label_rate").reason == "labels are due at some time"


@pytest.mark.parametrize(
    ("labels", "days"),
    [({}, 1), ({"unmatched": 9}, 1), ({"no_label": 9}, 1), ({"joined": 1}, 0), ({"late": 9}, 0), ({"immature": 0}, 0)],
)
def test_a_day_none_of_whose_labels_joined_is_found(labels: dict[str, int], days: int) -> None:
    """A missing file, foreign ids and an absent column are faults; labels that are late or immature are not."""
    about = spec(columns={"id": "id", "label": "l"}, labels={"path": "labels/{date}.parquet"})
    metrics = coverage.check(about, profile(about, accounting=(replace(DAY, labels=labels),)), None)
    assert only(metrics, "unlabelled_partitions").value == days
    conflict = replace(DAY, labels={"joined": 1, "conflicting": 3, "invalid": 2})
    metrics = coverage.check(about, profile(about, accounting=(conflict,)), None)
    assert [only(metrics, f"{name}_labels").value for name in ("conflicting", "invalid")] == [3, 2]


def test_a_day_of_files_without_rows_is_found() -> None:
    empty = replace(DAY, read=0, counted=0, control=0)
    assert only(run(accounting=(empty,)), "empty_partitions").value == 1
    assert only(run(accounting=(replace(empty, objects=0),)), "empty_partitions").value == 0  # that is a missing day


def test_a_reference_that_cannot_be_read_is_found() -> None:
    about = spec(reference={"path": "train/*.parquet"})
    broken = profile(about, accounting=(Accounting("reference", 1, 0, 0, unreadable="truncated"),))
    found = only(coverage.check(about, profile(about), broken), "unreadable_reference")
    assert (found.value, found.threshold, found.reason) == (1, EXACT[3], "truncated")
    assert only(coverage.check(about, profile(about), profile(about)), "unreadable_reference").value == 0


def test_metrics_are_never_about_people() -> None:
    assert all(m.check == "coverage" for m in run(accounting=(DAY,)))
    assert only(run(accounting=(DAY,)), "excluded_rows").n == pytest.approx(100)
