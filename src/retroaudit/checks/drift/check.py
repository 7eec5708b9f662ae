"""Whether the features are distributed as in the reference: every distance, one of them judged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from retroaudit.checks.drift.distances import (
    Distance,
    chi2,
    jensenshannon,
    jensenshannon_of_categories,
    ks,
    psi,
    psi_of_categories,
    wasserstein,
)
from retroaudit.checks.metric import Metric, Threshold, Verdict
from retroaudit.checks.words import too_few
from retroaudit.measures import grid
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import ColumnType, Spec

_STATES: Mapping[ColumnType, tuple[str, ...]] = {"numeric": ("grid", "moments"), "categorical": ("categories",)}
_NOTHING = "no rows were measured"


def needs(spec: Spec) -> frozenset[Need]:
    """A grid and moments for each numeric feature, categories for the others; nothing without a reference."""
    if spec.reference is None:
        return frozenset()
    return frozenset(
        Need(measure, (column,)) for column, kind in spec.columns.features.items() for measure in _STATES[kind]
    )


def check(spec: Spec, profile: Profile, reference: Profile | None) -> list[Metric]:
    """All distances of `checks.drift.distances` for each feature, in the order of their names.

    The spec's method has the threshold: the distance may be at most that; for `chi2` it is the p-value, and it
    must be at least that. The interval is numerical only. With fewer than `fairness.min_rows` values in the
    window or the reference a feature is insufficient, and its distances are printed all the same. Without a
    reference it is skipped.
    """
    metrics: list[Metric] = []
    for column in sorted(spec.columns.features):
        if reference is None:
            metrics.append(_without(spec, column, Verdict.SKIPPED, "no reference"))
        elif spec.columns.features[column] == "numeric":
            metrics += _numeric(spec, column, profile, reference)
        else:
            metrics += _categorical(spec, column, profile, reference)
    return metrics


def _method(spec: Spec, column: str) -> tuple[str, Threshold]:
    """The metric that is judged, and what it is allowed to be."""
    if spec.columns.features[column] == "numeric":
        return spec.drift.numeric.method, Threshold(max=spec.drift.numeric.threshold)
    if spec.drift.categorical.method == "chi2":
        return "chi2_pvalue", Threshold(min=spec.drift.categorical.threshold)
    return spec.drift.categorical.method, Threshold(max=spec.drift.categorical.threshold)


def _numeric(spec: Spec, column: str, profile: Profile, reference: Profile) -> Iterator[Metric]:
    states = [side.state("grid", column) for side in (reference, profile)]
    if states[0] is None or states[1] is None:
        yield _without(spec, column, Verdict.INSUFFICIENT, _NOTHING)
        return
    before, now = grid.align(states[0], states[1])
    moments = reference.moments(column)
    sigma = math.sqrt(moments.variance) if moments and moments.variance is not None else 0.0
    distances = {
        "wasserstein": wasserstein(before, now, sigma),
        "jensenshannon": jensenshannon(before, now),
        "psi": psi(before, now),
        "ks": ks(before, now),
    }
    yield from _metrics(spec, column, distances, before.n, now.n)


def _categorical(spec: Spec, column: str, profile: Profile, reference: Profile) -> Iterator[Metric]:
    before, now = reference.categories(column), profile.categories(column)
    if before is None or now is None:
        yield _without(spec, column, Verdict.INSUFFICIENT, _NOTHING)
        return
    if not (before.exact and now.exact):
        reason = "there are more categories than can be told apart"
        yield _without(spec, column, Verdict.INSUFFICIENT, reason)
        return
    tested = chi2(before.counts, now.counts)
    distances = {
        "jensenshannon": jensenshannon_of_categories(before.counts, now.counts),
        "psi": psi_of_categories(before.counts, now.counts),
        "chi2": _exact(tested.statistic if tested else math.nan),
        "chi2_pvalue": _exact(tested.pvalue if tested else math.nan),
    }
    known = [sum(count for name, count in side.counts.items() if name is not None) for side in (before, now)]
    yield from _metrics(spec, column, distances, *known)


def _exact(value: float) -> Distance:
    return Distance(value, value, value)


def _metrics(spec: Spec, column: str, distances: Mapping[str, Distance], before: int, now: int) -> Iterator[Metric]:
    judged, threshold = _method(spec, column)
    needed = spec.fairness.min_rows
    few = [
        f"{place}: {too_few(rows, needed)}" for place, rows in (("window", now), ("reference", before)) if rows < needed
    ]
    for metric, distance in distances.items():
        known = math.isfinite(distance.high)
        reason = "; ".join(few) or ("" if known else "the values are too far apart for their distance to be computed")
        yield Metric(
            check="drift",
            metric=metric,
            subject=column,
            value=distance.value if known else None,
            low=distance.low if known else None,
            high=distance.high if known else None,
            n=now,
            threshold=threshold if metric == judged else None,
            verdict=Verdict.INSUFFICIENT if reason else None,
            reason=reason,
        )


def _without(spec: Spec, column: str, verdict: Verdict, reason: str) -> Metric:
    judged, threshold = _method(spec, column)
    return Metric(check="drift", metric=judged, subject=column, threshold=threshold, verdict=verdict, reason=reason)
