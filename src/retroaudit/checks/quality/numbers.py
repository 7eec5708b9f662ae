"""Metrics of numbers and times: answered from exact sums, and from the order of the values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from retroaudit.checks.quality.asked import Answer, Asked
from retroaudit.checks.quality.ranks import Ranks, histogram
from retroaudit.checks.quality.typed import NUMBERS, from_number
from retroaudit.measures import counts, grid, moments
from retroaudit.measures.measure import State


def mean(asked: Asked, counted: State, summed: State) -> Answer:
    """NaN without values; of times, a time."""
    infinite = _infinite(counted)
    found = moments.finish(summed).mean if infinite is None else infinite
    return Answer(math.nan if found is None else found if asked.kind in NUMBERS else _typed(asked, found))


def total(asked: Asked, counted: State, summed: State) -> Answer:
    """Their sum, rounded once; of integers and Booleans exact."""
    infinite = _infinite(counted)
    if infinite is not None:
        return Answer(infinite)
    exact = Fraction(*(int(part, 16) for part in summed["sum"].item().split("/")))
    return Answer(int(exact) if asked.kind in {"integer", "boolean"} else float(exact))


def deviation(_: Asked, counted: State, summed: State) -> Answer:
    """The standard deviation with n - 1; NaN of fewer than two values, and beside infinities."""
    found = moments.finish(summed).sample_variance
    return Answer(math.nan if found is None or _infinite(counted) is not None else math.sqrt(found))


def least(asked: Asked, *states: State) -> Answer:
    """The least value; NaN without values."""
    ranks = _ranks(*states)
    return Answer(_typed(asked, ranks.at(0)[1]) if ranks.n else math.nan)


def greatest(asked: Asked, *states: State) -> Answer:
    """The greatest value; NaN without values."""
    ranks = _ranks(*states)
    return Answer(_typed(asked, ranks.at(ranks.n - 1)[1]) if ranks.n else math.nan)


def median(asked: Asked, *states: State) -> Answer:
    """The value in the middle, or half way between two."""
    found = _ranks(*states).quantile(0.5)
    low, value, high = (each if asked.kind in NUMBERS else _typed(asked, each) for each in found)
    return Answer(value, low, high)


def quantiles(asked: Asked, *states: State) -> Answer:
    """One for each of `quantiles`: observed values, unless `allow_relative_error` names another interpolation."""
    how = asked.values.get("allow_relative_error") or "nearest"
    plain = how in {"linear", "midpoint"} and asked.kind in NUMBERS
    found = [_ranks(*states).quantile(share, how) for share in asked.values["quantiles"]]
    low, value, high = ([each if plain else _typed(asked, each) for each in side] for side in zip(*found, strict=True))
    return Answer(value, low, high)


def bins(asked: Asked, *states: State) -> Answer:
    """How many values each of `bins` holds; the last one is closed."""
    low, value, high = histogram(_ranks(*states), asked.values["bins"])
    return Answer(value, low, high)


def one_sided(asked: Asked, *states: State) -> Answer:
    """How many values lie on one side of a bound: GX asks this with one bound alone."""
    end = "max" if asked.values.get("min_value") is None else "min"
    point = asked.values[f"{end}_value"]
    compare = (np.less_equal, np.less) if end == "max" else (np.greater_equal, np.greater)
    test = compare[bool(asked.values.get(f"strict_{end}"))]
    low, value, high = _ranks(*states).count(lambda values: test(values, point))
    return Answer(np.int64(value), low, high)  # by nothing, NumPy divides


def far(asked: Asked, counted: State, gridded: State, summed: State) -> Answer:
    """How many values are not under a threshold of deviations from the mean."""
    center, spread = (each(asked, counted, summed).value for each in (mean, deviation))
    if not spread > 0:
        return Answer(0)
    ranks, limit = _ranks(counted, gridded), asked.values["threshold"]
    if not asked.values.get("double_sided", True):
        low, value, high = ranks.count(lambda values: (values - center) / spread >= limit)
        return Answer(value, low, high)
    above = ranks.count(lambda values: (values - center) / spread >= abs(limit))
    return _either(above, ranks.count(lambda values: (values - center) / spread <= -abs(limit)), ranks.n)


def outliers(asked: Asked, counted: State, gridded: State, summed: State) -> Answer:
    """How many values lie too far beyond the quartiles, or at least so many deviations from the mean."""
    method, times = asked.values.get("method", "iqr"), asked.values.get("multiplier", 1.5)
    ranks = _ranks(counted, gridded)
    if method == "iqr":
        first, third = (ranks.quantile(share) for share in (0.25, 0.75))
        unit = (third[0] - first[2], third[1] - first[1], third[2] - first[0])
    else:
        center, spread = (each(asked, counted, summed).value for each in (mean, deviation))
        first, third, unit = (center,) * 3, (center,) * 3, (spread,) * 3
    if not all(map(math.isfinite, (*first, *third))) or not math.isfinite(unit[1]):
        return Answer(0)
    starts = [end - times * width for end, width in zip(first, reversed(unit), strict=True)]
    stops = [end + times * width for end, width in zip(third, unit, strict=True)]
    less, more = (np.less, np.greater) if method == "iqr" or times * unit[1] <= 0 else (np.less_equal, np.greater_equal)
    under = [ranks.count(lambda values, point=point: less(values, point)) for point in starts]  # type: ignore[misc]
    above = [ranks.count(lambda values, point=point: more(values, point)) for point in reversed(stops)]  # type: ignore[misc]
    return _either([under[side][side] for side in range(3)], [above[side][side] for side in range(3)], ranks.n)


def _infinite(state: State) -> float | None:
    """What infinities make of a sum; None where there are none."""
    found = counts.finish(state)
    if found.pos_inf and found.neg_inf:
        return math.nan
    return math.inf if found.pos_inf else -math.inf if found.neg_inf else None


def _ranks(counted: State, gridded: State) -> Ranks:
    return Ranks(counts.finish(counted), grid.finish(gridded))


def _typed(asked: Asked, number: float) -> Any:
    return from_number(asked.types[asked.columns[0]])(number) if math.isfinite(number) else number


def _either(above: Sequence[int], under: Sequence[int], n: int) -> Answer:
    low, value, high = (min(a + b, n) for a, b in zip(above, under, strict=True))
    return Answer(value, low, high)
