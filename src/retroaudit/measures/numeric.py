"""What counts, grid and moments take of a column, gathered slice by slice in one pass over its float64s."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retroaudit.measures.nested import first_shift, some
from retroaudit.measures.values import floats

if TYPE_CHECKING:
    from retroaudit.measures.kernels import Table

CAP = 16_384  # cells; constant: were it to grow with the rows, cutting rows into files would change the state
_BLOCK = 2**26  # values: sums of so many limbs of 36 bits stay below 2^63
_EXACT = 2**53  # integers up to here are float64s
_MAGNITUDE = np.int64(2**63 - 1)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lines:
    """Cells of a grid as arrays; in the making, cells may repeat and be in any order."""

    shift: int
    cell: Ints
    count: Ints
    low: Floats
    high: Floats


class Numeric:
    """A column's rows: how many hold no finite number, the finite ones by cell (`grid`), and their exact sums.

    It grows with the cells, not with the rows; used by one thread at a time. A column that is not of numbers, Booleans
    or times (`values.floats`) has rows and nulls alone.
    """

    def __init__(self, cap: int = CAP) -> None:
        """No rows, to be counted in at most `cap` cells (two or more)."""
        self.rows = self.nulls = 0
        self._cap = cap
        self._table: Table | None = None
        self._others = np.zeros(3, np.int64)
        self._sums = _Sums()

    @classmethod
    def of(cls, column: pl.Series, cap: int = CAP) -> Numeric:
        """Those of one column alone."""
        found = cls(cap)
        found.add(column)
        return found

    def add(self, column: pl.Series) -> None:
        """Count more rows of the column; their type may be another."""
        self.rows += len(column)
        self.nulls += column.null_count()
        found = floats(column)
        present = found.drop_nulls() if found.has_nulls() else found
        if len(present) == 0:
            return
        apart = isinstance(column.dtype, pl.Decimal) or (column.dtype.is_integer() and not _exact_as_floats(column))
        if apart:
            self._sums.add_exactly(column)
        sums = _Sums() if apart else self._sums
        for chunk in present.get_chunks():
            for start in range(0, len(chunk), _BLOCK):
                self._add(chunk.to_numpy()[start : start + _BLOCK].view(np.int64), sums)

    @property
    def others(self) -> tuple[int, int, int]:
        """How many are NaN, positive and negative infinities."""
        nan, positive, negative = self._others.tolist()
        return nan, positive, negative

    def sums(self) -> tuple[int, Fraction, Fraction]:
        """How many values are finite, their sum, and the sum of their squares."""
        return 0 if self._table is None else int(self._table[0][:, 0].sum()), *self._sums.read()

    def lines(self) -> Lines:
        """The cells that are not empty, in their order."""
        slots, shift = (np.empty((0, 3), np.int64), 0) if self._table is None else self._table[::2]
        taken = slots[slots[:, 0] > 0]
        count, low, high = taken[np.argsort(taken[:, 1])].T
        return Lines(shift, low >> shift, np.ascontiguousarray(count), _values(low), _values(high))

    def _add(self, bits: Ints, sums: _Sums) -> None:
        from retroaudit.measures import kernels  # noqa: PLC0415  # takes time, and commands that measure nothing do not

        if self._table is None:
            self._table = kernels.table(_start(bits.view(np.float64), self._cap))
        self._table = kernels.add(bits, *self._table, self._cap, self._others, sums.table(len(bits)))


class _Sums:
    """Exact sums of values and of their squares, made in a table that is emptied before it may overflow."""

    def __init__(self) -> None:
        self._table: Ints | None = None
        self._room = 0
        self._total = self._squares = Fraction()

    def table(self, values: int) -> Ints:
        """A table with room for so many values, at most `_BLOCK`."""
        from retroaudit.measures import kernels  # noqa: PLC0415  # as above

        if self._table is None or self._room < values:
            self._total, self._squares = self.read()
            self._table, self._room = kernels.no_sums(), _BLOCK
        self._room -= values
        return self._table

    def add_exactly(self, column: pl.Series) -> None:
        """Add integers or decimals of any width."""
        unit = Fraction(1, 10**column.dtype.scale) if isinstance(column.dtype, pl.Decimal) else Fraction(1)
        integers = column.drop_nulls().to_physical().to_list()
        self._total += sum(integers) * unit
        self._squares += sum(each * each for each in integers) * unit**2

    def read(self) -> tuple[Fraction, Fraction]:
        """Both sums so far."""
        if self._table is None:
            return self._total, self._squares
        from retroaudit.measures import kernels  # noqa: PLC0415  # as above

        total, squares = kernels.fractions(self._table)
        return self._total + total, self._squares + squares


def keys(values: Floats) -> Ints:
    """The float64s' bits as integers in the order of the numbers; 0.0 and -0.0 have the key 0, else one to one."""
    bits = (values + 0.0).view(np.int64)
    return bits ^ ((bits >> 63) & _MAGNITUDE)  # the bits of negative floats run backwards


def _values(found: Ints) -> Floats:
    """The numbers with these keys."""
    return (found ^ ((found >> 63) & _MAGNITUDE)).view(np.float64)


def _start(values: Floats, cap: int) -> int:
    """A shift not above the finest that counts these values in `cap` cells."""
    sample = some(values, cap)
    return first_shift(keys(sample[np.isfinite(sample)]), cap)


def _exact_as_floats(integers: pl.Series) -> bool:
    return all(-_EXACT <= int(end) <= _EXACT for end in (integers.min(), integers.max()) if end is not None)  # type: ignore[arg-type]  # integers' ends are integers
