"""The distribution of a numeric column as counts in the cells of a nested dyadic grid.

The key of a float64 is its bits as an integer that orders as the number does; a cell at shift s is `key >> s`
(`nested`). Cells are thus as fine relative to a value's size: at shift 52 - m they keep m bits of the mantissa, and
a cell is at most 2^-m of its values wide (of 2^-1022 where they are smaller, subnormal). The shift is the finest with
at most 16,384 cells, so a column with no more different values than that is kept without loss (shift 0).

What this guarantees: the cell that holds the k-th smallest count holds the k-th smallest value, whatever was merged
in whatever order; cumulative counts at the cells' edges are exact integers.

State: `shift` (Int8, one value), `cell` (Int64, ascending), `count` (Int64), `min`, `max` (Float64) of the cell's
values. Only finite numbers and Booleans (as 0 and 1) enter; -0.0 is 0.0. A column of another type has no cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retroaudit.measures.measure import State
from retroaudit.measures.nested import finest_shift, starts
from retroaudit.measures.values import finite, read

CAP = 16_384  # constant: were it to grow with the rows, cutting rows into files would change the state
_MAGNITUDE = np.int64(2**63 - 1)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells in ascending order; `low` and `high` are the least and greatest value seen, NaN where `count` is 0."""

    shift: int
    count: Ints
    low: Floats
    high: Floats

    @property
    def n(self) -> int:
        """How many finite values the grid holds."""
        return int(self.count.sum())


def keys(values: Floats) -> Ints:
    """The float64s' bits as integers in the order of the numbers; one to one, and 0.0 has the key 0."""
    bits = values.view(np.int64)
    return np.where(bits < 0, bits ^ _MAGNITUDE, bits)  # the bits of negative floats run backwards


def partial(rows: pl.LazyFrame, columns: tuple[str, ...], *, cap: int = CAP) -> State:
    """Count one column's finite values by cell."""
    (column,) = read(rows, columns)
    values = np.sort(finite(column))
    return _within(_lines(0, keys(values), np.ones(len(values), np.int64), (values, values)), cap)


def merge(states: Sequence[State], *, cap: int = CAP) -> State:
    """Unite cells at the coarsest shift among the states, then coarsen to at most `cap` of them."""
    lines = pl.concat(states)
    return _within(_coarsened(lines, _shift(lines)).sort("cell"), cap)


def finish(state: State) -> Grid:
    """The grid's cells; without any where the column has no finite value."""
    return Grid(_shift(state), *(state[name].to_numpy() for name in ("count", "min", "max")))


def align(a: State, b: State) -> tuple[Grid, Grid]:
    """Both grids at the coarser of the two shifts, on the same cells: those that either of them has."""
    shift = max(_shift(a), _shift(b))
    coarse = [merge([_coarsened(state, shift)]) for state in (a, b)]
    cells = pl.concat([state.select("cell") for state in coarse]).unique().sort("cell")
    return _spread(coarse[0], cells, shift), _spread(coarse[1], cells, shift)


def _spread(state: State, cells: pl.DataFrame, shift: int) -> Grid:
    lines = cells.join(state, on="cell", how="left").sort("cell")
    nan = float("nan")
    return Grid(
        shift,
        lines["count"].fill_null(0).to_numpy(),
        lines["min"].fill_null(nan).to_numpy(),
        lines["max"].fill_null(nan).to_numpy(),
    )


def _shift(lines: State) -> int:
    return int(lines["shift"].to_numpy().max(initial=0))


def _coarsened(lines: State, shift: int) -> State:
    """The same counts at a shift that is no finer than theirs; cells may repeat."""
    cell = lines["cell"].to_numpy() >> (shift - lines["shift"].to_numpy().astype(np.int64))
    return lines.with_columns(pl.lit(shift, pl.Int8).alias("shift"), pl.Series("cell", cell))


def _within(lines: State, cap: int) -> State:
    """Coarsen lines of one shift, sorted by cell, to at most `cap` cells, and reduce what falls together."""
    cell, count, low, high = (lines[name].to_numpy() for name in ("cell", "count", "min", "max"))
    more = finest_shift(cell, cap)
    cell = cell >> more
    at = starts(cell)
    ends = np.minimum.reduceat(low, at), np.maximum.reduceat(high, at)
    return _lines(_shift(lines) + more, cell[at], np.add.reduceat(count, at), ends)


def _lines(shift: int, cell: Ints, count: Ints, ends: tuple[Floats, Floats]) -> State:
    shifts = pl.repeat(shift, len(cell), dtype=pl.Int8, eager=True)
    return pl.DataFrame({"shift": shifts, "cell": cell, "count": count, "min": ends[0], "max": ends[1]})
