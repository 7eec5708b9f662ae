"""Confidence intervals of proportions, of their differences and of their ratios.

All are score intervals: they stay inside the values that are possible, and hold at zero, at one and in small
groups, where the textbook (Wald) intervals do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

_HALVINGS = 200  # more than the 64 bits of a float can use; bisection stops by itself before


def wilson(successes: int, n: int, confidence: float) -> tuple[float, float]:
    """Wilson's score interval of `successes / n`.

    `(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)`. No successes give a low of exactly 0, no failures a
    high of exactly 1, and no rows (0, 1): nothing is known. Source: Wilson 1927, JASA 22, 209-212.

    >>> wilson(0, 10, 0.95)
    (0.0, 0.27753279986288915)
    """
    if n == 0:
        return 0.0, 1.0
    z = _deviate(confidence)
    share = successes / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if successes == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if successes == n else min(1.0, (centre + half) / scale)
    return low, high


def newcombe(successes: int, n: int, other_successes: int, other_n: int, confidence: float) -> tuple[float, float]:
    """Newcombe's hybrid score interval of `successes / n - other_successes / other_n`.

    With `p, l, u` and `q, m, v` the rates and their Wilson limits: from `p-q - √((p-l)² + (v-q)²)` to
    `p-q + √((u-p)² + (q-m)²)`. Where either side has no rows: (-1, 1).
    Source: Newcombe 1998, Statistics in Medicine 17, 873-890, method 10.
    """
    if n == 0 or other_n == 0:
        return -1.0, 1.0
    rate, other = successes / n, other_successes / other_n
    low, high = wilson(successes, n, confidence)
    other_low, other_high = wilson(other_successes, other_n, confidence)
    difference = rate - other
    return (
        max(-1.0, difference - math.hypot(rate - low, other_high - other)),
        min(1.0, difference + math.hypot(high - rate, other - other_low)),
    )


def ratio(successes: int, n: int, other_successes: int, other_n: int, confidence: float) -> tuple[float, float]:
    """Koopman's asymptotic score interval of `(successes / n) / (other_successes / other_n)`.

    All ratios that a chi-square test of the two samples does not reject. Without successes it begins at 0;
    without successes on the other side it has no end (`inf`); without either, or without rows, it is (0, inf).
    Source: Koopman 1984, Biometrics 40, 513-517; recommended for all sample sizes by Fagerland, Lydersen and
    Laake 2015, Statistical Methods in Medical Research 24, 224-254.
    """
    if n == 0 or other_n == 0:
        return 0.0, math.inf
    z = _deviate(confidence)

    def rejected(theta: float) -> bool:
        return _score(theta, successes, n, other_successes, other_n) > z * z

    estimate = _estimate(successes, n, other_successes, other_n)
    low = 0.0 if successes == 0 else _boundary(rejected, inside=estimate, outward=0.5)
    high = math.inf if other_successes == 0 else _boundary(rejected, inside=estimate, outward=2.0)
    return low, high


def _deviate(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def _estimate(successes: int, n: int, other_successes: int, other_n: int) -> float:
    """A ratio that the test cannot reject; half a success stands for none."""
    return (max(successes, 0.5) / n) / (max(other_successes, 0.5) / other_n)


def _score(theta: float, x: int, n: int, y: int, m: int) -> float:
    """The chi-square statistic of the hypothesis that the ratio is `theta`.

    `(x/n - θ y/m)² / (p(1-p)/n + θ² q(1-q)/m)` with `p = θq` the likeliest rates under the hypothesis: Koopman's
    statistic in the form of Miettinen and Nurminen 1985, Statistics in Medicine 4, 213-226 (without their
    correction). The root of the quadratic for `q` is written so that nothing cancels.
    """
    b = theta * (n + y) + m + x
    q = 2 * (x + y) / (b + math.sqrt(max(0.0, b * b - 4 * theta * (n + m) * (x + y))))
    p = min(1.0, theta * q)
    distance = x / n - theta * y / m
    spread = p * (1 - p) / n + theta * theta * q * (1 - q) / m
    if distance == 0:
        return 0.0
    return distance * distance / spread if spread > 0 else math.inf


def _boundary(rejected: Callable[[float], bool], *, inside: float, outward: float) -> float:
    """Where the ratios begin to be rejected: found by steps outward, then by bisection."""
    outside = inside * outward
    while not rejected(outside):
        inside, outside = outside, outside * outward
    for _ in range(_HALVINGS):
        middle = inside + (outside - inside) / 2
        if middle in {inside, outside}:
            break
        inside, outside = (inside, middle) if rejected(middle) else (middle, outside)
    return outside
