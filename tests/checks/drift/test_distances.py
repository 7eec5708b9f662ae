"""Distances against scipy and Evidently on the full data, and their bounds against data that coarse cells hide."""

import functools
import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from scipy.spatial import distance

from retroaudit.checks.drift.bins import FEW_VALUES, binned, by_distinct, counted
from retroaudit.checks.drift.distances import (
    Distance,
    hellinger,
    jensenshannon,
    kl_div,
    ks,
    of_buckets,
    psi,
    psi_term,
    tvd,
    wasserstein,
)
from retroaudit.checks.drift.gaps import gaps
from retroaudit.measures import grid
from retroaudit.measures.grid import Grid

Floats = npt.NDArray[np.float64]
Sides = tuple[pl.DataFrame, pl.DataFrame]


def state(values: Floats, cap: int = grid.CAP) -> pl.DataFrame:
    return grid.partial(pl.LazyFrame({"x": values}), ("x",), cap=cap)


def exact(reference: Floats, current: Floats) -> Sides:
    """The states that the measures would give: up to 16,384 different values, they hold every one."""
    return state(reference), state(current)


def coarse(reference: Floats, current: Floats, cells: int) -> Sides:
    """States that know little: at most so many cells a side, but for a reference of few values, as no cap is so low."""
    few = len(np.unique(reference)) <= FEW_VALUES
    return state(reference, grid.CAP if few else cells), state(current, cells)


def all_of(sides: Sides, sigma: float) -> dict[str, Distance]:
    before, now = map(grid.finish, sides)
    between, bins = gaps(before, now), binned(before, now)
    return {
        "wasserstein": wasserstein(between, sigma),
        "ks": ks(between),
        "psi": psi(bins),
        "jensenshannon": jensenshannon(bins),
        "kl_div": kl_div(bins),
        "hellinger": hellinger(by_distinct(before, now)),
    }


def same(value: float) -> tuple[float, float, float]:
    """All that is known is the number itself."""
    return (value, value, value)


def numbers(found: Distance) -> tuple[float, float, float]:
    return (found.value, found.low, found.high)


columns = hnp.arrays(
    np.float64,
    st.integers(1, 60),
    elements=st.one_of(
        st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3) + 0.0),
        st.integers(-5, 5).map(float),
    ),
)


@settings(deadline=None)
@given(columns, columns)
def test_wasserstein_of_single_values_is_scipys(reference: Floats, current: Floats) -> None:
    sides, sigma = exact(reference, current), float(np.std(reference))
    found = all_of(sides, sigma)["wasserstein"]
    origin = stats.wasserstein_distance(reference, current) / max(sigma, 0.001)
    assert found.value == pytest.approx(origin, rel=1e-9, abs=1e-9)
    assert found.low == found.value
    assert found.value == found.high or sigma < 0.001 < found.high


@settings(deadline=None)
@given(columns, columns)
def test_ks_of_single_values_is_its_definition(reference: Floats, current: Floats) -> None:
    everywhere = np.concatenate([reference, current])
    both = [(side[:, None] <= everywhere).mean(axis=0) for side in (reference, current)]
    found = all_of(exact(reference, current), 1.0)["ks"]
    assert found.value == pytest.approx(np.abs(both[0] - both[1]).max(), abs=1e-12)
    assert found.low == found.value == found.high


@settings(max_examples=200, deadline=None)
@given(columns, columns, st.integers(2, 6))
def test_the_truth_lies_between_the_bounds_of_coarse_cells(reference: Floats, current: Floats, cells: int) -> None:
    sigma = float(np.std(reference))
    truth, known = all_of(exact(reference, current), sigma), all_of(coarse(reference, current, cells), sigma)
    for name, found in known.items():
        if name in {"psi", "kl_div"} and math.isnan(found.value):
            assert len(np.unique(reference)) <= FEW_VALUES
            assert len(np.unique(current)) > cells
            continue
        assert found.low <= found.value <= found.high
        assert found.low <= truth[name].value * (1 + 1e-12) + 1e-12
        assert truth[name].value <= found.high * (1 + 1e-12) + 1e-12


@settings(deadline=None)
@given(columns, st.integers(2, 6))
def test_a_column_is_at_no_distance_from_itself(values: Floats, cells: int) -> None:
    assert set(map(numbers, all_of(exact(values, values), float(np.std(values))).values())) == {same(0.0)}
    one = state(values, cells)
    for found in all_of((one, one), float(np.std(values))).values():
        assert (found.value, found.low) == (0.0, 0.0)


@settings(deadline=None)
@given(columns, columns)
def test_distances_do_not_depend_on_the_direction_save_for_the_norm(reference: Floats, current: Floats) -> None:
    one, other = exact(reference, current), exact(current, reference)
    there, back = all_of(one, 1.0), all_of(other, 1.0)
    assert there["ks"] == back["ks"]
    assert there["wasserstein"].value == pytest.approx(back["wasserstein"].value, rel=1e-12)


