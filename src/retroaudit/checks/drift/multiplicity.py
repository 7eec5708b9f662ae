"""P-values of many tests: the false discovery rate of all that the plan names.

The family is every judged p-value of the audit, as the spec names them before anything is read: what turned out
skipped or insufficient was planned too and counts as a test that found nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from retroaudit.checks.mass import Floats
from retroaudit.checks.metric import Metric

_P_VALUES = frozenset({"ks_pvalue", "chisquare_pvalue", "homogeneity_pvalue"})


def adjusted(metrics: Sequence[Metric]) -> Iterator[Metric]:
    """The metrics, with each judged p-value followed by `<name>_adjusted`, which is judged in its place.

    The p-value itself stays without a threshold; a test without one has the adjusted row alone, with its reason.
    Bounds are those of the family's bounds, since an adjusted value never falls when a p-value rises.
    """
    family = [metric for metric in metrics if metric.metric in _P_VALUES and metric.threshold]
    values = benjamini_hochberg(np.array([_of(metric, metric.value) for metric in family]))
    lows = benjamini_hochberg(np.array([_of(metric, metric.low) for metric in family]))
    highs = benjamini_hochberg(np.array([_of(metric, metric.high) for metric in family]))
    places = {id(metric): place for place, metric in enumerate(family)}
    for metric in metrics:
        place = places.get(id(metric))
        if place is None:
            yield metric
            continue
        if metric.value is not None:
            yield replace(metric, threshold=None, verdict=None)
        value, low, high = (None if metric.verdict else float(each[place]) for each in (values, lows, highs))
        yield replace(
            metric,
            metric=f"{metric.metric}_adjusted",
            value=value,
            low=low,
            high=high,
            reason="; ".join(filter(None, (metric.reason, f"Benjamini-Hochberg over {len(family)} planned tests"))),
        )


def benjamini_hochberg(pvalues: Floats) -> Floats:
    """Each p-value adjusted: the least rate of false discoveries at which it would be one.

    `min over the p-values q not below it of q · m / rank(q)`, at most 1. Holds for independent and for positively
    dependent tests; for any dependence Benjamini and Yekutieli multiply by `1 + 1/2 + … + 1/m` (2001, Annals of
    Statistics 29). Source: Benjamini and Hochberg 1995, JRSS B 57, 289-300. Origin: R's `p.adjust`.
    """
    m = len(pvalues)
    order = np.argsort(pvalues, kind="stable")[::-1]
    scaled = pvalues[order] * m / np.arange(m, 0, -1)
    found = np.empty(m)
    found[order] = np.minimum.accumulate(np.minimum(scaled, 1.0))
    return found


def _of(metric: Metric, pvalue: float | None) -> float:
    return 1.0 if metric.verdict or pvalue is None else pvalue
