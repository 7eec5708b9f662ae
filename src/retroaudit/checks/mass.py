"""How many of a grid's values lie below a point: what is certain, and what is likely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from retroaudit.measures.grid import Grid

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Mass:
    """Numbers of values, one for each point: `least <= truth <= most`, and `likely` between them."""

    least: Ints
    likely: Floats
    most: Ints


def below(grid: Grid, points: Floats, *, inclusive: bool = False) -> Mass:
    """How many values are `< point`, or `<= point` where `inclusive`, for each of `points`.

    Exact where the point is outside every cell, or inside a cell of at most two values (a cell knows its
    least and its greatest). Else at least one value of the cell is on either side, and the likely number takes
    the others as spread evenly.
    """
    count, low, high = grid.count, grid.low, grid.high
    if not count.all():
        there = count > 0
        count, low, high = count[there], low[there], high[there]
    total = np.concatenate([[0], np.cumsum(count, dtype=np.int64)])
    whole = np.searchsorted(high, points, side="right" if inclusive else "left")
    begun = np.searchsorted(low, points, side="right" if inclusive else "left")
    least, most = total[whole].copy(), total[whole].copy()
    likely = total[whole].astype(np.float64)
    (cut,) = np.nonzero(begun > whole)
    cell = whole[cut]
    least[cut] += 1
    most[cut] += count[cell] - 1
    likely[cut] += 1 + (count[cell] - 2) * _fraction(points[cut], low[cell], high[cell])
    return Mass(least, likely, most)


def total(numbers: Floats) -> float:
    """The sum in the order given, one after the other: the same bits on every machine. 0 of nothing."""
    return float(np.add.accumulate(numbers.ravel())[-1]) if numbers.size else 0.0


def _fraction(points: Floats, low: Floats, high: Floats) -> Floats:
    """How far each point lies from low to high, in [0, 1]; halved first, so that no width overflows."""
    return np.clip((points / 2 - low / 2) / (high / 2 - low / 2), 0.0, 1.0)
