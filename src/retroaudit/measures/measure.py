"""The protocol of a measure: three small functions over frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

State = pl.DataFrame
"""A keyed table of integer counts, fixed-point sums, minima and maxima."""


@dataclass(frozen=True, order=True)
class Need:
    """What a check asks of the measures: a measure's name, and the columns that it is keyed by.

    `counts`, `grid`, `moments` and `categories` take one column; `cells` takes the group columns;
    `rows` takes none.
    """

    measure: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measure:
    """A named, versioned state. Merging is associative and commutative, with `partial` of no rows as identity."""

    name: str
    version: int
    partial: Callable[[pl.LazyFrame, tuple[str, ...]], State]
    merge: Callable[[Sequence[State]], State]


# Columns that the archive adds to the rows before they are measured. No column of a user's file may start with "@".
EXCLUDED = "@excluded"  # null: the row counts; else the reason why it does not
VERSION = "@version"  # string or null
PREDICTION = "@prediction"  # Int8: 1 positive, 0 negative, null absent
LABEL = "@label"  # Int8: 1 positive, 0 negative, null not (yet) known
