"""One pass over a column: however it is cut, and whatever is in it, it is what its definition says."""

import math
from fractions import Fraction

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.measures.numeric import Numeric, keys

HOSTILE = [5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1e308, 0.0, -0.0, 1.0, 1.0 + 2**-52]
VALUES = st.lists(st.none() | st.floats() | st.sampled_from(HOSTILE), max_size=60)


@given(VALUES, st.integers(2, 9), st.data())
def test_slices_and_chunks_do_not_show(values: list[float | None], cap: int, data: st.DataObject) -> None:
    whole = pl.Series(values, dtype=pl.Float64)
    first, second = sorted(data.draw(st.integers(0, len(values))) for _ in range(2))
    parts = Numeric(cap)
    parts.add(pl.concat([whole[:first], whole[first:second]]))
    parts.add(whole[second:])
    at_once = Numeric.of(whole, cap)
    assert (parts.rows, parts.nulls, parts.others) == (at_once.rows, at_once.nulls, at_once.others)
    assert parts.sums() == at_once.sums()
    for one, other in zip(vars(parts.lines()).values(), vars(at_once.lines()).values(), strict=True):
        assert np.array_equal(one, other)


@given(VALUES)
def test_every_row_is_null_nan_infinite_or_finite(values: list[float | None]) -> None:
    found = Numeric.of(pl.Series(values, dtype=pl.Float64))
    finite = [value for value in values if value is not None and math.isfinite(value)]
    others = (sum(value != value for value in values), values.count(math.inf), values.count(-math.inf))  # noqa: PLR0124  # NaN
    assert (found.rows, found.nulls, found.others) == (len(values), values.count(None), others)
    exact = [Fraction(value) for value in finite]
    assert found.sums() == (len(finite), sum(exact), sum(each**2 for each in exact))


def test_a_table_grows_and_coarsens_to_what_sorting_gives() -> None:
    # cells by their definition: the finest shift at which at most `cap` different ones are left
    values = np.random.default_rng(1).normal(size=50_000) * 10.0 ** np.arange(50_000)[::-1].clip(0, 300)
    parts = Numeric(700)
    for start in range(0, len(values), 777):
        parts.add(pl.Series(values[start : start + 777]))
    found = parts.lines()
    shift = next(shift for shift in range(64) if len(np.unique(keys(values) >> shift)) <= 700)
    cell, count = np.unique(keys(values) >> shift, return_counts=True)
    assert (found.shift, found.cell.tolist(), found.count.tolist()) == (shift, cell.tolist(), count.tolist())
    assert [found.low[0], found.high[-1]] == [values.min(), values.max()]


def test_a_type_may_change_between_slices() -> None:
    # by hand: 2^62 is a float64, 2^62 + 1 is not, and 3 units of 0.01 are no float64 either
    found = Numeric()
    for column in (
        pl.Series([2**62, 2**62 + 1]),
        pl.Series([0.5]),
        pl.Series(["0.03"]).str.to_decimal(scale=2),
        pl.Series(["a"]),
    ):
        found.add(column)
    assert found.sums()[:2] == (4, 2**63 + 1 + Fraction(53, 100))
    assert (found.rows, found.nulls) == (5, 0)
    assert found.lines().count.tolist() == [1, 1, 2]
