"""Distances between two distributions, with rigorous bounds of what the states leave open.

Numeric columns come as two grids. A cell knows how many values it holds, the least and the greatest of them; so
cells of one or two values, or of ties, are exact, and of the others one knows that at least one value sits at
either end. From that follow `low` and `high`; `value` lies between them, and all three are equal where nothing is
open. Sampling error is not part of them (`noise`). Null, NaN and infinite values are not compared: their rates are
quality's. Sums are correctly rounded (`math.fsum`), so no order of adding can change a bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from retroaudit.checks.drift.bins import Bins, Shares, counted
from retroaudit.checks.mass import Floats
from retroaudit.measures.grid import Grid

NORM_FLOOR = 0.001
"""The least norm of the Wasserstein distance, as Evidently's."""

_FITS_64_BITS = 2**60

Categories: TypeAlias = Mapping[str | None, int]
Term: TypeAlias = Callable[[float, float], float]


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


def wasserstein(reference: Grid, current: Grid, sigma: float | None) -> Distance:
    """The first Wasserstein distance `∫ |F(x) - G(x)| dx` of two aligned grids, divided by `max(sigma, 0.001)`.

    `sigma` is the reference's population standard deviation, so the number has no unit: Evidently's
    "Wasserstein distance (normed)". 0 for identical data; undefined where a side has no values, where values are
    so far apart that a float cannot hold their difference, and where `sigma` is None: it could not.

    Where Evidently's floor of 0.001 is in force, the number understates a column of small values: at a scale of
    1e-5 a shift by five deviations is 0.05. `high` is then the distance in the reference's own deviations
    (infinite where it has none), so such a row can fail and never passes on the strength of the floor.
    Origin: `scipy.stats.wasserstein_distance`.
    """
    gaps = _gaps(reference, current)
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


def ks(reference: Grid, current: Grid) -> Distance:
    """The two-sided Kolmogorov-Smirnov statistic `max |F(x) - G(x)|` of two aligned grids, in [0, 1].

    Not its p-value. Exact at the ends of cells; inside a cell of many values the maximum may be larger, by at most
    the mass of that cell. 0 for identical data; undefined where a side has no values.
    Origin: `scipy.stats.ks_2samp`.
    """
    gaps = _gaps(reference, current)
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
        return undefined("there are more distinct values than can be told apart, and each adds to it")
    return _sum(psi_term, bins.reference.filled(), bins.current.filled())


def jensenshannon(bins: Bins | None) -> Distance:
    """The Jensen-Shannon distance.

    The square root of the divergence `½ Σ p ln(p / m) + q ln(q / m)` with `m = (p + q) / 2`, to base e:
    from 0 to √ln 2. Undefined where a side has no values. A value that the reference does not have adds
    `½ q ln 2`, so it is the same number however such values are divided into bins: where bins of `bins.binned`
    are not apart, nothing is lost. Origin: `scipy.spatial.distance.jensenshannon`.
    """
    if bins is None:
        return NO_VALUES
    total = _sum(_jensenshannon_term, bins.reference.shares(), bins.current.shares())
    value, low, high = (
        math.sqrt(min(max(part / 2, 0.0), math.log(2))) for part in (total.value, total.low, total.high)
    )
    return Distance(value, low, high)


def jensenshannon_of_buckets(bins: Bins | None) -> Distance:
    """The least Jensen-Shannon distance of categories of which only buckets are known, and the greatest: √ln 2.

    What falls into one bucket can only bring the sides nearer (a divergence never grows by merging: the data
    processing inequality, Cover and Thomas 2006, section 2.8), so `value` is a lower bound too. It can fail a
    column, and never passes it.
    """
    least = jensenshannon(bins)
    reason = "at least this: there are more categories than can be told apart"
    return least if bins is None else replace(least, high=math.sqrt(math.log(2)), reason=reason)


@dataclass(frozen=True)
class ChiSquare:
    """A statistic of homogeneity and its p-value; `sparse` where expected counts are too small to trust that one."""

    statistic: float
    pvalue: float
    sparse: bool


