"""Shares of bins or categories: what the two sides of a distance hold, with their bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from retroaudit.checks.mass import Floats, Ints, Mass, below
from retroaudit.measures.grid import Grid

FEW_VALUES = 20
"""A reference with at most so many distinct values is compared value by value, as in Evidently."""

FILL = 1e-4
"""The greatest share that stands for an empty bin (`fill`)."""


@dataclass(frozen=True)
class Shares:
    """One side's share of each bin: `low <= truth <= high`, `likely` between them, all three in [0, 1]."""

    low: Floats
    likely: Floats
    high: Floats

    @property
    def known(self) -> bool:
        """Whether nothing is left open."""
        return np.array_equal(self.low, self.high)

    def scaled(self) -> Shares:
        """The likely shares alone, scaled to a sum of 1."""
        likely = self.likely / math.fsum(self.likely.tolist())
        return Shares(likely, likely, likely)


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
        """The shares with empty bins filled (`fill`), so that a logarithm exists.

        Shares are not scaled back to a sum of 1. Where a bin may be empty or not, the bounds take both.
        """
        shares = self.shares()
        certain = self.least > 0
        smallest = np.where(certain, self.least, np.where(self.most > 0, 1, self.n)).min() / self.n
        smallest_at_most = self.most[certain].min() / self.n if certain.any() else 1.0
        low = np.where(certain, shares.low, fill(smallest))
        high = np.where(certain, shares.high, np.maximum(shares.high, fill(smallest_at_most)))
        return Shares(low, np.clip(shares.likely, low, high), high)


@dataclass(frozen=True)
class Bins:
    """Both sides over the same bins. Where not `apart`, a bin may hold values that are meant to have one each."""

    reference: Counts
    current: Counts
    apart: bool = True


def fill(smallest: float) -> float:
    """What stands for the share of an empty bin, given the smallest share that is not zero.

    Evidently's rule: 0.0001, or a millionth of the smallest share where that one is at most 0.0001.
    """
    return smallest / 1e6 if smallest <= FILL else FILL


def counted(
    reference: Mapping[str | None, int], current: Mapping[str | None, int], *, apart: bool = True
) -> Bins | None:
    """The counts of two sides over all categories of either, without nulls; None where a side has no values.

    Not `apart` are buckets of many categories (`measures.categories.align`).
    """
    names = sorted(
        {name for side in (reference, current) for name, count in side.items() if name is not None and count}
    )
    before, now = (_exact([side.get(name, 0) for name in names]) for side in (reference, current))
    return Bins(before, now, apart) if before.n and now.n else None


def binned(reference: Grid, current: Grid) -> Bins | None:
    """The counts of two grids over common bins; None where a side has no values.

    Each grid comes at its own level, not aligned: whether the reference has few values is asked of the reference
    alone, so that neither the rows of the window nor the cap of its grid can change the definition.

    Where the reference has at most 20 distinct values, each distinct value of either side is a bin. Else the bins
    are Evidently's: linear between the least and the greatest value of both, as many as Sturges' rule gives for
    all rows (half-open, the last one closed).
    """
    if reference.n == 0 or current.n == 0:
        return None
    values = _values(reference) if reference.shift == 0 else None
    if values is not None and len(values) <= FEW_VALUES:
        return _by_value(reference, current, values)
    edges = _sturges(_ends(reference, current), reference.n + current.n)
    return _linear(reference, current, edges)


def by_distinct(reference: Grid, current: Grid) -> tuple[Bins, ...]:
    """The counts of two grids over the bins of Evidently's Hellinger distance; none where a side has no values.

    They are linear between the least and the greatest value of both, as many as Sturges' rule gives for the number
    of *distinct* values of both. Where cells leave that open, the first are those that are likely, where no value
    repeats inside a cell, and the others all those that are possible.
    """
    if reference.n == 0 or current.n == 0:
        return ()
    least, most = _distinct(reference, current)
    sizes = [most, *(2**power for power in range(_doublings(least), _doublings(most)))]
    ends = _ends(reference, current)
    edges = [_sturges(ends, size) for size in sizes]
    parts = [np.cumsum([len(each) for each in edges])[:-1]] * 3
    masses = [below(side, np.concatenate(edges)) for side in (reference, current)]
    split = [zip(*map(np.split, (mass.least, mass.likely, mass.most), parts), strict=True) for mass in masses]
    return tuple(
        Bins(_between(reference.n, Mass(*before)), _between(current.n, Mass(*now)))
        for before, now in zip(*split, strict=True)
    )


