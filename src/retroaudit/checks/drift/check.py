"""Whether the features are distributed as in the reference: every distance, one of them judged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from retroaudit.checks.drift import noise
from retroaudit.checks.drift.bins import binned, counted
from retroaudit.checks.drift.distances import (
    NO_VALUES,
    Categories,
    Distance,
    chi2,
    jensenshannon,
    jensenshannon_of_buckets,
    ks,
    psi,
    undefined,
    wasserstein,
)
from retroaudit.checks.metric import Metric, Threshold, Verdict
from retroaudit.checks.words import too_few
from retroaudit.measures import categories, grid
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import ColumnType, Spec

_STATES: Mapping[ColumnType, tuple[str, ...]] = {"numeric": ("grid", "moments"), "categorical": ("categories",)}
_NOTHING = "no rows were measured"
_MANY = "there are more categories than can be told apart"
_SPARSE = "an expected count is below 1, or more than a fifth of them below 5: no p-value to trust (Cochran 1954)"


@dataclass(frozen=True)
class _Compared:
    """A column's distances, the noise floors of those that have one, and the values on both sides."""

    distances: Mapping[str, Distance]
    floors: Mapping[str, float]
    before: int
    now: int


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
    must be at least that. The interval is numerical only. The judged distance is insufficient, and printed all
    the same, with fewer than `fairness.min_rows` values in the window or the reference, and where the two are so
    few that chance could explain the verdict (`noise`); the reason says how many it takes. Without a reference a
    feature is skipped.

    `n` counts the window's values. A row's `reference` is None: a distance has no value of the reference's own.
    """
    metrics: list[Metric] = []
    for column in sorted(spec.columns.features):
        if reference is None:
            metrics.append(_without(spec, column, Verdict.SKIPPED, "no reference"))
            continue
        compare = _numeric if spec.columns.features[column] == "numeric" else _categorical
        compared = compare(column, profile, reference, spec.confidence)
        if compared is None:
            metrics.append(_without(spec, column, Verdict.INSUFFICIENT, _NOTHING))
        else:
            metrics += _metrics(spec, column, compared)
    return metrics


def _method(spec: Spec, column: str) -> tuple[str, Threshold]:
    """The metric that is judged, and what it is allowed to be."""
    drift = spec.drift.numeric if spec.columns.features[column] == "numeric" else spec.drift.categorical
    if drift.method == "chi2":
        return "chi2_pvalue", Threshold(min=drift.threshold)
    return drift.method, Threshold(max=drift.threshold)


def _numeric(column: str, profile: Profile, reference: Profile, confidence: float) -> _Compared | None:
    states = [side.state("grid", column) for side in (reference, profile)]
    if states[0] is None or states[1] is None:
        return None
    before, now = grid.finish(states[0]), grid.finish(states[1])
    aligned = grid.align(states[0], states[1])
    bins, sigma = binned(before, now), _sigma(reference, column)
    distances = {
        "wasserstein": wasserstein(*aligned, sigma),
        "jensenshannon": jensenshannon(bins),
        "psi": psi(bins),
        "ks": ks(*aligned),
    }
    floors = (
        {}
        if bins is None
        else {
            "wasserstein": noise.wasserstein(before, now.n, sigma or 0.0, confidence),
            "jensenshannon": noise.jensenshannon(bins, confidence),
            "psi": noise.psi(bins, confidence),
            "ks": noise.ks(before.n, now.n, confidence),
        }
    )
    return _Compared(distances, floors, before.n, now.n)


def _sigma(reference: Profile, column: str) -> float | None:
    """The standard deviation of the reference; None where it is beyond the largest float."""
    moments = reference.moments(column)
    return None if moments is None or moments.variance is None else math.sqrt(moments.variance)


def _categorical(column: str, profile: Profile, reference: Profile, confidence: float) -> _Compared | None:
    states = [side.state("categories", column) for side in (reference, profile)]
    if states[0] is None or states[1] is None:
        return None
    before, now = categories.align(states[0], states[1])
    bins = counted(before.counts, now.counts, apart=before.exact)
    if before.exact:
        distances = {"jensenshannon": jensenshannon(bins), "psi": psi(bins), **_chi2(before.counts, now.counts)}
    else:
        unknown = dict.fromkeys(("psi", "chi2", "chi2_pvalue"), undefined(_MANY))
        distances = {"jensenshannon": jensenshannon_of_buckets(bins), **unknown}
    floors = (
        {}
        if bins is None
        else {
            "jensenshannon": noise.jensenshannon(bins, confidence),
            "psi": noise.psi(bins, confidence),
        }
    )
    known = (sum(count for name, count in side.counts.items() if name is not None) for side in (before, now))
    return _Compared(distances, floors, *known)


def _chi2(before: Categories, now: Categories) -> dict[str, Distance]:
    """The statistic and its p-value; a p-value that is not to be trusted has no bounds."""
    tested = chi2(before, now)
    if tested is None:
        return {"chi2": NO_VALUES, "chi2_pvalue": NO_VALUES}
    statistic, pvalue = tested.statistic, tested.pvalue
    untrusted = Distance(pvalue, -math.inf, math.inf, _SPARSE)
    trusted = Distance(pvalue, pvalue, pvalue)
    return {"chi2": Distance(statistic, statistic, statistic), "chi2_pvalue": untrusted if tested.sparse else trusted}


def _metrics(spec: Spec, column: str, compared: _Compared) -> Iterator[Metric]:
    judged, threshold = _method(spec, column)
    needed = spec.fairness.min_rows
    sides = {"window": compared.now, "reference": compared.before}
    few = "; ".join(f"{side}: {too_few(rows, needed)}" for side, rows in sides.items() if rows < needed)
    for metric, distance in compared.distances.items():
        doubt = few or (_doubt(metric, compared, threshold) if metric == judged else "")
        yield Metric(
            check="drift",
            metric=metric,
            subject=column,
            value=_finite(distance.value),
            low=_finite(distance.low),
            high=_finite(distance.high),
            n=compared.now,
            threshold=threshold if metric == judged else None,
            verdict=Verdict.INSUFFICIENT if doubt and metric == judged else None,
            reason="; ".join(dict.fromkeys(part for part in (doubt, distance.reason) if part)),
        )


def _doubt(metric: str, compared: _Compared, threshold: Threshold) -> str:
    """Why the judged distance says nothing: nothing where it does.

    Without a finite bound it can fail, where its other bound is not allowed, and not pass.
    """
    distance, floor = compared.distances[metric], compared.floors.get(metric, 0.0)
    most = threshold.max if threshold.max is not None else math.inf
    if math.isfinite(distance.value) and noise.verdict_is_open(distance.low, most, floor):
        return noise.shortfall(floor, most, compared.before, compared.now, power=1.0 if metric == "psi" else 0.5)
    bounded = math.isfinite(distance.low) and math.isfinite(distance.high)
    return "" if bounded or distance.low > most else distance.reason


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _without(spec: Spec, column: str, verdict: Verdict, reason: str) -> Metric:
    judged, threshold = _method(spec, column)
    return Metric(check="drift", metric=judged, subject=column, threshold=threshold, verdict=verdict, reason=reason)
