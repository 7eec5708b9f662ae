"""Where two cumulative distributions differ, and by how much: what Wasserstein and Kolmogorov-Smirnov are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from retroaudit.checks.mass import Floats, Ints
from retroaudit.measures.grid import Grid, keys
from retroaudit.measures.nested import starts

_EXACT_AS_FLOATS, _FITS_64_BITS = 2**53, 2**60

_Whole = npt.NDArray[Any]


@dataclass(frozen=True)
class Gaps:
    """`|F - G|` over stretches on which it is constant or bounded: their widths, and its least, likely and greatest.

    Stretches of no width are among them; there the size is that of their right neighbour.
    """

    widths: Floats
    least: Floats
    likely: Floats
    most: Floats


@dataclass(frozen=True)
class _Cells:
    """One side over cells that both share: where it has no value, `count` is 0 and the ends are the other side's."""

    count: _Whole
    low: Floats
    high: Floats


def gaps(reference: Grid, current: Grid) -> Gaps | None:
    """The stretches between the ends of all cells; None where a side has no values.

    Both grids are brought to the coarser of their shifts. The differences of the two cumulative counts are taken
    as whole numbers, `m·R(x) - n·C(x)` for n and m values, and divided by n·m at the end.
    """
    n, m = reference.n, current.n
    if n == 0 or m == 0:
        return None
    before, now = _aligned(reference, current)
    points = _sorted(before.low, before.high, now.low, now.high)
    after = _next(points)
    with np.errstate(over="ignore"):  # ends near ±1e308; who sums areas answers for it
        widths = after - points
    middles = points / 2 + after / 2
    r_least, r_likely, r_most = _cumulated(before, points, middles, n * m)
    c_least, c_likely, c_most = _cumulated(now, points, middles, n * m)
    down, up = m * r_least - n * c_most, m * r_most - n * c_least
    least, most = (
        (size / (n * m)).astype(np.float64) for size in (np.maximum(np.maximum(down, -up), 0), np.maximum(-down, up))
    )
    likely = abs(r_likely / n - c_likely / m)
    return Gaps(widths, least, np.clip(likely, least, most), most)


def _aligned(reference: Grid, current: Grid) -> tuple[_Cells, _Cells]:
    shift = max(reference.shift, current.shift)
    sides = [_at(side, shift) for side in (reference, current)]
    either = np.sort(np.concatenate([cell for cell, *_ in sides]), kind="stable")  # which merges sorted runs
    cells = either[starts(either)]
    before, now = (_spread(cells, *side) for side in sides)
    return _filled(before, now), _filled(now, before)


def _at(grid: Grid, shift: int) -> tuple[Ints, Ints, Floats, Floats]:
    """The cells of a grid at a shift no finer than its own: keys, counts, and the least and the greatest values."""
    there = grid.count > 0
    count, low, high = grid.count[there], grid.low[there] + 0.0, grid.high[there] + 0.0  # 0.0 for -0.0
    cell = keys(low) >> shift
    if shift == grid.shift:
        return cell, count, low, high
    first = starts(cell)
    last = np.concatenate([first[1:], [len(cell)]]) - 1
    return cell[first], np.add.reduceat(count, first), low[first], high[last]


def _spread(cells: Ints, own: Ints, count: Ints, low: Floats, high: Floats) -> _Cells:
    """Over more cells than a side has: those that it does not have hold nothing."""
    place = np.searchsorted(cells, own)
    counts = np.zeros(len(cells), dtype=np.int64)
    ends = np.full((2, len(cells)), np.nan)
    counts[place], ends[0, place], ends[1, place] = count, low, high
    return _Cells(counts, ends[0], ends[1])


def _filled(side: _Cells, other: _Cells) -> _Cells:
    empty = side.count == 0
    return _Cells(side.count, np.where(empty, other.low, side.low), np.where(empty, other.low, side.high))


def _sorted(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """Four values of each cell in ascending order, where `a <= b` and `c <= d`; shape (4, cells)."""
    inner = np.maximum(a, c), np.minimum(b, d)
    return np.stack([np.minimum(a, c), np.minimum(*inner), np.maximum(*inner), np.maximum(b, d)])


def _cumulated(side: _Cells, points: Floats, middles: Floats, largest: int) -> tuple[_Whole, Floats, _Whole]:
    """How many of a side's values are at or below each point, at least, likely and at most, until the next point.

    A cell that has begun and not ended holds at least one value on either side. The likely number is that at the
    middle of the stretch, with the others as spread evenly.
    """
    count: _Whole = side.count.astype(_kind(largest))
    before = np.cumsum(count) - count
    closed = points >= side.high
    open_ = (points >= side.low) & ~closed
    least = before + closed * count + open_
    inside = open_ * (count - 2)
    widths = side.high / 2 - side.low / 2
    passed = np.clip((middles / 2 - side.low / 2) / np.where(widths > 0, widths, 1.0), 0, 1)
    return least, (least + inside * passed).astype(np.float64), least + inside


def _kind(largest: int) -> type:
    """What holds whole numbers up to this without loss: the fastest."""
    if largest < _EXACT_AS_FLOATS:
        return np.float64
    return np.int64 if largest < _FITS_64_BITS else object


def _next(points: Floats) -> Floats:
    """The point after each; the last one has none but itself."""
    after = np.empty_like(points)
    after[:-1] = points[1:]
    after[-1, :-1], after[-1, -1] = points[0, 1:], points[-1, -1]
    return after
