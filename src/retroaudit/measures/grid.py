"""The distribution of a numeric column as counts in the cells of a nested dyadic grid.

The key of a float64 is its bits as an integer that orders as the number does; a cell at shift s is `key >> s`
(`nested`). Cells are thus as fine relative to a value's size: at shift 52 - m they keep m bits of the mantissa, and
a cell is at most 2^-m of its values wide (of 2^-1022 where they are smaller, subnormal). The shift is the finest with
at most 16,384 cells, so a column with no more different values than that is kept without loss (shift 0).

What this guarantees: the cell that holds the k-th smallest count holds the k-th smallest value, whatever was merged
in whatever order; cumulative counts at the cells' edges are exact integers.

State: `shift` (Int8, one value), `cell` (Int64, ascending), `count` (Int64), `min`, `max` (Float64) of the cell's
values. Only finite numbers, Booleans and times enter, as `values.numbers` gives them; -0.0 is 0.0. A column of another
type has no cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retroaudit.measures.measure import State
from retroaudit.measures.nested import finest_shift, first_shift, some, starts
from retroaudit.measures.values import Readable, rows_of

CAP = 16_384  # constant: were it to grow with the rows, cutting rows into files would change the state
_MAGNITUDE = np.int64(2**63 - 1)
_SLOT_BITS = 16  # of the largest table that cells are counted in
_BLOCK = 2**15  # rows
_FACTORS = (0, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)  # of `_slots`, table after table; odd, of random bits

_VALUES = ("count", "low", "high")

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


@dataclass(frozen=True, eq=False)
class _Lines:
    """A state as arrays; in the making, cells may repeat and be in any order."""

    shift: int
    cell: Ints
    count: Ints
    low: Floats
    high: Floats

    @classmethod
    def of(cls, state: State) -> _Lines:
        return cls(_shift(state), *(state[name].to_numpy() for name in ("cell", "count", "min", "max")))

    def state(self) -> State:
        columns = {"cell": self.cell, "count": self.count, "min": self.low, "max": self.high}
        return pl.DataFrame({"shift": pl.repeat(self.shift, len(self.cell), dtype=pl.Int8, eager=True), **columns})


def keys(values: Floats) -> Ints:
    """The float64s' bits as integers in the order of the numbers; 0.0 and -0.0 have the key 0, else one to one."""
    bits = (values + 0.0).view(np.int64)
    return bits ^ ((bits >> 63) & _MAGNITUDE)  # the bits of negative floats run backwards


def partial(rows: Readable, columns: tuple[str, ...], *, cap: int = CAP) -> State:
    """Count one column's finite values by cell."""
    (name,) = columns
    values = rows_of(rows).numbers(name).finite
    return _within(_counted(first_shift(keys(some(values, cap)), cap), values), cap)


def merge(states: Sequence[State], *, cap: int = CAP) -> State:
    """Unite cells at the coarsest shift among the states, then coarsen to at most `cap` of them."""
    return _within(_united([_Lines.of(state) for state in states], max(map(_shift, states))), cap)


def finish(state: State) -> Grid:
    """The grid's cells; without any where the column has no finite value."""
    return Grid(_shift(state), *(state[name].to_numpy() for name in ("count", "min", "max")))


def align(a: State, b: State) -> tuple[Grid, Grid]:
    """Both grids at the coarser of the two shifts, on the same cells: those that either of them has."""
    shift = max(_shift(a), _shift(b))
    coarse = [_reduced(_united([_Lines.of(state)], shift)).state() for state in (a, b)]
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


def _counted(shift: int, values: Floats) -> _Lines:
    """The cells of rows, counted in tables. A slot of a table whose least and greatest value are of one cell is
    that cell; the rows of the other slots go to the next table, and those left at last are lines of their own.
    """
    parts, bits = [], min(_SLOT_BITS, len(values).bit_length() + 1)
    for factor in _FACTORS if shift else _FACTORS[1:]:
        count, low, high = _tables(shift, factor, bits, values)
        there = np.flatnonzero(count)
        first, last = (keys(end[there]) >> shift for end in (low, high))
        alone = first == last
        parts.append(_Lines(shift, first[alone], *(each[there[alone]] for each in (count, low, high))))
        if alone.all():
            return _united(parts, shift)
        count[there[alone]] = 0
        values = values[count[_slots(keys(values) >> shift, factor, bits)] > 0]
    values = values + 0.0
    left = _Lines(shift, keys(values) >> shift, np.ones(len(values), np.int64), values, values)
    return _united([*parts, left], shift)


def _tables(shift: int, factor: int, bits: int, values: Floats) -> tuple[Ints, Floats, Floats]:
    """Count, minimum and maximum of the values by slot, in blocks that stay in a processor's cache."""
    count, low, high = np.zeros(1 << bits, np.int64), np.full(1 << bits, np.inf), np.full(1 << bits, -np.inf)
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK] + 0.0  # which makes 0.0 of -0.0
        slot = _slots(keys(block) >> shift, factor, bits)
        np.add.at(count, slot, 1)
        np.minimum.at(low, slot, block)
        np.maximum.at(high, slot, block)
    return count, low, high


def _slots(cell: Ints, factor: int, bits: int) -> Ints:
    """A slot of a table of 2^bits for each cell.

    Where `factor` is 0, by its low bits and sign: neighbours stay neighbours, which caches like. Otherwise by
    multiplicative hashing (Knuth, The Art of Computer Programming 3, 6.4): numbers with few digits are apart in
    high bits only.
    """
    if factor == 0:
        return (cell & ((1 << bits - 1) - 1)) | (cell >> 63 & (1 << bits - 1))
    return ((cell.view(np.uint64) * np.uint64(factor)) >> np.uint64(64 - bits)).view(np.int64)


def _united(parts: Sequence[_Lines], shift: int) -> _Lines:
    """All lines at a shift that is no finer than theirs, in the order of the cells, which may repeat."""
    cell = np.concatenate([part.cell >> (shift - part.shift) for part in parts])
    order = np.argsort(cell, kind="stable")  # which merges runs that are in order already
    count, low, high = (np.concatenate([getattr(part, name) for part in parts])[order] for name in _VALUES)
    return _Lines(shift, cell[order], count, low, high)


def _within(lines: _Lines, cap: int) -> State:
    """Coarsen lines in the order of their cells to at most `cap` cells."""
    more = finest_shift(lines.cell, cap)
    return _reduced(_Lines(lines.shift + more, lines.cell >> more, lines.count, lines.low, lines.high)).state()


def _reduced(lines: _Lines) -> _Lines:
    """One line a cell."""
    at = starts(lines.cell)
    ends = np.minimum.reduceat(lines.low, at), np.maximum.reduceat(lines.high, at)
    return _Lines(lines.shift, lines.cell[at], np.add.reduceat(lines.count, at), *ends)


def _shift(lines: State) -> int:
    return int(lines["shift"].to_numpy().max(initial=0))
