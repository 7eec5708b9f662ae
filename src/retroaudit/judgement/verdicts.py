"""The one place where a number becomes a verdict (law 4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from retroaudit.checks.metric import Metric, Threshold, Verdict

_WORST_FIRST = (Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.INSUFFICIENT, Verdict.PASSED)
_DECIDED = frozenset({Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE})
_ABOUT_THE_DATA_ALONE = "coverage"


def decide(metric: Metric) -> Metric:
    """Give a metric with a threshold its verdict from its interval.

    Passed where the whole interval is allowed, failed where none of it is, inconclusive where it spans a
    bound. A bound itself is allowed. Without a value it is insufficient, a null never passes: unless what is
    known of the interval lies outside, as of a ratio to a rate of 0, which has a low end and no other. A verdict
    that the check set (insufficient, skipped) stays, and so does the absence of one where nothing was asked.
    """
    if metric.verdict is not None or metric.threshold is None:
        return metric
    value = metric.value if metric.value is not None and math.isfinite(metric.value) else None
    low = next((end for end in (metric.low, value) if end is not None), -math.inf)
    high = next((end for end in (metric.high, value) if end is not None), math.inf)
    verdict = _place(low, high, metric.threshold)
    if value is None and verdict is not Verdict.FAILED:
        return replace(metric, value=None, verdict=Verdict.INSUFFICIENT, reason=metric.reason or "there is no value")
    return replace(metric, value=value, verdict=verdict)


def _place(low: float, high: float, threshold: Threshold) -> Verdict:
    least = -math.inf if threshold.min is None else threshold.min
    most = math.inf if threshold.max is None else threshold.max
    if least <= low and high <= most:
        return Verdict.PASSED
    if high < least or low > most:
        return Verdict.FAILED
    return Verdict.INCONCLUSIVE


def with_nothing_checked_failed(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    """Add a failed metric where nothing but the completeness of the data was checked.

    An audit that checked nothing fails: knowing that all files are there says nothing about the model, and too
    few rows are no check. Where something failed already (a night is missing), that is the reason to be told.
    """
    checked = any(metric.check != _ABOUT_THE_DATA_ALONE and metric.verdict in _DECIDED for metric in metrics)
    if checked or any(metric.verdict is Verdict.FAILED for metric in metrics):
        return tuple(metrics)
    nothing = Metric(
        check=_ABOUT_THE_DATA_ALONE,
        metric="checked_metrics",
        value=0.0,
        low=0.0,
        high=0.0,
        threshold=Threshold(min=1.0),
        verdict=Verdict.FAILED,
        reason="nothing about the model was checked: no metric had both a value and a threshold",
    )
    return (*metrics, nothing)


def worst(metrics: Iterable[Metric]) -> Verdict:
    """The verdict of the whole: the worst of failed > inconclusive > insufficient > passed.

    Metrics without a verdict and skipped ones do not count; with nothing left, it is failed.
    """
    verdicts = {metric.verdict for metric in metrics}
    return next((verdict for verdict in _WORST_FIRST if verdict in verdicts), Verdict.FAILED)