def chi2(reference: Categories, current: Categories) -> ChiSquare | None:
    """Pearson's chi-square of homogeneity: are both sides drawn from one distribution? Nulls are left out.

    `Σ (observed - expected)² / expected` over the 2 by k table, without correction for continuity, with
    k - 1 degrees of freedom; a single category gives 0 and p = 1. None where a side has no values.
    Sparse where an expected count is below 1, or more than a fifth of them below 5 (Cochran 1954, "Some methods
    for strengthening the common χ² tests", Biometrics 10).
    Origin: `scipy.stats.chi2_contingency(table, correction=False)`. Evidently's chi-square takes the reference
    as if it were known without error (goodness of fit) and so finds drift more often; its p-value is another.
    """
    bins = counted(reference, current)
    if bins is None:
        return None
    observed = np.stack([bins.reference.least, bins.current.least]).astype(np.float64)
    observed = observed[:, observed.any(axis=0)]
    expected = observed.sum(axis=1, keepdims=True) * observed.sum(axis=0) / observed.sum()
    statistic = math.fsum(((observed - expected) ** 2 / expected).ravel())
    degrees = observed.shape[1] - 1
    sparse = degrees > 0 and bool(expected.min() < 1 or (expected < 5).mean() > 0.2)  # noqa: PLR2004 (Cochran's rule)
    return ChiSquare(statistic, float(chdtrc(degrees, statistic)) if degrees else 1.0, sparse)


def psi_term(p: float, q: float) -> float:
    """One bin's part of the population stability index, for shares above 0."""
    return (p - q) * math.log(p / q)


def _jensenshannon_term(p: float, q: float) -> float:
    middle = (p + q) / 2
    return sum(share * math.log(share / middle) for share in (p, q) if share > 0)


def _sum(term: Term, reference: Shares, current: Shares) -> Distance:
    """The sum over bins of a term that is 0 where both shares are equal, and grows the further they are apart."""
    ps, qs = (zip(side.low, side.likely, side.high, strict=True) for side in (reference, current))
    value, low, high = [], [], []
    for (p_low, p, p_high), (q_low, q, q_high) in zip(ps, qs, strict=True):
        value.append(term(p, q))
        low.append(term(p_low, q_high) if p_low > q_high else term(p_high, q_low) if p_high < q_low else 0.0)
        high.append(max(term(p_high, q_low), term(p_low, q_high)))
    least, most = math.fsum(low), math.fsum(high)
    return Distance(min(max(math.fsum(value), least), most), least, most)


@dataclass(frozen=True)
class _Gaps:
    """|F - G| where it is constant or bounded: the stretches' widths, and its least, likely and greatest size."""

    widths: Floats
    least: Floats
    likely: Floats
    most: Floats


def _gaps(reference: Grid, current: Grid) -> _Gaps | None:
    """The stretches between the ends of all cells, in order; None where a side has no values.

    The differences of the two cumulative counts are taken as whole numbers, `m·R(x) - n·C(x)` for n and m
    values, and divided by n·m at the end.
    """
    n, m = reference.n, current.n
    if n == 0 or m == 0:
        return None
    there = (reference.count > 0) | (current.count > 0)
    ends = _ends(reference, current, there), _ends(current, reference, there)
    points = np.sort(np.stack([*ends[0], *ends[1]]), axis=0)
    r_least, r_most = _cumulated(points, ends[0], _whole(reference.count[there], n * m))
    c_least, c_most = _cumulated(points, ends[1], _whole(current.count[there], n * m))
    down, up = m * r_least - n * c_most, m * r_most - n * c_least
    least = np.where((down <= 0) & (up >= 0), 0, np.minimum(abs(down), abs(up)))
    sizes = (
        (size / (n * m)).astype(np.float64) for size in (least, abs(down + up) / 2, np.maximum(abs(down), abs(up)))
    )
    flat = points.T.ravel()
    real = flat[:-1] < flat[1:]
    with np.errstate(over="ignore"):  # ends near ±1e308; `_area` answers for it
        widths = np.diff(flat)[real]
    return _Gaps(widths, *(size.T.ravel()[:-1][real] for size in sizes))


def _whole(counts: npt.NDArray[np.int64], largest: int) -> npt.NDArray[Any]:
    """The counts as 64-bit whole numbers where products of them fit, else as Python's."""
    return counts if largest < _FITS_64_BITS else counts.astype(object)


def _ends(side: Grid, other: Grid, there: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The ends of a side's cells; where it has no value in a cell, the other side's low for both."""
    held = (side.count > 0)[there]
    low = np.where(held, side.low[there], other.low[there])
    return low, np.where(held, side.high[there], low)


def _cumulated(
    points: Floats, ends: tuple[Floats, Floats], counts: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """How many values are at or below each point, at least and at most."""
    low, high = ends
    before = np.cumsum(counts) - counts
    open_ = (points >= low) & (points < high)
    closed = np.where(points >= high, counts, 0)
    return before + np.where(open_, 1, closed), before + np.where(open_, counts - 1, closed)


def _area(widths: Floats, sizes: Floats) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        areas = widths * sizes
    return math.fsum(areas) if np.isfinite(areas).all() else math.inf
