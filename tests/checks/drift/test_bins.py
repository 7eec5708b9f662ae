"""Bins against numpy's histograms of the full data."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from retroaudit.checks.drift.bins import Counts, binned, counted
from retroaudit.measures import grid

Floats = npt.NDArray[np.float64]

columns = hnp.arrays(np.float64, st.integers(25, 200), elements=st.floats(-1e9, 1e9), unique=True)


def both(reference: Floats, current: Floats, cap: int = grid.CAP) -> tuple[Counts, Counts]:
    states = [grid.partial(pl.LazyFrame({"x": side}), ("x",), cap=cap) for side in (reference, current)]
    pair = binned(*grid.align(*states))
    assert pair is not None
    return pair


@settings(deadline=None)
@given(columns, columns, st.integers(4, 40))
def test_counts_are_numpys_over_sturges_bins(reference: Floats, current: Floats, cells: int) -> None:
    edges = np.histogram_bin_edges(np.concatenate([reference, current]), bins="sturges")
    pairs = zip(both(reference, current), both(reference, current, cells), (reference, current), strict=True)
    for known, bounded, values in pairs:
        origin = np.histogram(values, edges)[0]
        assert known.least.tolist() == known.most.tolist() == known.likely.tolist() == origin.tolist()
        assert (bounded.least <= origin).all()
        assert (origin <= bounded.most).all()
        assert bounded.likely.sum() == pytest.approx(len(values))


@pytest.mark.parametrize(("distinct", "bins"), [(20, 20), (21, 6)])
def test_a_reference_of_few_values_is_compared_value_by_value(distinct: int, bins: int) -> None:
    values = np.arange(distinct, dtype=np.float64)
    reference, current = both(values, values[:5])
    assert len(reference.least) == len(current.least) == bins  # Sturges: log2(21 + 5) + 1 = 5.7, so 6
    assert current.n == current.least.sum() == 5


def test_categories_are_counted_without_nulls_in_the_order_of_their_names() -> None:
    pair = counted({"b": 2, None: 5, "a": 1}, {"<script>": 4})
    assert pair is not None
    assert [side.least.tolist() for side in pair] == [[0, 1, 2], [4, 0, 0]]
    assert counted({None: 5}, {"a": 1}) is None


@pytest.mark.parametrize(
    ("counts", "filled"),
    [  # Evidently 0.7.23, stattests/utils.py get_binned_data
        ([0, 50, 50], [1e-4, 0.5, 0.5]),
        ([0, 1, 9_999], [1e-4 / 1e6, 1e-4, 0.9999]),
        ([0, 2, 9_998], [1e-4, 2e-4, 0.9998]),
    ],
)
def test_empty_bins_are_filled_as_evidently_fills_them(counts: list[int], filled: list[float]) -> None:
    row = np.array(counts)
    shares = Counts(row, row.astype(np.float64), row, int(row.sum())).filled()
    assert shares.low.tolist() == shares.likely.tolist() == shares.high.tolist() == filled


def test_a_bin_that_may_be_empty_is_bounded_by_both() -> None:
    shares = Counts(np.array([0, 8]), np.array([1.0, 9.0]), np.array([2, 10]), 10).filled()
    assert shares.low.tolist() == [1e-4, 0.8]
    assert shares.high.tolist() == [0.2, 1.0]
