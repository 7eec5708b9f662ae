"""What Great Expectations said of an expectation, as numbers with thresholds.

Where it asks how many values are as expected, the value is their share, and `mostly` is the threshold; where it bounds
a number, the value is that number. Others hold (1) or do not (0). The window is a census of its rows, so
`low = high = value`, unless the states only bound the number: then the interval is what they say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeGuard

from retroaudit.checks.metric import Metric, Threshold
from retroaudit.spec.model import Expectation

if TYPE_CHECKING:
    from retroaudit.checks.quality.gx.validate import Outcome


def numbers(place: Metric, expectation: Expectation, outcome: Outcome, values: int | None) -> Iterator[Metric]:
    """The metrics of an expectation that was judged, at its place; `values` is how many values it judged."""
    kwargs, result = expectation.kwargs, outcome.result
    observed, threshold = result.get("observed_value"), _threshold(kwargs)
    if "element_count" in result and values:
        yield _share(place, kwargs, outcome, values)
    elif "quantile_ranges" in kwargs:
        yield from _quantiles(place, kwargs["quantile_ranges"], outcome, values)
    elif _is_number(observed) and threshold and not (outcome.inexact and outcome.bounds is None):
        low, high = outcome.bounds or (observed, observed)
        yield replace(place, value=float(observed), low=float(low), high=float(high), n=values, threshold=threshold)
    else:
        yield _held(place, outcome, values)


def _share(place: Metric, kwargs: Mapping[str, Any], outcome: Outcome, values: int) -> Metric:
    """The share of values as expected: computed as GX does, so that it is judged alike at the edge of `mostly`."""
    unexpected = int(outcome.result["unexpected_count"])
    least, most = map(int, outcome.bounds or (unexpected, unexpected))
    low, value, high = ((values - count) / values for count in (most, unexpected, least))
    threshold = Threshold(min=float(kwargs.get("mostly", 1.0)))
    return replace(place, value=value, low=low, high=high, n=values, threshold=threshold)


def _quantiles(place: Metric, ranges: Mapping[str, Any], outcome: Outcome, values: int | None) -> Iterator[Metric]:
    """One metric for each quantile that is bounded."""
    found = outcome.result["observed_value"]["values"]
    lows, highs = outcome.bounds or (found, found)
    asked = zip(ranges["quantiles"], ranges["value_ranges"], found, lows, highs, strict=True)
    for q, (least, most), value, low, high in asked:
        slice_ = (*place.slice, ("quantile", f"{q:g}"))
        if all(bound is None or _is_number(bound) for bound in (least, most, value, low, high)):
            at = replace(place, slice=slice_, n=values, threshold=Threshold(least, most))
            yield replace(at, value=float(value), low=float(low), high=float(high))
        else:  # of times: GX's word for all of them
            yield _held(replace(place, slice=slice_), outcome, values)


def _held(place: Metric, outcome: Outcome, values: int | None) -> Metric:
    """Whether it holds; what rests on bounds alone may or may not."""
    holds = 1.0 if outcome.success else 0.0
    low, high = (0.0, 1.0) if outcome.inexact else (holds, holds)
    return replace(place, value=holds, low=low, high=high, n=values, threshold=Threshold(min=1.0))


def _threshold(kwargs: Mapping[str, Any]) -> Threshold | None:
    """The closed range that is allowed; a strict bound is the next number within. None where none is given."""
    if _is_number(kwargs.get("value")):
        return Threshold(kwargs["value"], kwargs["value"])
    least, most = kwargs.get("min_value"), kwargs.get("max_value", kwargs.get("threshold"))
    if not all(bound is None or _is_number(bound) for bound in (least, most)) or least is most is None:
        return None
    if least is not None and kwargs.get("strict_min"):
        least = math.nextafter(least, math.inf)
    if most is not None and kwargs.get("strict_max"):
        most = math.nextafter(most, -math.inf)
    return Threshold(least, most)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
