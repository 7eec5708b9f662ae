"""The protocol of a measure: three small functions over frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from retroaudit.archive.rows import EXCLUDED, LABEL, PREDICTION, VERSION
from retroaudit.measures.values import Readable
from retroaudit.measures.where import columns_of

__all__ = ["EXCLUDED", "LABEL", "PREDICTION", "VERSION", "Measure", "Need", "State"]

State = pl.DataFrame
"""A keyed table of integer counts, fixed-point sums, minima and maxima."""


@dataclass(frozen=True, order=True)
class Need:
    """What a check asks of the measures: a measure's name, and the columns that it is keyed by.

    `counts`, `grid`, `moments`, `categories` and `extremes` take one column; `cells` takes the group columns, `scores`
    the score column and then the group columns; `hashes` and `distinct` the columns whose values are told apart
    together; `rows` takes none. `question` is what `conditions` asks of its columns, `where` which rows are asked:
    both canonical JSON, so that a need is plain text. Empty, they ask nothing and take every row that counts.
    """

    measure: str
    columns: tuple[str, ...] = ()
    question: str = ""
    where: str = ""

    @property
    def reads(self) -> tuple[str, ...]:
        """Every column that it takes, those of `where` too, once each."""
        return tuple(dict.fromkeys((*self.columns, *columns_of(self.where))))


@dataclass(frozen=True)
class Measure:
    """A named, versioned state. Merging is associative and commutative, with `partial` of no rows as identity."""

    name: str
    version: int
    partial: Callable[[Readable, Need], State]
    merge: Callable[[Sequence[State]], State]
