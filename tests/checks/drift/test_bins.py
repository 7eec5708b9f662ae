"""Bins against numpy's histograms of the full data."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from retroaudit.checks.drift.bins import Bins, Counts, binned, counted
from retroaudit.measures import grid

Floats = npt.NDArray[np.float64]

columns = hnp.arrays(np.float64, st.integers(25, 200), elements=st.floats(-1e9, 1e9), unique=True)


def state(values: Floats, cap: int = grid.CAP) -> grid.Grid:
    return grid.finish(grid.partial(pl.LazyFrame({"x": values}), ("x",), cap=cap))


def both(reference: Floats, current: Floats, cap: int = grid.CAP) -> Bins:
    bins = binned(state(reference, cap), state(current, cap))
    assert bins is not None
    return bins


def sides(bins: Bins) -> tuple[Counts, Counts]:
    return bins.reference, bins.current


@settings(deadline=None)
@given(columns, columns, st.integers(4, 40))
def test_counts_are_numpys_over_sturges_bins(reference: Floats, current: Floats, cells: int) -> None:
    edges = np.histogram_bin_edges(np.concatenate([reference, current]), bins="sturges")
    pairs = zip(
        sides(both(reference, current)), sides(both(reference, current, cells)), (reference, current), strict=True
    )
    for known, bounded, values in pairs:
        origin = np.histogram(values, edges)[0]
        assert known.least.tolist() == known.most.tolist() == known.likely.tolist() == origin.tolist()
        assert (bounded.least <= origin).all()
        assert (origin <= bounded.most).all()
        assert bounded.likely.sum() == pytest.approx(len(values))


@pytest.mark.parametrize(("distinct", "bins"), [(20, 20), (21, 6)])
def test_a_reference_of_few_values_is_compared_value_by_value(distinct: int, bins: int) -> None:
    values = np.arange(distinct, dtype=np.float64)
    reference, current = sides(both(values, values[:5]))
    assert len(reference.least) == len(current.least) == bins  # Sturges: log2(21 + 5) + 1 = 5.7, so 6
    assert current.n == current.least.sum() == 5


few = st.lists(st.sampled_from([-2.0, -0.5, 0.0, 1.0, 3.0]), min_size=1, max_size=60)


@settings(deadline=None)
@given(few, hnp.arrays(np.float64, st.integers(1, 80), elements=st.floats(-4, 4) | st.sampled_from([-0.5, 0.0, 1.0])))
def test_few_values_stay_bins_of_their_own_where_the_windows_grid_is_coarse(
    reference: list[float], current: Floats
) -> None:
    """The window's values at each of the reference's, counted one by one, lie within what its coarse grid knows."""
    bins = binned(state(np.array(reference)), state(current, 5))
    assert bins is not None
    values = np.unique(reference)
    at = np.searchsorted(values, reference)
    held = bins.reference.most > 0
    assert bins.reference.least[held].tolist() == np.bincount(at).tolist()
    truth = [int((current == value).sum()) for value in values]
    assert (bins.current.least[held] <= truth).all()
    assert (truth <= bins.current.most[held]).all()
    elsewhere = len(current) - sum(truth)
    assert bins.current.least[~held].sum() <= elsewhere <= bins.current.most[~held].sum()
    assert bins.apart == (len(np.unique(current)) <= 5)


def test_categories_are_counted_without_nulls_in_the_order_of_their_names() -> None:
    bins = counted({"b": 2, None: 5, "a": 1}, {"<script>": 4})
    assert bins is not None
    assert [side.least.tolist() for side in sides(bins)] == [[0, 1, 2], [4, 0, 0]]
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


def test_the_fill_of_a_bin_that_may_be_empty_may_be_more_than_a_share() -> None:
    """One value of 20,001 is a share of 0.00005; an empty bin is filled with twice that."""
    shares = Counts(np.array([0, 20_000]), np.array([0.5, 2e4]), np.array([1, 20_001]), 20_001).filled()
    assert shares.low[0] == pytest.approx(1 / 20_001 / 1e6)  # as if another bin of one value set the fill
    assert shares.high[0] == 1e-4


def test_a_bin_that_may_be_empty_is_bounded_by_both() -> None:
    shares = Counts(np.array([0, 8]), np.array([1.0, 9.0]), np.array([2, 10]), 10).filled()
    assert shares.low.tolist() == [1e-4, 0.8]
    assert shares.high.tolist() == [0.2, 1.0]
