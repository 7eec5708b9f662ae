"""Found against planted, on small tables whose answers are written out by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from retroaudit.demo.compare import FoundMetric, Row, compare, matches
from retroaudit.demo.incidents import INCIDENTS, Incident, Sign

NULLS = Incident("nulls", (3, 4), (Sign("quality", "null_rate", "a"),))
BIAS = Incident("bias", (2, 3, 9), (Sign("fairness", "impact_ratio", slice=(("g", "x"), ("h", "y"))),))
NULL_RATE = FoundMetric("quality", "null_rate", "a")
RATIO = FoundMetric("fairness", "impact_ratio", slice=(("h", "y"), ("g", "x")))


def test_everything_on_its_night() -> None:
    rows = compare({1: [], 2: [RATIO], 3: [NULL_RATE, RATIO], 4: [NULL_RATE]}, (NULLS, BIAS), days=4)
    assert rows == (Row("nulls", (3, 4), (3, 4)), Row("bias", (2, 3), (2, 3)))
    assert all(row.as_planted for row in rows)
    assert [row.first_found for row in rows] == [3, 2]


def test_found_late_and_not_on_each_night() -> None:
    (row,) = compare({3: [RATIO], 9: []}, (BIAS,), days=9)
    assert row == Row("bias", (2, 3, 9), (3,))
    assert (row.first_found, row.missed, row.as_planted) == (3, (2, 9), False)


def test_never_found() -> None:
    (row,) = compare({3: [], 4: []}, (NULLS,), days=9)
    assert (row.first_found, row.missed, row.as_planted) == (None, (3, 4), False)


def test_an_incident_that_begins_after_the_archive_ends_has_no_row() -> None:
    assert compare({1: []}, (NULLS, BIAS), days=1) == ()


def test_a_sign_on_another_night_is_a_false_alarm() -> None:
    rows = compare({1: [NULL_RATE], 3: [NULL_RATE], 4: [NULL_RATE], 5: [NULL_RATE]}, (NULLS,), days=5)
    assert rows == (Row("nulls", (3, 4), (3, 4)), Row("false alarm: quality null_rate a", (), (1, 5)))
    assert [row.as_planted for row in rows] == [True, False]


def test_with_nothing_planted_each_failure_is_a_false_alarm() -> None:
    (row,) = compare({7: [FoundMetric("fairness", "impact_ratio", slice=(("g", None),))]}, (), days=9)
    assert row == Row("false alarm: fairness impact_ratio model g=None", (), (7,))


def test_a_sign_matches_by_check_metric_subject_and_part_of_the_slice() -> None:
    sign = BIAS.signs[0]
    assert matches(RATIO, sign)
    assert matches(FoundMetric("fairness", "impact_ratio", slice=(*RATIO.slice, ("date", "2026-05-11"))), sign)
    assert not matches(FoundMetric("fairness", "impact_ratio", slice=(("g", "x"),)), sign)
    assert not matches(FoundMetric("fairness", "tpr_ratio", slice=RATIO.slice), sign)
    assert not matches(FoundMetric("performance", "impact_ratio", slice=RATIO.slice), sign)
    assert not matches(FoundMetric("fairness", "impact_ratio", "g", RATIO.slice), sign)


def test_summary_is_json() -> None:
    assert Row("a", (1, 2), (2,)).summary() == {
        "name": "a",
        "planted": [1, 2],
        "found": [2],
        "first_found": 2,
        "missed": [1],
        "as_planted": False,
    }


@given(st.dictionaries(st.integers(1, 91), st.frozensets(st.sampled_from([NULL_RATE, RATIO]))))
def test_no_failed_metric_is_lost(found: dict[int, frozenset[FoundMetric]]) -> None:
    """Law: with one sign an incident, each failed metric is found on exactly one row's night."""
    rows = compare(found, (NULLS, BIAS), days=91)
    assert sum(len(row.found) for row in rows) == sum(len(metrics) for metrics in found.values())


@given(st.integers(1, 366))
def test_the_first_sign_of_every_incident_is_as_planted(days: int) -> None:
    """Law: where each night fails by what was planted on it, every row is as planted and nothing else is there."""
    found: dict[int, list[FoundMetric]] = {night: [] for night in range(1, days + 1)}
    for incident in INCIDENTS:
        sign = incident.signs[0]
        for night in incident.nights:
            if night in found:
                found[night].append(FoundMetric(sign.check, sign.metric, sign.subject, sign.slice))
    rows = compare(found, INCIDENTS, days=days)
    assert all(row.as_planted for row in rows)
    assert len(rows) == sum(incident.nights[0] <= days for incident in INCIDENTS)
