"""Served versions against the declared timeline."""

from datetime import date

import pytest

from retroaudit.checks import versions
from retroaudit.checks.metric import Threshold, Verdict
from tests.checks.profiles import Days, only, profile, spec

TIMELINE = [
    {"name": "1.4", "from": date(2026, 1, 1), "to": date(2026, 7, 2)},
    {"name": "1.5", "from": date(2026, 7, 2)},
]
ABOUT = spec(columns={"version": "version"}, versions=TIMELINE)


def test_the_timeline_is_half_open() -> None:
    assert versions.declared(ABOUT, "2026-07-01") == {"1.4"}
    assert versions.declared(ABOUT, "2026-07-02") == {"1.5"}
    assert versions.declared(ABOUT, "2025-12-31") == frozenset()
    assert versions.declared(ABOUT, "snapshot") == {"1.4", "1.5"}


def test_a_stale_version_is_found_on_its_day() -> None:
    days: Days = {"2026-07-01": {"1.4": 100}, "2026-07-02": {"1.5": 60, "1.4": 40}, "2026-07-03": {"1.5": 100}}
    metrics = versions.check(ABOUT, profile(ABOUT, days=days), None)
    overall = only(metrics, "undeclared_version_rate")
    assert (overall.value, overall.low, overall.high, overall.n) == pytest.approx((40 / 300, 40 / 300, 40 / 300, 300))
    assert overall.threshold == Threshold(max=0.0)
    day = only(metrics, "undeclared_version_rate", (("date", "2026-07-02"),))
    assert (day.value, day.n, day.reason) == (0.4, 100, 'served but not declared: "1.4"')
    assert sum(m.metric == "undeclared_version_rate" for m in metrics) == 2
    assert only(metrics, "version_rate", (("version", "1.5"),)).value == pytest.approx(160 / 300)
    assert only(metrics, "version_rate", (("version", "1.4"),)).threshold is None


def test_null_is_never_declared_and_many_names_are_cut() -> None:
    served: dict[str | None, int] = {None: 1, "a": 1, "b": 1, "c": 1, "d": 1, "z" * 10_000: 1}
    metrics = versions.check(ABOUT, profile(ABOUT, days={"snapshot": served}), None)
    overall = only(metrics, "undeclared_version_rate")
    assert overall.value == 1
    assert overall.reason == 'served but not declared: "a", "b", "c" and 3 more'
    assert not [m for m in metrics if m.slice and m.slice[0][0] == "date"]


def test_a_clean_window_has_one_metric_that_says_so() -> None:
    metrics = versions.check(ABOUT, profile(ABOUT, days={"2026-07-01": {"1.4": 5}}), None)
    assert (only(metrics, "undeclared_version_rate").value, only(metrics, "undeclared_version_rate").reason) == (0, "")


def test_at_most_twenty_versions_are_published() -> None:
    served: dict[str | None, int] = {f"{i:02}": 30 - i for i in range(30)}
    metrics = versions.check(ABOUT, profile(ABOUT, days={"2026-07-01": served}), None)
    assert [m.slice[0][1] for m in metrics if m.metric == "version_rate"] == [f"{i:02}" for i in range(20)]


def test_what_cannot_be_said_has_a_reason() -> None:
    without = spec()
    assert [m.reason for m in versions.check(without, profile(without), None)] == ["the spec names no version column"]
    undeclared = spec(columns={"version": "version"})
    metrics = versions.check(undeclared, profile(undeclared, days={"2026-07-01": {"1": 1}}), None)
    assert only(metrics, "undeclared_version_rate").verdict is Verdict.SKIPPED
    assert only(metrics, "version_rate", (("version", "1"),)).value == 1
    empty = versions.check(ABOUT, profile(ABOUT), None)
    assert [(m.verdict, m.reason) for m in empty] == [(Verdict.INSUFFICIENT, "there are no rows")]


def test_a_day_of_too_many_versions_hides_no_other_day() -> None:
    """By hand: of 10,001 versions of a row each 10,000 at least are not declared; of the next day's 100 rows 40."""
    many: dict[str | None, int] = {str(i): 1 for i in range(10_001)}
    days: Days = {"2026-07-01": many, "2026-07-02": {"1.5": 60, "1.4": 40}}
    metrics = versions.check(ABOUT, profile(ABOUT, days=days), None)
    untold = "at least: more versions than can be told apart on 2026-07-01"
    overall = only(metrics, "undeclared_version_rate")
    assert (overall.low, overall.high) == pytest.approx((10_040 / 10_101, 10_041 / 10_101))
    assert overall.reason == f'served but not declared: "1.4"; {untold}'
    first = only(metrics, "undeclared_version_rate", (("date", "2026-07-01"),))
    assert (first.value, first.low, first.high) == pytest.approx((10_000 / 10_001, 10_000 / 10_001, 1))
    assert first.reason == untold
    second = only(metrics, "undeclared_version_rate", (("date", "2026-07-02"),))
    assert (second.low, second.high, second.reason) == (0.4, 0.4, 'served but not declared: "1.4"')
    rate = only(metrics, "version_rate", (("version", "1.5"),))
    assert (rate.value, rate.n) == (0.6, 100)  # of the rows whose versions are known
