"""Margins: shares by Wilson's interval, ranges by their tails."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from retroaudit.measures import grid
from retroaudit.proposing.bounds import mostly, span


def of(values: Any) -> grid.Grid:
    return grid.finish(grid.partial(pl.DataFrame({"x": values}), ("x",)))


def test_the_share_is_wilsons_bound_of_a_median_part_rounded_down() -> None:
    """The bound is scipy's."""
    parts = [(4900, 5000), (9800, 10_000), (19_600, 20_000)]
    low = stats.binomtest(9800, 10_000).proportion_ci(0.999, method="wilson").low
    assert low == pytest.approx(0.974847, abs=1e-6)
    assert mostly(parts) == 0.974
    assert mostly([(999_900, 1_000_000)]) == 0.99986  # two digits of what is left


def test_every_row_of_every_part_is_every_row() -> None:
    assert mostly([(10, 10), (0, 0), (3, 3)]) == mostly([]) == 1.0


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1, max_size=9))
def test_every_part_and_the_whole_hold_what_is_expected(parts: list[tuple[int, int]]) -> None:
    known = [(min(pair), max(pair)) for pair in parts]
    share = mostly(known)
    for held, rows in (*known, (sum(h for h, _ in known), sum(r for _, r in known))):
        assert rows == 0 or held / rows >= share


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
def test_a_span_holds_its_values_or_is_none(values: list[float]) -> None:
    found = span(of(values), whole=False)
    if found is None:
        assert max(map(abs, values)) > 2**50
        return
    low, high = found
    assert low <= min(values) <= max(values) <= high
    assert low < high
    assert low >= 0 or min(values) < 0
    assert high <= 0 or max(values) > 0 or min(values) == 0
    assert math.isfinite(low)
    assert math.isfinite(high)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=50))
def test_a_span_of_whole_numbers_is_whole(values: list[int]) -> None:
    found = span(of(values), whole=True)
    assert found
    assert all(bound.is_integer() for bound in found)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.arange(101.0), (0.0, 110.0)),  # flat: a tenth of the span
        (np.arange(-50.0, 51.0), (-60.0, 60.0)),
        ([0.0] * 99 + [10.0], (0.0, 20.0)),  # as far again as from the outer 5 %
        ([5.0, 5.0], (4.5, 5.5)),
        ([0.0], (0.0, 1.0)),
        ([], None),
        ([1e300], None),
    ],
)
def test_a_span_by_hand(values: Any, expected: tuple[float, float] | None) -> None:
    assert span(of(pl.Series(values, dtype=pl.Float64)), whole=False) == expected
