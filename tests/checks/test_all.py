"""The table of checks, and what all of them owe to the rest of the house."""

import math
from typing import Any

import pytest

from retroaudit.checks.all import CHECKS
from retroaudit.checks.metric import Metric, Verdict
from retroaudit.measures.all import MEASURES
from retroaudit.measures.profile import Profile
from tests.checks.profiles import profile, spec

HOSTILE = '<script>"\n' + "x" * 9_990
ABOUT = spec(
    logs={"path": "logs/{date}.parquet", "control": "control/{date}.parquet"},
    columns={
        "prediction": "p",
        "label": "l",
        "version": "v",
        "score": "s",
        "features": {"x": "numeric", HOSTILE: "categorical", "all null": "numeric"},
    },
    reference={"path": "train.parquet"},
    groups=["g", ["g", HOSTILE]],
    quality={"null_rate": 0.1, "ranges": {"*": (0, 1)}},
)
ROWS: dict[str, list[Any]] = {
    "x": [math.nan, math.inf, -math.inf, None, 1.7e308, -1.7e308, 0.5, 5e-324],
    HOSTILE: [HOSTILE, "'; drop table", None, "", "\x00", "a\nb", "\u202e", "a"],
    "all null": [None] * 8,
    "g": ["a", "b", None, "", "a", "b", HOSTILE, "a"],
    "s": [0.0, 1.0, 2.0, -1.0, math.nan, None, 0.5, 0.5],
    "v": ["1"] * 8,
    "@version": ["1", "2", None, "1", "1", "1", "1", "1"],
    "@prediction": [1, 0, 1, None, 1, 0, 1, 0],
    "@label": [1, 0, None, 1, 0, 1, None, 0],
}


def run(about: Profile, reference: Profile | None) -> list[Metric]:
    return [metric for check in CHECKS for metric in check.check(ABOUT, about, reference)]


def test_each_check_has_one_name_a_version_and_needs_that_exist() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert check.version >= 1
        assert {need.measure for need in check.needs(ABOUT, {})} <= set(MEASURES)


@pytest.mark.parametrize("rows", [ROWS, {}], ids=["hostile", "no rows"])
@pytest.mark.parametrize("with_reference", [True, False])
def test_whatever_the_rows_metrics_are_finite_ordered_and_named(
    rows: dict[str, list[Any]], with_reference: bool
) -> None:
    now = profile(ABOUT, rows, days={"2026-07-01": {"1": 7, None: 1}} if rows else {})
    metrics = run(now, profile(ABOUT, ROWS) if with_reference else None)
    assert {metric.check for metric in metrics} == {check.name for check in CHECKS} - {"suite"}  # a part of quality
    for metric in metrics:
        numbers = (metric.value, metric.low, metric.high, metric.reference)
        assert all(type(number) in {float, type(None)} for number in numbers), metric
        assert all(number is None or math.isfinite(number) for number in numbers), metric
        if metric.value is not None:
            assert metric.low is None or metric.low <= metric.value, metric
            assert metric.high is None or metric.value <= metric.high, metric
            assert metric.reason or None not in {metric.low, metric.high}, metric  # without a bound, with a reason
        assert type(metric.n) in {int, type(None)}
        assert len(metric.reason) < 1_000
        assert metric.verdict in {None, Verdict.INSUFFICIENT, Verdict.SKIPPED}
        assert metric.reason or metric.verdict is None


def test_names_of_metrics_are_unique_within_their_slice() -> None:
    metrics = run(profile(ABOUT, ROWS, days={"2026-07-01": {"1": 8}}), profile(ABOUT, ROWS))
    keys = [(metric.check, metric.metric, metric.subject, metric.slice) for metric in metrics]
    assert len(keys) == len(set(keys))


def test_the_same_profile_gives_the_same_metrics() -> None:
    backwards = {name: values[::-1] for name, values in ROWS.items()}
    assert run(profile(ABOUT, ROWS), profile(ABOUT, backwards)) == run(profile(ABOUT, backwards), profile(ABOUT, ROWS))
