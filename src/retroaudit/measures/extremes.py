"""The least and the greatest text of a column, by code points.

State: one row of `low`, `high` (String; both null where no row has text). Kept are the first 1,000 characters of each,
which are the least and the greatest of all texts so cut. A column of another type than text has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from retroaudit.measures.measure import State
from retroaudit.measures.values import LONGEST_TEXT, Readable, read

_SCHEMA = {"low": pl.String, "high": pl.String}


@dataclass(frozen=True)
class Extremes:
    """Both ends; None where no row has text."""

    low: str | None
    high: str | None


def partial(rows: Readable, columns: tuple[str, ...]) -> State:
    """The ends of one column; of coded text by its distinct values."""
    (values,) = read(rows, columns)
    if isinstance(values.dtype, pl.Categorical | pl.Enum):
        values = values.unique().cast(pl.String)
    ends = (values.min(), values.max()) if values.dtype == pl.String else (None, None)
    lines = pl.DataFrame([ends], schema=_SCHEMA, orient="row")
    return lines.select(pl.all().str.slice(0, LONGEST_TEXT))


def merge(states: Sequence[State]) -> State:
    """The least and the greatest of the ends."""
    return pl.concat(states).select(pl.col("low").min(), pl.col("high").max())


def finish(state: State) -> Extremes:
    """Both ends."""
    return Extremes(*state.row(0))