def _distinct(reference: Grid, current: Grid) -> tuple[int, int]:
    """How many distinct values both sides together have, at least and at most."""
    sides = reference, current
    seen = [int((side.low < side.high).sum()) + int((side.count > 0).sum()) for side in sides]
    inside = [int(np.maximum(side.count - 2, 0)[side.low < side.high].sum()) for side in sides]
    if any(inside):
        return max(seen), sum(seen) + sum(inside)
    ends = np.sort(np.concatenate([end[side.count > 0] for side in sides for end in (side.low, side.high)]))
    exact = 1 + int((ends[1:] > ends[:-1]).sum())
    return exact, exact


def _doublings(size: int) -> int:
    """The least power of 2 that is at least `size`: one more is the number of Sturges' bins."""
    return (size - 1).bit_length()


def _exact(counts: Ints | list[int]) -> Counts:
    row = np.asarray(counts, dtype=np.int64)
    return Counts(row, row.astype(np.float64), row, int(row.sum()))


def _values(grid: Grid) -> Floats:
    """The distinct values of a grid without loss (0.0 and -0.0 are equal)."""
    return np.unique(grid.low[grid.count > 0])


def _by_value(reference: Grid, current: Grid, values: Floats) -> Bins:
    """A bin for each value; those that the window alone has are a bin each only while its grid tells them apart.

    Else what lies between two of the reference's values is one bin.
    """
    if current.shift == 0:
        either = np.union1d(values, _values(current))
        return Bins(_exact(_at(reference, either)), _exact(_at(current, either)))
    before, now = (_between(side.n, _around(side, values)) for side in (reference, current))
    return Bins(before, now, apart=False)


def _at(grid: Grid, values: Floats) -> Ints:
    """How many of the grid's values equal each of `values`, which are all there are."""
    there = grid.count > 0
    counts = np.zeros(len(values), dtype=np.int64)
    np.add.at(counts, np.searchsorted(values, grid.low[there]), grid.count[there])
    return counts


def _around(grid: Grid, values: Floats) -> Mass:
    """How many of the grid's values are below the first value, up to it, below the second, up to it, and so on."""
    sides = below(grid, values), below(grid, values, inclusive=True)
    least, likely, most = (
        np.column_stack(pair).ravel()
        for pair in zip(*((side.least, side.likely, side.most) for side in sides), strict=True)
    )
    return Mass(least, likely, most)


def _linear(reference: Grid, current: Grid, edges: Floats) -> Bins:
    return Bins(_between(reference.n, below(reference, edges)), _between(current.n, below(current, edges)))


def _sturges(ends: tuple[float, float], size: int) -> Floats:
    """The inner edges of Sturges' bins for so many values, by the arithmetic of `numpy.histogram_bin_edges`.

    Computed on halves, so that no range overflows; edges that a float cannot tell apart are one.
    """
    first, last = ends[0] / 2, ends[1] / 2
    width = (last - first) / (math.log2(size) + 1.0)
    bins = math.ceil((last - first) / width) if width > 0 else 1
    edges = np.linspace(first, last, bins + 1) * 2
    inner: Floats = edges[1:-1][(edges[1:-1] > edges[:-2]) & (edges[1:-1] < edges[-1])]
    return inner


def _ends(reference: Grid, current: Grid) -> tuple[float, float]:
    """The least and the greatest value of both."""
    lows, highs = (np.concatenate(ends) for ends in zip(*((s.low, s.high) for s in (reference, current)), strict=True))
    return float(np.nanmin(lows)), float(np.nanmax(highs))


def _between(n: int, mass: Mass) -> Counts:
    """The counts between points, from the counts below each, of `n` values."""
    least, most = (np.concatenate([[0], side, [n]]) for side in (mass.least, mass.most))
    likely = np.diff(np.concatenate([[0.0], mass.likely, [float(n)]]))
    low, high = np.maximum(least[1:] - most[:-1], 0), most[1:] - least[:-1]
    return Counts(low, np.clip(likely, low, high), high, n)
