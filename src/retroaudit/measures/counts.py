"""How many rows a column has, and how many of them hold no usable value. For columns of any type.

State: one row of `rows`, `nulls`, `nan`, `pos_inf`, `neg_inf` (Int64).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from retroaudit.measures.measure import State
from retroaudit.measures.numeric import Numeric
from retroaudit.measures.values import Readable, read

_SCHEMA = dict.fromkeys(("rows", "nulls", "nan", "pos_inf", "neg_inf"), pl.Int64)


@dataclass(frozen=True)
class Counts:
    """Rows of a column; nulls, NaN and infinities are among the rows and exclude each other."""

    rows: int
    nulls: int
    nan: int
    pos_inf: int
    neg_inf: int


def partial(rows: Readable, columns: tuple[str, ...]) -> State:
    """Count one column. Types other than floats have no NaN and no infinity; an absent column is all null."""
    (column,) = read(rows, columns)
    return of(Numeric.of(column))


def of(column: Numeric) -> State:
    """The line of a column that was counted."""
    return pl.DataFrame([(column.rows, column.nulls, *column.others)], schema=_SCHEMA, orient="row")


def merge(states: Sequence[State]) -> State:
    """Sum each count."""
    return pl.concat(states).sum()


def finish(state: State) -> Counts:
    """The counts as numbers."""
    return Counts(*state.row(0))
