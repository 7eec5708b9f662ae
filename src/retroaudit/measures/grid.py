"""The distribution of a numeric column as counts in the cells of a nested dyadic grid.

The key of a float64 is its bits as an integer that orders as the number does; a cell at shift s is `key >> s`
(`nested`). Cells are thus as fine relative to a value's size: at shift 52 - m they keep m bits of the mantissa, and
a cell is at most 2^-m of its values wide (of 2^-1022 where they are smaller, subnormal). The shift is the finest with
at most 16,384 cells, so a column with no more different values than that is kept without loss (shift 0).

What this guarantees: the cell that holds the k-th smallest count holds the k-th smallest value, whatever was merged
in whatever order; cumulative counts at the cells' edges are exact integers.

State: `shift` (Int8, one value), `cell` (Int64, ascending), `count` (Int64), `min`, `max` (Float64) of the cell's
values. Only finite numbers, Booleans and times enter, as `values.floats` gives them; -0.0 is 0.0. A column of another
type has no cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from retroaudit.measures.measure import State
from retroaudit.measures.nested import finest_shift, starts
from retroaudit.measures.numeric import CAP, Floats, Ints, Lines, Numeric, keys
from retroaudit.measures.values import Readable, read

__all__ = ["CAP", "Grid", "finish", "keys", "merge", "of", "partial"]

_VALUES = ("count", "low", "high")


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


def partial(rows: Readable, columns: tuple[str, ...], *, cap: int = CAP) -> State:
    """Count one column's finite values by cell."""
    (column,) = read(rows, columns)
    return of(Numeric.of(column, cap))


def of(column: Numeric) -> State:
    """The cells of a column that was counted."""
    return _state(column.lines())


def merge(states: Sequence[State], *, cap: int = CAP) -> State:
    """Unite cells at the coarsest shift among the states, then coarsen to at most `cap` of them."""
    return _state(_within(_united([_lines(state) for state in states], max(map(_shift, states))), cap))


def finish(state: State) -> Grid:
    """The grid's cells; without any where the column has no finite value."""
    return Grid(_shift(state), *(state[name].to_numpy() for name in ("count", "min", "max")))


def _united(parts: Sequence[Lines], shift: int) -> Lines:
    """All lines at a shift that is no finer than theirs, in the order of the cells, which may repeat."""
    cell = np.concatenate([part.cell >> (shift - part.shift) for part in parts])
    order = np.argsort(cell, kind="stable")  # which merges runs that are in order already
    count, low, high = (np.concatenate([getattr(part, name) for part in parts])[order] for name in _VALUES)
    return Lines(shift, cell[order], count, low, high)


def _within(lines: Lines, cap: int) -> Lines:
    """Coarsen lines in the order of their cells to one a cell, and at most `cap` cells."""
    more = finest_shift(lines.cell, cap)
    cell = lines.cell >> more
    at = starts(cell)
    ends = np.minimum.reduceat(lines.low, at), np.maximum.reduceat(lines.high, at)
    return Lines(lines.shift + more, cell[at], np.add.reduceat(lines.count, at), *ends)


def _lines(state: State) -> Lines:
    return Lines(_shift(state), *(state[name].to_numpy() for name in ("cell", "count", "min", "max")))


def _state(lines: Lines) -> State:
    columns = {"cell": lines.cell, "count": lines.count, "min": lines.low, "max": lines.high}
    return pl.DataFrame({"shift": pl.repeat(lines.shift, len(lines.cell), dtype=pl.Int8, eager=True), **columns})


def _shift(lines: State) -> int:
    return int(lines["shift"].to_numpy().max(initial=0))
