"""Shares of bins or categories: what the two sides of a distance hold, with their bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from retroaudit.checks.mass import Floats, Ints, below
from retroaudit.measures.grid import Grid

FEW_VALUES = 20
"""A reference with at most so many distinct values is compared value by value, as in Evidently."""

_FILL = 1e-4


@dataclass(frozen=True)
class Shares:
    """One side's share of each bin: `low <= truth <= high`, `likely` between them, all three in [0, 1]."""

    low: Floats
    likely: Floats
    high: Floats


@dataclass(frozen=True)
class Counts:
    """One side's number of values in each bin: `least <= truth <= most`, `likely` between them; `n` in all."""

    least: Ints
    likely: Floats
    most: Ints
    n: int

    def shares(self) -> Shares:
        """The counts divided by `n`."""
        return Shares(self.least / self.n, self.likely / self.n, self.most / self.n)

    def filled(self) -> Shares:
        """The shares with empty bins filled, so that a logarithm exists.

        Evidently's rule: 0.0001, or a millionth of the smallest share that is not zero where that one is at
        most 0.0001. Shares are not scaled back to a sum of 1. Where a bin may be empty or not, the bounds
        take both.
        """
        shares = self.shares()
        certain = self.least > 0
        smallest = np.where(certain, self.least, np.where(self.most > 0, 1, self.n)).min() / self.n
        smallest_at_most = self.most[certain].min() / self.n if certain.any() else 1.0
        low = np.where(certain, shares.low, _fill(smallest))
        high = np.where(self.most > 0, shares.high, _fill(smallest_at_most))
        return Shares(low, np.clip(shares.likely, low, high), high)


def _fill(smallest: float) -> float:
    return smallest / 1e6 if smallest <= _FILL else _FILL


def counted(reference: Mapping[str | None, int], current: Mapping[str | None, int]) -> tuple[Counts, Counts] | None:
    """The counts of two sides over all categories of either, without nulls; None where a side has no values."""
    names = sorted({name for name in (*reference, *current) if name is not None})
    pair = _exact(np.array([[side.get(name, 0) for name in names] for side in (reference, current)], dtype=np.int64))
    return pair if all(side.n for side in pair) else None


def binned(reference: Grid, current: Grid) -> tuple[Counts, Counts] | None:
    """The counts of two aligned grids over common bins; None where a side has no values.

    As Evidently's: linear bins between the least and the greatest value of both, as many as Sturges' rule gives
    for all rows (half-open, the last one closed). Where the reference has at most 20 distinct values, each
    distinct value is a bin; unlike Evidently only where the grids tell all values apart, which they do up to
    their cap of distinct values.
    """
    if reference.n == 0 or current.n == 0:
        return None
    values = _few_values(reference, current)
    if values is not None:
        return _exact(np.stack([_at(side, values) for side in (reference, current)]))
    edges = _sturges(reference, current)
    return _between(reference, edges), _between(current, edges)


def _exact(table: Ints) -> tuple[Counts, Counts]:
    reference, current = (Counts(row, row.astype(np.float64), row, int(row.sum())) for row in table)
    return reference, current


def _few_values(reference: Grid, current: Grid) -> Floats | None:
    """All distinct values of both, where they are known and the reference has few."""
    if any((side.low < side.high).any() for side in (reference, current)):
        return None
    of_reference, of_current = (side.low[side.count > 0] for side in (reference, current))
    if len(np.unique(of_reference)) > FEW_VALUES:
        return None
    return np.unique(np.concatenate([of_reference, of_current]))


def _at(grid: Grid, values: Floats) -> Ints:
    """How many of the grid's values equal each of `values` (0.0 and -0.0 are equal)."""
    there = grid.count > 0
    counts = np.zeros(len(values), dtype=np.int64)
    np.add.at(counts, np.searchsorted(values, grid.low[there]), grid.count[there])
    return counts


def _sturges(reference: Grid, current: Grid) -> Floats:
    """The inner edges of Sturges' bins, by the arithmetic of `numpy.histogram_bin_edges(..., "sturges")`.

    Computed on halves, so that no range overflows; edges that a float cannot tell apart are one.
    """
    first = min(np.nanmin(side.low) for side in (reference, current)) / 2
    last = max(np.nanmax(side.high) for side in (reference, current)) / 2
    width = (last - first) / (math.log2(reference.n + current.n) + 1.0)
    bins = math.ceil((last - first) / width) if width > 0 else 1
    edges = np.unique(np.linspace(first, last, bins + 1) * 2)
    return edges[1:-1]


def _between(grid: Grid, edges: Floats) -> Counts:
    """The counts between inner edges, from the counts below each."""
    mass = below(grid, edges)
    least, most = (np.concatenate([[0], side, [grid.n]]) for side in (mass.least, mass.most))
    likely = np.diff(np.concatenate([[0.0], mass.likely, [float(grid.n)]]))
    low, high = np.maximum(least[1:] - most[:-1], 0), most[1:] - least[:-1]
    return Counts(low, np.clip(likely, low, high), high, grid.n)