def test_a_side_without_values_has_no_distance() -> None:
    for sides in (exact(np.array([]), np.array([1.0])), exact(np.array([1.0]), np.array([]))):
        assert all(math.isnan(found.value) for found in all_of(sides, 1.0).values())
    assert math.isnan(psi(counted({}, {"a": 1})).value)
    assert math.isnan(jensenshannon(counted({"a": 1}, {None: 4})).value)
    assert math.isnan(of_buckets(jensenshannon(None), 1.0).value)


def test_two_constants_are_as_far_apart_as_their_difference() -> None:
    found = all_of(exact(np.full(10, 3.0), np.full(7, 5.0)), 0.0)
    assert numbers(found["wasserstein"]) == (2000.0, 2000.0, math.inf)  # 2 over the norm's floor of 0.001, and over 0
    assert numbers(found["ks"]) == same(1.0)
    assert found["jensenshannon"].value == pytest.approx(math.sqrt(math.log(2)))  # disjoint: the greatest there is
    # by hand: two bins, (1, fill) and (fill, 1) with fill = 0.0001: 2 (1 - 0.0001) ln(1 / 0.0001)
    assert found["psi"].value == pytest.approx(2 * (1 - 1e-4) * math.log(1e4), rel=1e-12)


def test_the_floor_of_the_norm_is_said_and_cannot_pass_a_column() -> None:
    """A shift by five deviations of 1e-5 is 5e-5: 0.05 over the floor of 0.001, 5 over the deviation."""
    values = np.array([0.0, 2e-5] * 50)
    found = all_of(exact(values, values + 5e-5), float(np.std(values)))["wasserstein"]
    assert numbers(found) == pytest.approx((0.05, 0.05, 5.0))
    assert found.reason == "divided by the floor of 0.001: the reference's standard deviation is 1e-05"
    unmoved = all_of(exact(values, values), float(np.std(values)))["wasserstein"]
    assert numbers(unmoved) == same(0.0)
    assert unmoved.reason == found.reason
    assert all_of(exact(values * 1e3, values), 0.01)["wasserstein"].reason == ""


def test_without_a_deviation_there_is_no_wasserstein_distance() -> None:
    sides = exact(np.array([-1e200, 1e200]), np.array([-1e200, 1e200]))
    found = wasserstein(gaps(*map(grid.finish, sides)), None)
    assert math.isnan(found.value)
    assert found.reason == "the reference's variance is beyond the largest float"
    assert numbers(all_of(sides, 1.0)["ks"]) == same(0.0)


@pytest.mark.parametrize("rows", [16_000, 20_000, 60_000])
def test_a_reference_of_few_values_has_one_definition_below_and_beyond_the_grids_cap(rows: int) -> None:
    """By hand: none of the window's values is one of the reference's, so they are as far apart as can be: √ln 2."""
    reference: Floats = np.array(np.arange(rows) % 3, dtype=np.float64)
    current: Floats = np.array(reference + np.random.default_rng(5).normal(0.0, 1e-3, rows))
    found = all_of(exact(reference, current), float(np.std(reference)))
    assert numbers(found["jensenshannon"]) == pytest.approx(same(math.sqrt(math.log(2))), abs=1e-3)
    if rows <= grid.CAP:
        assert found["psi"].value > 22
    else:
        assert math.isnan(found["psi"].value)
        assert "distinct values" in found["psi"].reason


def test_buckets_of_categories_are_a_lower_bound() -> None:
    """Half of four categories change, and fall into one bucket with what replaces them: nothing is seen of it."""
    truth = jensenshannon(counted({"a": 1, "b": 1, "c": 2}, {"c": 2, "d": 1, "e": 1}))
    found = of_buckets(
        jensenshannon(counted({"#0": 2, "#1": 2}, {"#0": 2, "#1": 2}, apart=False)), math.sqrt(math.log(2))
    )
    assert numbers(found) == (0.0, 0.0, math.sqrt(math.log(2)))
    assert found.low <= truth.value <= found.high
    assert found.reason == "at least this: there are more categories than can be told apart"


def test_minus_zero_is_zero() -> None:
    sides = (
        Grid(0, np.array([2, 0]), np.array([-0.0, np.nan]), np.array([-0.0, np.nan])),
        Grid(0, np.array([0, 2]), np.array([np.nan, 0.0]), np.array([np.nan, 0.0])),
    )
    between, bins = gaps(*sides), binned(*sides)
    found = wasserstein(between, 1.0), ks(between), psi(bins), jensenshannon(bins), hellinger(by_distinct(*sides))
    assert set(map(numbers, found)) == {same(0.0)}


def test_values_at_the_ends_of_floats_have_no_distance_and_exact_bins() -> None:
    ends = np.concatenate([np.linspace(-1.7e308, -1e308, 30), [1.7e308]])
    sides = exact(ends, -ends)
    found = all_of(sides, 1.0)
    assert math.isnan(found["wasserstein"].value)
    assert found["wasserstein"].reason == "the values are too far apart for their distance to be computed"
    assert found["ks"].value == pytest.approx(30 / 31 - 1 / 31)
    assert math.isfinite(found["psi"].value)


