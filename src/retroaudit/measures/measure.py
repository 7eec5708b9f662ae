"""The protocol of a measure: three small functions over frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from retroaudit.archive.rows import EXCLUDED, LABEL, PREDICTION, VERSION
from retroaudit.measures.values import Readable

__all__ = ["EXCLUDED", "LABEL", "PREDICTION", "VERSION", "Measure", "Need", "State"]

State = pl.DataFrame
"""A keyed table of integer counts, fixed-point sums, minima and maxima."""


@dataclass(frozen=True, order=True)
class Need:
    """What a check asks of the measures: a measure's name, and the columns that it is keyed by.

    `counts`, `grid`, `moments` and `categories` take one column; `cells` takes the group columns, `scores` the
    score column and then the group columns; `rows` takes none.
    """

    measure: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measure:
    """A named, versioned state. Merging is associative and commutative, with `partial` of no rows as identity."""

    name: str
    version: int
    partial: Callable[[Readable, tuple[str, ...]], State]
    merge: Callable[[Sequence[State]], State]
