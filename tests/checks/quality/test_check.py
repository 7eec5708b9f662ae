"""Missing and out-of-range values, counted by hand."""

import math

import pytest

from retroaudit.checks.metric import Threshold, Verdict
from retroaudit.checks.quality import check as quality
from tests.checks.profiles import Rows, only, profile, spec

ABOUT = spec(
    columns={"features": {"x": "numeric", "c": "categorical"}, "score": "s"},
    groups=["g"],
    quality={"null_rate": {"x": 0.5, "g": 0.0}, "ranges": {"s": (0, 1)}, "out_of_range": 0.1},
)
ROWS: Rows = {
    "x": [1.0, None, math.nan, math.inf, -math.inf],
    "c": ["a", None, None, "b", ""],
    "s": [0.0, 1.0, 1.5, -0.1, math.nan],
    "g": ["a", "a", "b", "b", "b"],
}


def test_shares_of_missing_values_are_exact() -> None:
    metrics = quality.check(ABOUT, profile(ABOUT, ROWS), None)
    found = {(m.subject, m.metric): (m.value, m.low, m.high, m.n) for m in metrics if m.metric != "out_of_range_rate"}
    assert found == {
        ("c", "null_rate"): (0.4, 0.4, 0.4, 5),
        ("x", "null_rate"): (0.2, 0.2, 0.2, 5),
        ("x", "nan_rate"): (0.2, 0.2, 0.2, 5),
        ("x", "inf_rate"): (0.4, 0.4, 0.4, 5),
        ("g", "null_rate"): (0.0, 0.0, 0.0, 5),
        ("s", "null_rate"): (0.0, 0.0, 0.0, 5),
        ("s", "nan_rate"): (0.2, 0.2, 0.2, 5),
        ("s", "inf_rate"): (0.0, 0.0, 0.0, 5),
    }


def test_limits_are_the_specs() -> None:
    metrics = quality.check(ABOUT, profile(ABOUT, ROWS), None)
    assert {m.subject: m.threshold for m in metrics if m.metric == "null_rate"} == {
        "c": None,
        "x": Threshold(max=0.5),
        "g": Threshold(max=0.0),
        "s": None,
    }


def test_values_outside_the_range_are_a_share_of_the_finite_ones() -> None:
    found = only(quality.check(ABOUT, profile(ABOUT, ROWS), None), "out_of_range_rate")
    assert (found.subject, found.value, found.low, found.high, found.n) == ("s", 0.5, 0.5, 0.5, 4)
    assert (found.threshold, found.reason) == (Threshold(max=0.1), "allowed is 0 to 1")


def test_a_bound_inside_a_coarse_cell_gives_bounds() -> None:
    """More distinct values than a grid has cells: the share above 0.3 is 0.7, and is known within a cell's mass."""
    n = 100_000
    about = spec(columns={"features": {"x": "numeric"}}, quality={"ranges": {"x": (0, 0.3)}})
    found = only(quality.check(about, profile(about, {"x": [i / n for i in range(n)]}), None), "out_of_range_rate")
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 0.69999 <= found.high
    assert found.high - found.low < 0.001
    assert found.value == pytest.approx(0.7, abs=1e-4)


def test_the_reference_has_the_same_rate() -> None:
    before = profile(ABOUT, {**ROWS, "x": [1.0, 2.0, 3.0, None, None]})
    found = quality.check(ABOUT, profile(ABOUT, ROWS), before)
    assert only(found, "null_rate", subject="x").reference == 0.4
    assert only(found, "out_of_range_rate").reference == 0.5


def test_without_rows_or_values_nothing_passes() -> None:
    metrics = quality.check(ABOUT, profile(ABOUT), None)
    assert {(m.value, m.verdict) for m in metrics} == {(None, Verdict.INSUFFICIENT)}
    null: Rows = {**ROWS, "x": [None] * 5, "s": [None] * 5}
    metrics = quality.check(ABOUT, profile(ABOUT, null), None)
    assert only(metrics, "null_rate", subject="x").value == 1
    assert only(metrics, "out_of_range_rate").reason == "there are no finite values"


def test_an_absent_column_is_all_null() -> None:
    rows = {name: values for name, values in ROWS.items() if name != "x"}
    assert only(quality.check(ABOUT, profile(ABOUT, rows), None), "null_rate", subject="x").value == 1
