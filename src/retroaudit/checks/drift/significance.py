"""P-values of two samples: Kolmogorov-Smirnov, chi-square as Evidently takes it, and chi-square of homogeneity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.special import chdtrc

from retroaudit.checks.drift.bins import Bins, counted
from retroaudit.checks.drift.distances import NO_VALUES, Distance
from retroaudit.checks.mass import Floats

EXACT_KS = 10_000
"""Up to so many values on either side all orders of the values are counted, as in scipy; beyond it there is a limit."""

Categories: TypeAlias = Mapping[str | None, int]

_SPARSE = "an expected count is below 1, or more than a fifth of them below 5: no p-value to trust (Cochran 1954)"


@dataclass(frozen=True)
class ChiSquare:
    """A statistic and its p-value; `sparse` where expected counts are too small to trust that one.

    The statistic is infinite, and the p-value 0, where something was seen that was never expected.
    """

    statistic: float
    pvalue: float
    sparse: bool

    def distances(self) -> tuple[Distance, Distance]:
        """The statistic and the p-value; one that is not to be trusted has no bounds."""
        statistic = Distance(self.statistic, self.statistic, self.statistic)
        if self.sparse:
            return statistic, Distance(self.pvalue, -math.inf, math.inf, _SPARSE)
        return statistic, Distance(self.pvalue, self.pvalue, self.pvalue)


def ks_pvalue(statistic: Distance, n: int, m: int) -> Distance:
    """The probability of a Kolmogorov-Smirnov statistic of at least this, for n and m values of one distribution.

    Exact where neither side has more than 10,000 values, else the limit that scipy takes too. With ties it is an
    upper bound. The bounds are those of the statistic. Origin: `scipy.stats.ks_2samp`, which is Evidently's `ks`.
    """
    if math.isnan(statistic.value):
        return NO_VALUES
    sizes = {statistic.low, statistic.value, statistic.high}
    of = {size: _by_paths(size, n, m) if max(n, m) <= EXACT_KS else _in_the_limit(size, n, m) for size in sizes}
    low, high = of[statistic.high], of[statistic.low]
    return Distance(min(max(of[statistic.value], low), high), low, high)


def chisquare(reference: Categories, current: Categories) -> ChiSquare | None:
    """Evidently's chi-square: how the window fits the reference's shares, as if these were known without error.

    `Σ (observed - expected)² / expected` over all categories of either side without nulls, k - 1 degrees of
    freedom. A reference that is a sample itself, and not much larger than the window, makes it find drift too
    often; `homogeneity` does not. None where a side has no values. Origin: `scipy.stats.chisquare`.
    """
    bins = counted(reference, current)
    if bins is None:
        return None
    expected = bins.reference.likely * (bins.current.n / bins.reference.n)
    return _tested(bins.current.likely, expected, bins)


def homogeneity(reference: Categories, current: Categories) -> ChiSquare | None:
    """Pearson's chi-square of homogeneity: are both sides drawn from one distribution? Nulls are left out.

    The 2 by k table, without correction for continuity, k - 1 degrees of freedom; of two categories it is the
    square of Evidently's `z`, with its p-value. None where a side has no values.
    Origin: `scipy.stats.chi2_contingency(table, correction=False)`.
    """
    bins = counted(reference, current)
    return None if bins is None else _tested(_table(bins), _expected(bins), bins)


def _table(bins: Bins) -> Floats:
    return np.stack([bins.reference.likely, bins.current.likely])


def _expected(bins: Bins) -> Floats:
    """The counts of both sides, were they drawn from one distribution."""
    table = _table(bins)
    expected: Floats = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return expected


def _tested(observed: Floats, expected: Floats, bins: Bins) -> ChiSquare:
    """A single category gives 0 and p = 1.

    Sparse where a count expected in the pooled table is below 1, or more than a fifth of them below 5
    (Cochran 1954, "Some methods for strengthening the common χ² tests", Biometrics 10).
    """
    with np.errstate(divide="ignore"):
        statistic = math.fsum(((observed - expected) ** 2 / expected).ravel().tolist())
    degrees, pooled = len(bins.reference.likely) - 1, _expected(bins)
    sparse = degrees > 0 and bool(pooled.min() < 1 or (pooled < 5).mean() > 0.2)  # noqa: PLR2004 (Cochran's rule)
    return ChiSquare(statistic, float(chdtrc(degrees, statistic)) if degrees else 1.0, sparse)


def _by_paths(size: float, n: int, m: int) -> float:
    """The share of the orders of n and m values in which the two cumulative shares are `size` apart somewhere.

    An order is a path of n + m steps: after t of them, i of the first side's values and t - i of the other's are
    passed, and each remaining value is as likely to be the next. The paths that leave the band are counted out
    (Hodges 1958, "The significance probability of the Smirnov two-sample test", Arkiv för Matematik 3).
    """
    steps, far = n + m, round(size * n * m)
    if far == 0:
        return 1.0
    inside, first, gone = np.ones(1), 0, 0.0
    for t in range(1, steps + 1):
        passed = np.arange(first, first + len(inside))
        ours = inside * ((n - passed) / (steps - t + 1))
        after = np.append(inside - ours, 0.0)
        after[1:] += ours
        low = max(first, -((far - 1 - t * n) // steps))  # i·m - (t-i)·n = i·steps - t·n is within ±(far - 1)
        high = min(first + len(inside), (far - 1 + t * n) // steps)
        if low > high:
            return 1.0
        gone += float(after[: low - first].sum() + after[high - first + 1 :].sum())
        inside, first = after[low - first : high - first + 1], low
    return min(gone, 1.0)


def _in_the_limit(size: float, n: int, m: int) -> float:
    """The one-sample distribution for `nm / (n + m)` values, rounded, by its expansion in their root.

    Within 1e-5 of `scipy.stats.kstwo` from 50 values on, and within 1e-8 from 1,000 on. Source: Pelz and Good 1976,
    "Approximating the lower tail-areas of the Kolmogorov-Smirnov one-sample statistic", JRSS B 38, 152-156.
    """
    values = max(round(n * m / (n + m)), 1)
    z = math.sqrt(values) * size
    if z < 0.1:  # noqa: PLR2004 (there the probability is 1 to the last bit)
        return 1.0
    u, v = (((np.arange(40) + start) * math.pi) ** 2 for start in (0.5, 1.0))
    q, r = np.exp(-u / (2 * z**2)), np.exp(-v / (2 * z**2))
    terms = (
        (1 / z) * q.sum(),
        ((u - z**2) * q).sum() / (6 * z**4),
        ((6 * z**6 + 2 * z**4 + (2 * z**4 - 5 * z**2) * u + (1 - 2 * z**2) * u**2) * q).sum() / (72 * z**7)
        - (v * r).sum() / (36 * z**3),
        (
            (
                -30 * z**6
                - 90 * z**8
                + (135 * z**4 - 96 * z**6) * u
                + (212 * z**4 - 60 * z**2) * u**2
                + (5 - 30 * z**2) * u**3
            )
            * q
        ).sum()
        / (6480 * z**10)
        + ((3 * z**2 - v) * v * r).sum() / (216 * z**6),
    )
    below: float = math.sqrt(2 * math.pi) * sum(float(term) / values ** (at / 2) for at, term in enumerate(terms))
    return min(max(1 - below, 0.0), 1.0)
