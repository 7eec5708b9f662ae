"""The order of a column's values: what the grid, and how many are infinite, say of ranks and of counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from retroaudit.measures.counts import Counts
from retroaudit.measures.grid import Grid

Bounded = tuple[float, float, float]
"""At least, likely, at most."""

Test = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Ranks:
    """Values in ascending order: first what is negative infinity, then the grid's, then positive infinity."""

    counts: Counts
    grid: Grid

    @property
    def n(self) -> int:
        """How many values there are; null and NaN are none."""
        return self.counts.rows - self.counts.nulls - self.counts.nan

    def at(self, rank: int) -> Bounded:
        """The value of this rank, from 0; within a cell of many values only its ends are known."""
        place = rank - self.counts.neg_inf
        if place < 0 or place >= self.grid.n:
            end = -math.inf if place < 0 else math.inf
            return end, end, end
        ends = np.cumsum(self.grid.count)
        cell = int(np.searchsorted(ends, place, side="right"))
        low, high, count = float(self.grid.low[cell]), float(self.grid.high[cell]), int(self.grid.count[cell])
        before = place - (int(ends[cell]) - count)
        if before in {0, count - 1}:
            low = high = high if before else low
        return low, low + (high - low) * (before / max(count - 1, 1)), high

    def count(self, test: Test) -> tuple[int, int, int]:
        """How many values pass a test that is true from some value on, or up to some value."""
        ends = test(np.array([-np.inf, np.inf]))
        sure = int(ends[0]) * self.counts.neg_inf + int(ends[1]) * self.counts.pos_inf
        low, high, count = test(self.grid.low), test(self.grid.high), self.grid.count
        sure += int(count[low & high].sum())
        cut = count[low ^ high]
        return sure + len(cut), sure + int((cut // 2).sum()), sure + int((cut - 1).sum())

    def quantile(self, share: float, how: str = "linear") -> Bounded:
        """As `numpy.quantile` of all values by its method `how`; NaN without values."""
        if not self.n:
            return math.nan, math.nan, math.nan
        place = (self.n - 1) * share
        before, after = _PLACES[how](place)
        if before == after:
            return self.at(before)
        low, likely, high = (
            _between(a, b, 0.5 if how == "midpoint" else place - before)
            for a, b in zip(self.at(before), self.at(after), strict=True)
        )
        return low, likely, high


def _between(low: float, high: float, share: float) -> float:
    width = high - low
    return high - width * (1 - share) if share >= 0.5 else low + width * share  # noqa: PLR2004  # as numpy's _lerp


def _nearest(place: float) -> tuple[int, int]:
    return round(place), round(place)  # to even at halves, as numpy.around


_PLACES: dict[str, Callable[[float], tuple[int, int]]] = {
    "linear": lambda place: (math.floor(place), math.ceil(place)),
    "midpoint": lambda place: (math.floor(place), math.ceil(place)),
    "lower": lambda place: (math.floor(place), math.floor(place)),
    "higher": lambda place: (math.ceil(place), math.ceil(place)),
    "nearest": _nearest,
}


def histogram(ranks: Ranks, edges: Sequence[Any]) -> tuple[list[int], list[int], list[int]]:
    """As `numpy.histogram` with these ascending edges: [a, b), the last one [a, b]."""
    points = [float(edge) for edge in edges]
    below = [ranks.count(lambda values, edge=edge: values < edge) for edge in points[:-1]]  # type: ignore[misc]
    below.append(ranks.count(lambda values: values <= points[-1]))
    pairs = list(pairwise(below))
    return (
        [max(after[0] - before[2], 0) for before, after in pairs],
        [after[1] - before[1] for before, after in pairs],
        [after[2] - before[0] for before, after in pairs],
    )