def test_counts_beyond_64_bits_stay_exact() -> None:
    """Products of 3e9 and 5e9 rows do not fit 64 bits. By hand: half of one side lies 1 further than the other."""
    cells = (np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    sides = Grid(0, np.array([3_000_000_000, 0]), *cells), Grid(0, np.array([2_500_000_000, 2_500_000_000]), *cells)
    assert wasserstein(gaps(*sides), 1.0) == Distance(0.5, 0.5, 0.5)
    assert ks(gaps(*sides)) == Distance(0.5, 0.5, 0.5)


def test_one_wide_cell_is_bounded_by_its_ends() -> None:
    """By hand: ten values of each side in [0, 1], of which only the ends are known, which are the same."""
    cell = Grid(40, np.array([10]), np.array([0.0]), np.array([1.0]))
    for found in (wasserstein(gaps(cell, cell), 1.0), ks(gaps(cell, cell))):
        assert (found.value, found.low) == (0.0, 0.0)
        assert found.high == pytest.approx(0.8)  # eight values at one end, against eight at the other


@settings(deadline=None)
@given(
    st.dictionaries(st.text(max_size=3), st.integers(0, 500)), st.dictionaries(st.text(max_size=3), st.integers(0, 500))
)
def test_categories_are_scipys(reference: Mapping[str | None, int], current: Mapping[str | None, int]) -> None:
    names = sorted(str(name) for name in {*reference, *current})
    table = np.array([[side.get(name, 0) for name in names] for side in (reference, current)], dtype=np.float64)
    if table.size == 0 or not table.sum(axis=1).all():
        assert math.isnan(jensenshannon(counted(reference, current)).value)
        return
    found = jensenshannon(counted({**reference, None: 9}, current)).value
    assert found == pytest.approx(distance.jensenshannon(*table), abs=1e-7)  # a root of rounding near 0
    p, q = table / table.sum(axis=1, keepdims=True)
    bins = counted(reference, current)
    assert bins is not None
    assert tvd(bins).value == pytest.approx(0.5 * np.abs(p - q).sum(), abs=1e-12)
    assert hellinger([bins]).value == pytest.approx(math.sqrt(max(1 - np.sqrt(p * q).sum(), 0)), abs=1e-7)


def test_psi_of_categories_by_hand() -> None:
    # shares 0.5, 0.5, 0 against 0.25, 0.25, 0.5: twice 0.25 ln 2, and (0.0001 - 0.5) ln(0.0001 / 0.5)
    found = psi(counted({"a": 50, "b": 50}, {"a": 1, "b": 1, "c": 2}))
    expected = 0.5 * math.log(2) + (0.5 - 1e-4) * math.log(0.5 / 1e-4)
    assert found.value == pytest.approx(expected, rel=1e-12)
    assert psi_term(np.array([0.5]), np.array([0.25])) == pytest.approx(0.25 * math.log(2), rel=1e-12)


def test_the_fill_shrinks_where_a_share_is_small() -> None:
    # the smallest share of the reference is 1/20000 <= 0.0001, so an empty bin is filled with a millionth of it
    found = psi(counted({"a": 19_999, "b": 1}, {"a": 10_000, "c": 10_000}))
    fill = 1 / 20_000 / 1e6
    expected = (0.99995 - 0.5) * math.log(0.99995 / 0.5) + (5e-5 - 1e-4) * math.log(5e-5 / 1e-4)
    expected += (fill - 0.5) * math.log(fill / 0.5)
    assert found.value == pytest.approx(expected, rel=1e-9)


@functools.cache
def _samples() -> dict[str, tuple[Floats, Floats]]:
    rng = np.random.default_rng(20261121)
    return {
        "normal": (rng.normal(0, 1, 60_000), rng.normal(0.1, 1.1, 50_000)),
        "lognormal": (rng.lognormal(0, 1, 60_000), rng.lognormal(0.05, 1, 40_000)),
        "far from zero": (rng.normal(1000, 1, 60_000), rng.normal(1000.05, 1, 60_000)),
        "few values": (rng.integers(0, 12, 30_000) * 1.0, rng.integers(0, 14, 20_000) * 1.0),
        "constant": (np.full(500, 2.5), np.full(400, 2.5)),
        "tiny": (rng.normal(0, 1, 40), rng.normal(1, 1, 30)),
        "heavy ties": (np.round(rng.exponential(3, 60_000), 2), np.round(rng.exponential(3.2, 60_000), 2)),
    }


@pytest.mark.parametrize("sample", list(_samples()))
def test_ks_is_scipys_within_its_bounds(sample: str) -> None:
    reference, current = _samples()[sample]
    found = all_of(exact(reference, current), 1.0)["ks"]
    origin = stats.ks_2samp(reference, current).statistic
    assert found.low - 1e-12 <= origin <= found.high + 1e-12
    assert found.high - found.low < 5e-4
