"""How far apart two samples of one distribution lie by chance: the floor below which a distance says nothing.

Each function gives a quantile, at the spec's `confidence`, of a distance under the null: both sides are drawn from
one distribution, of which the reference is what we know. All of them shrink with `spread = 1/n + 1/m` for n rows of
the reference and m of the window: the index as the spread itself, the others as its square root.

What follows for a verdict, with `t` the greatest distance allowed (`verdict_is_open`):

- floor <= t: the rows suffice. Identical distributions exceed t with a probability of at most 1 - confidence.
- floor > t and distance <= t + floor: chance could explain the distance, or hide one beyond t: insufficient.
- floor > t and distance > t + floor: too far for chance. Wasserstein, Kolmogorov-Smirnov and Jensen-Shannon obey
  the triangle inequality, so the distributions themselves are then further apart than t, and the column fails.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import betaincinv, chdtri, ndtri

from retroaudit.checks.drift.bins import Bins, Counts, fill
from retroaudit.checks.drift.distances import NORM_FLOOR
from retroaudit.checks.intervals import wilson
from retroaudit.checks.mass import total
from retroaudit.measures.grid import Grid


def spread(reference: int, current: int) -> float:
    """`1/n + 1/m`: the variance of the difference of two means, in units of the variance of a row."""
    return 1 / reference + 1 / current


def wasserstein(reference: Grid, current: int, sigma: float, confidence: float) -> float:
    """`√spread · (√(2/π) ∫ √(F(1-F)) dx + z sigma) / max(sigma, 0.001)`, with F the reference's distribution.

    For large samples `|F_n - G_m|` is `√spread · |B(F)|` with a Brownian bridge B, whose expected size at x is
    `√(2/π) √(F(1-F))`. The integral is a norm of a Gaussian process whose greatest deviation in any direction is
    that of `∫ B(F) dx`, which is sigma; so it exceeds its mean by z sigma with no more probability than a normal
    variable (Borell 1975, and Tsirelson, Ibragimov and Sudakov 1976; a median is no more than the mean: Kwapień 1994).
    A bound, not an estimate: for a normal column it is 1.4 times the quantile. It takes a variance that exists;
    columns with the tails of a power law below 2 stray further.
    """
    z = float(ndtri(confidence))
    expected = math.sqrt(2 / math.pi) * _bridge(reference)
    return math.sqrt(spread(reference.n, current)) * (expected + z * sigma) / max(sigma, NORM_FLOOR)


def ks(reference: int, current: int, confidence: float) -> float:
    """`√(spread · ln(2 / (1 - confidence)) / 2)`: 1.358 √spread at 0.95 (Smirnov 1948). With ties a bound."""
    return math.sqrt(spread(reference, current) * math.log(2 / (1 - confidence)) / 2)


def psi(bins: Bins, confidence: float) -> float:
    """`χ²(confidence; k - 1) · spread`, for k bins of the reference, and what the filling of empty bins adds.

    The index is asymptotically chi-square (Yurdakul 2018, "Statistical properties of the population stability
    index"). Each side misses a share `unseen` of what there is (`_unseen`); it is at bins of about 1/n, against
    a fill: `unseen · ln(1/n / fill)`. It bounds the Kullback-Leibler divergence too, one of the index's two parts.
    """
    sides = (bins.reference, bins.current)
    filled = (_unseen(side) * math.log(1 / side.n / fill(1 / side.n)) for side in sides)
    return _chi2(bins, confidence) + sum(filled)


def jensenshannon(bins: Bins, confidence: float) -> float:
    """`√(χ²(confidence; k - 1) · spread / 8 + unseen · ln 2)`, for k bins of the reference; at most √ln 2.

    Near 0 the divergence is an eighth of Pearson's chi-square (Lin 1991, and Menéndez and others 1997). Of rare
    values, most of which one side has and the other has not, that is too little: they add their share `unseen`
    (`_unseen`) times ½ ln 2, once for those of either side. Bins that the window alone has do not count: new values
    are drift, and were they noise, the reference would have rare ones of its own.
    """
    return math.sqrt(min(_chi2(bins, confidence) / 8 + _unseen(bins.reference) * math.log(2), math.log(2)))


def hellinger(bins: Bins, confidence: float) -> float:
    """`√(χ²(confidence; k - 1) · spread / 8 + unseen)`, as `jensenshannon`; at most 1.

    Its square is an eighth of Pearson's chi-square near 0 too; a value that only one side has adds half its share.
    """
    return math.sqrt(min(_chi2(bins, confidence) / 8 + _unseen(bins.reference), 1.0))


def tvd(bins: Bins, confidence: float) -> float:
    """`√spread · (Σ √(p(1 - p)) / √(2π) + √(ln(1 / (1 - confidence)) / 2)) + unseen`; at most 1.

    The expected distance of normal shares, and McDiarmid's bound of how far it strays: another row moves it by
    1/n or 1/m at most. Source: McDiarmid 1989, "On the method of bounded differences".
    """
    p = bins.reference.likely / bins.reference.n
    expected = math.fsum(np.sqrt(p * (1 - p)).tolist()) / math.sqrt(2 * math.pi)
    strays = math.sqrt(math.log(1 / (1 - confidence)) / 2)
    rows = math.sqrt(spread(bins.reference.n, bins.current.n))
    return min(rows * (expected + strays) + _unseen(bins.reference), 1.0)


def out_of_range(reference: int, confidence: float) -> float:
    """The share of a continuous distribution that lies outside the range of n values: Beta(2, n - 1) (Wilks 1942)."""
    return float(betaincinv(2, reference - 1, confidence)) if reference > 1 else 1.0


def unseen(side: Counts, confidence: float) -> float:
    """The share of values that `side` has not seen: Wilson's upper limit of those that it saw once (Good-Turing)."""
    once = int(((side.least <= 1) & (side.most >= 1)).sum())
    return wilson(once, side.n, 2 * confidence - 1)[1]


def verdict_is_open(low: float, most: float, floor: float) -> bool:
    """Whether chance could explain a distance of at least `low` where at most `most` is allowed."""
    return floor > most and low <= most + floor


def shortfall(floor: float, most: float, reference: int, current: int, *, power: float) -> str:
    """The reason: what chance makes of these rows, and how many it takes for it to be at most `most`.

    The distance shrinks as `spread ** power`. The smaller side is meant to grow; where that is not enough, both.
    At least so many: rare values that appear with more rows add to the noise.
    """
    wanted = spread(reference, current) * (most / floor) ** (1 / power)
    place, rows, others = "reference rows", reference, current
    if current < reference:
        place, rows, others = "rows in the window", current, reference
    missing = wanted - 1 / others
    needed = f"{math.ceil(1 / missing)}" if missing > 0 else f"{math.ceil(2 / wanted)} on both sides"
    return f"{floor:.2g} of pure noise is expected with {rows} {place}: at least {needed} are needed"


def _chi2(bins: Bins, confidence: float) -> float:
    """The quantile of `Σ (p - q)² / p` over the reference's bins."""
    degrees = int((bins.reference.most > 0).sum()) - 1
    quantile = float(chdtri(degrees, 1 - confidence)) if degrees else 0.0
    return quantile * spread(bins.reference.n, bins.current.n)


def _unseen(side: Counts) -> float:
    """The share of values that a further sample would have and this one has not: its bins of one value, over n.

    Good 1953, "The population frequencies of species and the estimation of population parameters" (Good-Turing).
    Bins that may have one value count.
    """
    return float(((side.least <= 1) & (side.most >= 1)).sum()) / side.n


def _bridge(grid: Grid) -> float:
    """`∫ √(F(1-F)) dx` of a grid, at most: within a cell, where F is not known, its greatest value there."""
    there = grid.count > 0
    low, high = grid.low[there], grid.high[there]
    above = np.cumsum(grid.count[there]) / grid.n
    below = np.concatenate([[0.0], above[:-1]])
    inside = np.clip(0.5, below, above)  # where F(1-F) is greatest
    between = np.sqrt(above * (1 - above))[:-1]
    with np.errstate(over="ignore"):
        areas = (high - low) * np.sqrt(inside * (1 - inside)), (low[1:] - high[:-1]) * between
    return total(np.concatenate(areas))
