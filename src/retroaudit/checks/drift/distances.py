"""Distances between two distributions, with rigorous bounds of what the states leave open.

Numeric columns come as two grids. A cell knows how many values it holds, the least and the greatest of them; so
cells of one or two values, or of ties, are exact, and of the others one knows that at least one value sits at
either end. From that follow `low` and `high`; `value` lies between them, and all three are equal where nothing is
open. Sampling error is not part of them (`noise`). Null, NaN and infinite values are not compared: their rates are
quality's. Sums are correctly rounded (`math.fsum`), so no order of adding can change a bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from retroaudit.checks.drift.bins import FILL, Bins, Shares
from retroaudit.checks.drift.gaps import Gaps
from retroaudit.checks.mass import Floats, total

NORM_FLOOR = 0.001
"""The least norm of the Wasserstein distance, as Evidently's."""

_MANY_VALUES = "there are more distinct values than can be told apart, and each adds to it"
_MANY_CATEGORIES = "at least this: there are more categories than can be told apart"

Term: TypeAlias = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True)
class Distance:
    """`low <= truth <= high`; `value` is the likely one. A bound is infinite where none is known.

    All are NaN where the distance is not defined. `reason` says what the reader must know of the number, or why
    there is none.
    """

    value: float
    low: float
    high: float
    reason: str = ""


def undefined(reason: str) -> Distance:
    """No distance, and why."""
    return Distance(math.nan, math.nan, math.nan, reason)


NO_VALUES = undefined("there are no values to compare")


def wasserstein(gaps: Gaps | None, sigma: float | None) -> Distance:
    """The first Wasserstein distance `∫ |F(x) - G(x)| dx` of two grids, divided by `max(sigma, 0.001)`.

    `sigma` is the reference's population standard deviation, so the number has no unit: Evidently's
    "Wasserstein distance (normed)". 0 for identical data; undefined where a side has no values, where values are
    so far apart that a float cannot hold their difference, and where `sigma` is None: it could not.

    Where Evidently's floor of 0.001 is in force, the number understates a column of small values: at a scale of
    1e-5 a shift by five deviations is 0.05. `high` is then the distance in the reference's own deviations
    (infinite where it has none), so such a row can fail and never passes on the strength of the floor.
    Origin: `scipy.stats.wasserstein_distance`.
    """
    if gaps is None:
        return NO_VALUES
    if sigma is None:
        return undefined("the reference's variance is beyond the largest float")
    norm = max(sigma, NORM_FLOOR)
    value, low, high = (_area(gaps.widths, sizes) / norm for sizes in (gaps.likely, gaps.least, gaps.most))
    if not math.isfinite(high):
        return undefined("the values are too far apart for their distance to be computed")
    if sigma >= NORM_FLOOR:
        return Distance(value, low, high)
    own = high * (norm / sigma) if sigma else math.inf if high else 0.0
    return Distance(
        value, low, own, f"divided by the floor of {norm}: the reference's standard deviation is {sigma:.3g}"
    )


def ks(gaps: Gaps | None) -> Distance:
    """The two-sided Kolmogorov-Smirnov statistic `max |F(x) - G(x)|` of two grids, in [0, 1].

    Exact at the ends of cells; inside a cell of many values the maximum may be larger, by at most
    the mass of that cell. 0 for identical data; undefined where a side has no values.
    Origin: `scipy.stats.ks_2samp`.
    """
    if gaps is None:
        return NO_VALUES
    value, low, high = (float(sizes.max(initial=0.0)) for sizes in (gaps.likely, gaps.least, gaps.most))
    return Distance(value, low, high)


def psi(bins: Bins | None) -> Distance:
    """The population stability index `Σ (p - q) ln(p / q)`.

    Empty bins are filled as in Evidently (`bins.fill`). 0 for identical data; undefined where a side has no
    values, and where bins are not apart: the filling makes the number depend on how many there are.
    """
    if bins is None:
        return NO_VALUES
    if not bins.apart:
        return undefined(_MANY_VALUES)
    return _sum(psi_term, bins.reference.filled(), bins.current.filled())


def kl_div(bins: Bins | None) -> Distance:
    """The Kullback-Leibler divergence `Σ p ln(p / q)` of the window from the reference, whose shares are p.

    Empty bins are filled as in `psi`; each side is then scaled back to a sum of 1, as scipy and so Evidently do.
    Undefined where `psi` is. Origin: `scipy.stats.entropy`.
    """
    if bins is None:
        return NO_VALUES
    if not bins.apart:
        return undefined(_MANY_VALUES)
    p, q = bins.reference.filled(), bins.current.filled()
    value = _sum(_kl_term, p.scaled(), q.scaled()).value
    if p.known and q.known:
        return Distance(value, value, value)
    # Σ p ln(p/q) of sums P and Q is at least 0 term by term as (Σ p ln(p/q) - p + q) / P, but for 1 - Q/P + ln(Q/P)
    terms = _sum(_kl_term, p, q)
    most = [1 + FILL * int((side.low <= FILL).sum()) for side in (p, q)]
    rest = min(1 - ratio + math.log(ratio) for ratio in (most[1], 1 / most[0]))
    low, high = max(terms.low / most[0] + rest, 0.0), terms.high
    return Distance(min(max(value, low), high), low, high)


