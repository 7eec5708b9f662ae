"""The grid: exact counts, cells that hold the true quantile, and the order of negative numbers."""

import math
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.measures import bundle, grid
from retroaudit.measures.measure import State

FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.lists(st.one_of(FINITE, st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1e308, -1e308])), max_size=40)


def state_of(values: list[float], cap: int = grid.CAP) -> State:
    return grid.partial(pl.LazyFrame({"x": values}, schema={"x": pl.Float64}), ("x",), cap=cap)


def key_of(value: float) -> int:
    """The bits as sign and magnitude (IEEE 754-2019, 5.10 totalOrder); -1 below zero, so that -0.0 differs."""
    bits = int.from_bytes(struct.pack(">d", value + 0.0), "big")
    return -1 - (bits - 2**63) if bits >= 2**63 else bits


@given(st.lists(FINITE, min_size=2))
def test_keys_order_as_the_numbers_do(values: list[float]) -> None:
    values = sorted(value + 0.0 for value in values)
    found = grid.keys(np.array(values))
    assert found.tolist() == sorted(found.tolist()) == [key_of(value) for value in values]
    assert len(set(found.tolist())) == len(set(values))


@given(VALUES, st.integers(2, 12))
def test_cells_counts_and_ends_are_those_of_the_definition(values: list[float], cap: int) -> None:
    shift = next(shift for shift in range(64) if len({key_of(value) >> shift for value in values}) <= cap)
    cells: dict[int, list[float]] = {}
    for value in sorted(values):
        cells.setdefault(key_of(value) >> shift, []).append(value + 0.0)
    state = state_of(values, cap)
    assert state.rows() == [
        (shift, cell, len(members), members[0], members[-1]) for cell, members in sorted(cells.items())
    ]


@given(VALUES.filter(bool), st.integers(2, 12), st.data())
def test_the_cell_at_a_rank_holds_the_value_at_that_rank(values: list[float], cap: int, data: st.DataObject) -> None:
    found = grid.finish(state_of(values, cap))
    rank = data.draw(st.integers(0, len(values) - 1))
    place = int(np.searchsorted(found.count.cumsum(), rank, side="right"))
    assert found.low[place] <= sorted(values)[rank] <= found.high[place]
    assert found.n == len(values)


@given(st.lists(FINITE, min_size=1, max_size=40))
def test_a_cell_is_narrow_in_relation_to_its_values(values: list[float]) -> None:
    found = grid.finish(state_of(values, cap=12))
    if found.shift <= 52:
        for low, high in zip(found.low, found.high, strict=True):
            width = Fraction(float(high)) - Fraction(float(low))
            normal = max(abs(Fraction(float(low))), abs(Fraction(float(high))), Fraction(2) ** -1022)
            assert width <= normal * Fraction(2) ** (found.shift - 52)


def test_few_different_values_are_kept_without_loss() -> None:
    # by hand: two 1.0, two 3.5, one 2.0 and one -1.0
    found = grid.finish(state_of([1.0, 3.5, 1.0, 2.0, 3.5, -1.0]))
    assert found.shift == 0
    assert found.low.tolist() == found.high.tolist() == [-1.0, 1.0, 2.0, 3.5]
    assert found.count.tolist() == [1, 2, 1, 2]


def test_the_cap_holds_and_the_state_stays_small() -> None:
    # issue 3: at most a fifth of the column at a million rows
    values = np.random.default_rng(0).lognormal(size=1_000_000)
    state = grid.partial(pl.LazyFrame({"x": values}), ("x",))
    assert grid.CAP / 2 < len(state) <= grid.CAP
    assert state.schema == {"shift": pl.Int8, "cell": pl.Int64, "count": pl.Int64, "min": pl.Float64, "max": pl.Float64}
    stored, _ = bundle.encode({"0" * 64: state})
    assert len(stored) < 0.2 * values.nbytes


def sorted_out(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> pl.DataFrame:
    """Cells by their definition, with Polars: the finest shift with at most the cap, then counts and ends."""
    frame = pl.DataFrame({"key": grid.keys(values + 0.0), "value": values + 0.0})
    shift = next(s for s in range(64) if len(np.unique(frame["key"].to_numpy() >> s)) <= grid.CAP)
    cells = frame.with_columns(pl.Series("cell", frame["key"].to_numpy() >> shift)).group_by("cell")
    value = pl.col("value")
    lines = cells.agg(count=pl.len().cast(pl.Int64), min=value.min(), max=value.max()).sort("cell")
    return lines.select(pl.lit(shift, pl.Int8).alias("shift"), "cell", "count", "min", "max")


SHAPES = {
    "normal": lambda seed, n: seed.normal(size=n),
    "integers": lambda seed, n: seed.integers(-50_000, 50_000, n).astype(np.float64),
    "few values": lambda seed, n: np.round(seed.normal(size=n), 2),
    "all sizes": lambda seed, n: seed.choice([-1, 1], n) * 2.0 ** seed.integers(-1074, 1023, n) * seed.uniform(1, 2, n),
    "sparse and zero": lambda seed, n: seed.exponential(size=n) * (seed.uniform(size=n) < 0.3),
    "outliers": lambda seed, n: np.where(seed.uniform(size=n) < 0.01, -1e300, 1000 + seed.uniform(-1, 1, n)),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_tables_give_what_sorting_gives(shape: Callable[..., Any]) -> None:
    values = shape(np.random.default_rng(3), 60_000)
    assert grid.partial(pl.DataFrame({"x": values}), ("x",)).equals(sorted_out(values))


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pl.Series("x", [True, False, None, True]), [(0.0, 1), (1.0, 2)]),
        (pl.Series("x", [3, 2**63, 3], pl.UInt64), [(3.0, 2), (2.0**63, 1)]),
        (pl.Series("x", [-3, None], pl.Int128), [(-3.0, 1)]),
        (pl.Series("x", ["1.50", "-2.25"]).str.to_decimal(scale=2), [(-2.25, 1), (1.5, 1)]),
        (pl.Series("x", [0.5, math.nan], pl.Float32), [(0.5, 1)]),
        (pl.Series("x", [math.nan, math.inf, -math.inf, None, -0.0]), [(0.0, 1)]),
        (pl.Series("x", ["1", "2"]), []),
        (pl.Series("x", ["a"], pl.Categorical), []),
        (pl.Series("x", [1, -1], pl.Date), [(-1.0, 1), (1.0, 1)]),
        (pl.Series("x", [7], pl.Time), []),
        (pl.Series("x", [[1.0]]), []),
        (pl.Series("x", [None, None]), []),
    ],
)
def test_types(column: pl.Series, expected: list[tuple[float, int]]) -> None:
    found = grid.finish(grid.partial(column.to_frame().lazy(), ("x",)))
    assert list(zip(found.low.tolist(), found.count.tolist(), strict=True)) == expected
