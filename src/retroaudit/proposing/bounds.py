"""How far a proposal stays from what was seen: shares by Wilson's interval, ranges by their tails, rounded outward."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median_low

import numpy as np

from retroaudit.checks.intervals import wilson
from retroaudit.measures.grid import Grid

CONFIDENCE = 0.999
_TAIL = 0.05
_FLAT = 0.1  # of the span: the least margin
_DIGITS = 2  # that are kept of a margin
_LARGEST = 2.0**52  # beyond it, JSON may not carry a rounded bound exactly
_LEAST_PLACES = 3


def mostly(parts: Sequence[tuple[int, int]]) -> float:
    """The least share to expect where a part of `rows` has `held` of them, as pairs; 1 where all rows of all parts do.

    Wilson's lower bound (`CONFIDENCE`) of the common share in a part of median size, or the least share of any part
    where that is less; rounded down to two digits of what is left to 1, and to a thousandth where that is coarser.
    The parts are what will be asked one at a time, so that their size is that of the noise. Parts without rows say
    nothing; without any that has some it is 1.
    """
    known = [(held, rows) for held, rows in parts if rows]
    if all(held == rows for held, rows in known):
        return 1.0
    share = sum(held for held, _ in known) / sum(rows for _, rows in known)
    size = median_low([rows for _, rows in known])
    low = min(wilson(math.floor(share * size), size, CONFIDENCE)[0], *(held / rows for held, rows in known))
    return _floored(low)


def _floored(share: float) -> float:
    rest = 1 - share
    places = _LEAST_PLACES if rest <= 0 else max(_LEAST_PLACES, _DIGITS - 1 - math.floor(math.log10(rest)))
    scale: int = 10**places
    return max(0.0, math.floor(share * scale) / scale)


def span(grid: Grid, *, whole: bool) -> tuple[float, float] | None:
    """The lowest and highest value to expect of a numeric column; None where it has no finite value, or a huge one.

    Each extreme is moved outward by its distance from the 5 % quantile on its side, at least by a tenth of the whole
    span, and rounded outward, so that no row's own value shows. A column without negative (or positive) values
    keeps its sign. With `whole` the bounds are whole numbers.
    """
    if not grid.n:
        return None
    lowest, highest = float(grid.low[0]), float(grid.high[-1])
    least = (highest - lowest) * _FLAT or abs(highest) * _FLAT or 1.0
    below = max(_quantile(grid, _TAIL) - lowest, least)
    above = max(highest - _quantile(grid, 1 - _TAIL), least)
    if max(abs(lowest - below), abs(highest + above)) > _LARGEST:
        return None
    step = _step(min(below, above), whole=whole)
    low, high = _outward(lowest - below, -step), _outward(highest + above, step)
    return max(low, 0.0) if lowest >= 0 else low, min(high, 0.0) if lowest < 0 >= highest else high


def _quantile(grid: Grid, level: float) -> float:
    """The value at a level, from the cell that holds it."""
    cell = int(np.searchsorted(np.cumsum(grid.count), level * grid.n))
    return float(grid.low[cell] if level < 1 / 2 else grid.high[cell])


def _step(margin: float, *, whole: bool) -> float:
    """What bounds are rounded to: a power of ten between a hundredth and a tenth of the margin."""
    power = math.floor(math.log10(margin)) - 1
    return 10.0 ** (max(power, 0) if whole else max(power, -300))


def _outward(value: float, step: float) -> float:
    """The next multiple of the step in its direction; `step` is a power of ten, negative for downward."""
    size = abs(step)
    count = math.floor(value / size) if step < 0 else math.ceil(value / size)
    return count * size if size >= 1 else round(count * size, -round(math.log10(size)))
