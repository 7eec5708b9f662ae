"""How many rows a column has, and how many of them hold no usable value. For columns of any type.

State: one row of `rows`, `nulls`, `nan`, `pos_inf`, `neg_inf` (Int64).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from retroaudit.measures.measure import State
from retroaudit.measures.values import read


@dataclass(frozen=True)
class Counts:
    """Rows of a column; nulls, NaN and infinities are among the rows and exclude each other."""

    rows: int
    nulls: int
    nan: int
    pos_inf: int
    neg_inf: int


def partial(rows: pl.LazyFrame, columns: tuple[str, ...]) -> State:
    """Count one column. Types other than floats have no NaN and no infinity; an absent column is all null."""
    (values,) = read(rows, columns)
    column = pl.col("value")
    special: tuple[pl.Expr, ...] = (pl.lit(0, pl.Int64),) * 3
    if values.dtype.is_float():
        special = (column.is_nan().sum(), (column == float("inf")).sum(), (column == -float("inf")).sum())
    nan, pos_inf, neg_inf = special
    return values.to_frame("value").select(
        rows=pl.len().cast(pl.Int64),
        nulls=column.null_count().cast(pl.Int64),
        nan=nan.cast(pl.Int64),
        pos_inf=pos_inf.cast(pl.Int64),
        neg_inf=neg_inf.cast(pl.Int64),
    )


def merge(states: Sequence[State]) -> State:
    """Sum each count."""
    return pl.concat(states).sum()


def finish(state: State) -> Counts:
    """The counts as numbers."""
    return Counts(*state.row(0))