def jensenshannon(bins: Bins | None) -> Distance:
    """The Jensen-Shannon distance.

    The square root of the divergence `½ Σ p ln(p / m) + q ln(q / m)` with `m = (p + q) / 2`, to base e:
    from 0 to √ln 2. Undefined where a side has no values. A value that the reference does not have adds
    `½ q ln 2`, so it is the same number however such values are divided into bins: where bins of `bins.binned`
    are not apart, nothing is lost. Origin: `scipy.spatial.distance.jensenshannon`.
    """
    return NO_VALUES if bins is None else _root(_shares_apart(_jensenshannon_term, bins), math.log(2))


def hellinger(choices: Sequence[Bins]) -> Distance:
    """The Hellinger distance `√(1 - Σ √(p q))`, from 0 to 1: of the first bins, with the bounds of all of them.

    Numeric columns have a choice of bins where the states leave open how many Evidently would take
    (`bins.by_distinct`). Undefined where a side has no values.
    """
    if not choices:
        return NO_VALUES
    found = [_root(_shares_apart(_hellinger_term, bins), 1.0) for bins in choices]
    return replace(found[0], low=min(each.low for each in found), high=max(each.high for each in found))


def tvd(bins: Bins | None) -> Distance:
    """The total variation distance `½ Σ |p - q|` of categories, from 0 to 1. Undefined where a side has no values.

    Evidently's `TVD` is not this distance but a p-value of it, from 1000 random permutations.
    """
    return NO_VALUES if bins is None else _shares_apart(_tvd_term, bins)


def of_buckets(least: Distance, greatest: float) -> Distance:
    """What is known of Jensen-Shannon, Hellinger or total variation where only buckets of categories are.

    What falls into one bucket can only bring the sides nearer (a divergence never grows by merging: the data
    processing inequality, Cover and Thomas 2006, section 2.8), so `value` is a lower bound too. It can fail a
    column, and never passes it.
    """
    return least if math.isnan(least.value) else replace(least, high=greatest, reason=_MANY_CATEGORIES)


def psi_term(p: Floats, q: Floats) -> Floats:
    """Each bin's part of the population stability index, for shares above 0."""
    return (p - q) * _log(p / q)


def _kl_term(p: Floats, q: Floats) -> Floats:
    return p * _log(p / q) - p + q


def _jensenshannon_term(p: Floats, q: Floats) -> Floats:
    middle = np.where((p > 0) | (q > 0), (p + q) / 2, 1.0)
    ours, theirs = (share * _log(np.where(share > 0, share / middle, 1.0)) for share in (p, q))
    terms: Floats = (ours + theirs) / 2
    return terms


def _hellinger_term(p: Floats, q: Floats) -> Floats:
    terms: Floats = (np.sqrt(p) - np.sqrt(q)) ** 2 / 2
    return terms


def _tvd_term(p: Floats, q: Floats) -> Floats:
    return abs(p - q) / 2


def _log(values: Floats) -> Floats:
    """The C library's logarithm: NumPy's own is another one on each kind of processor."""
    return np.fromiter(map(math.log, values.tolist()), np.float64, len(values))


def _shares_apart(term: Term, bins: Bins) -> Distance:
    return _sum(term, bins.reference.shares(), bins.current.shares())


def _root(square: Distance, most: float) -> Distance:
    value, low, high = (math.sqrt(min(max(each, 0.0), most)) for each in (square.value, square.low, square.high))
    return Distance(value, low, high)


def _sum(term: Term, reference: Shares, current: Shares) -> Distance:
    """The sum over bins of a term that is 0 where both shares are equal, and grows the further they are apart."""
    value = math.fsum(term(reference.likely, current.likely).tolist())
    if reference.known and current.known:
        return Distance(value, value, value)
    down, up = term(reference.low, current.high), term(reference.high, current.low)
    apart = np.where(reference.low > current.high, down, np.where(reference.high < current.low, up, 0.0))
    least, most = math.fsum(apart.tolist()), math.fsum(np.maximum(down, up).tolist())
    return Distance(min(max(value, least), most), least, most)


def _area(widths: Floats, sizes: Floats) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        areas = widths * sizes
        sums = areas.sum(axis=0)
    return total(sums) if np.isfinite(sums).all() else math.inf
