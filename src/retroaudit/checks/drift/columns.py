"""The distances of one column between the window and a reference, and which of them is judged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from retroaudit.checks.drift import distances as d
from retroaudit.checks.drift import noise
from retroaudit.checks.drift.bins import binned, by_distinct, counted
from retroaudit.checks.drift.distances import Distance
from retroaudit.checks.drift.gaps import gaps
from retroaudit.checks.drift.pair import NO_ROWS, Pair
from retroaudit.checks.drift.significance import Categories, chisquare, homogeneity, ks_pvalue
from retroaudit.checks.metric import Metric, Threshold, Verdict
from retroaudit.measures.grid import Grid
from retroaudit.spec.model import ColumnType, Spec

_MANY = "there are more categories than can be told apart"
_UNBOUNDED = frozenset({"psi", "kl_div"})  # of these noise shrinks as 1/n, of distances as its root


@dataclass(frozen=True)
class Compared:
    """A column's distances, the noise floors of those that have one, and the values on both sides."""

    distances: Mapping[str, Distance]
    floors: Mapping[str, float]
    before: int
    now: int


def feature(pair: Pair, column: str, kind: ColumnType) -> Iterator[Metric]:
    """All distances of a column; one that was not measured is insufficient."""
    compared = _numeric(pair, column) if kind == "numeric" else _categorical(pair, column)
    if compared is None:
        judged, threshold = method(pair.spec, kind)
        yield Metric.insufficient("drift", judged, NO_ROWS, subject=column, slice=pair.where, threshold=threshold)
    else:
        yield from metrics(pair, column, kind, compared)


def method(spec: Spec, kind: ColumnType) -> tuple[str, Threshold]:
    """The metric that is judged, and what it is allowed to be."""
    drift = spec.drift.numeric if kind == "numeric" else spec.drift.categorical
    if drift.method in {"chisquare", "homogeneity"}:
        return f"{drift.method}_pvalue", Threshold(min=drift.threshold)
    if drift.method == "ks_pvalue":
        return drift.method, Threshold(min=drift.threshold)
    return drift.method, Threshold(max=drift.threshold)


def of_grids(
    before: Grid, now: Grid, sigma: float | None, confidence: float, now_sigma: float | None = None
) -> Compared:
    """The distances of two numeric distributions; `sigma` is the reference's deviation, None if beyond a float."""
    between, bins, choices = gaps(before, now), binned(before, now), by_distinct(before, now)
    statistic = d.ks(between)
    distances = {
        "wasserstein": d.wasserstein(between, sigma),
        "jensenshannon": d.jensenshannon(bins),
        "psi": d.psi(bins),
        "ks": statistic,
        "ks_pvalue": ks_pvalue(statistic, before.n, now.n),
        "kl_div": d.kl_div(bins),
        "hellinger": d.hellinger(choices),
    }
    floors = (
        {}
        if bins is None
        else {
            "wasserstein": max(
                noise.wasserstein(before, now.n, sigma or 0.0, confidence),
                noise.wasserstein(now, before.n, now_sigma or 0.0, confidence)
                * (max(now_sigma or 0.0, d.NORM_FLOOR) / max(sigma or 0.0, d.NORM_FLOOR)),
            ),
            "jensenshannon": noise.jensenshannon(bins, confidence),
            "psi": noise.psi(bins, confidence),
            "ks": noise.ks(before.n, now.n, confidence),
            "kl_div": noise.psi(bins, confidence),
            "hellinger": noise.hellinger(choices[0], confidence),
        }
    )
    return Compared(distances, floors, before.n, now.n)


def of_counts(before: Categories, now: Categories, confidence: float, *, exact: bool = True) -> Compared:
    """The distances of two categorical distributions; not `exact` are buckets of many categories."""
    bins = counted(before, now, apart=exact)
    apart = {
        "jensenshannon": d.jensenshannon(bins),
        "hellinger": d.hellinger([bins] if bins else []),
        "TVD": d.tvd(bins),
    }
    greatest = {"jensenshannon": math.sqrt(math.log(2)), "hellinger": 1.0, "TVD": 1.0}
    tests = ("chisquare", "chisquare_pvalue", "homogeneity", "homogeneity_pvalue")
    unknown = dict.fromkeys(("psi", "kl_div", *tests), d.undefined(_MANY))
    found = (
        {**apart, "psi": d.psi(bins), "kl_div": d.kl_div(bins), **_tests(before, now)}
        if exact
        else {**{name: d.of_buckets(least, greatest[name]) for name, least in apart.items()}, **unknown}
    )
    floors = (
        {}
        if bins is None
        else {
            "jensenshannon": noise.jensenshannon(bins, confidence),
            "psi": noise.psi(bins, confidence),
            "kl_div": noise.psi(bins, confidence),
            "hellinger": noise.hellinger(bins, confidence),
            "TVD": noise.tvd(bins, confidence),
        }
    )
    known = (sum(count for name, count in side.items() if name is not None) for side in (before, now))
    return Compared(found, floors, *known)


def metrics(pair: Pair, column: str, kind: ColumnType, compared: Compared) -> Iterator[Metric]:
    """A row for each distance. The judged one is insufficient where rows are few or noise explains its verdict."""
    judged, threshold = method(pair.spec, kind)
    few = pair.few(compared.now, compared.before)
    for metric, distance in compared.distances.items():
        doubt = few or (_doubt(metric, compared, threshold) if metric == judged else "")
        yield Metric(
            check="drift",
            metric=metric,
            subject=column,
            slice=pair.where,
            value=_finite(distance.value),
            low=_finite(distance.low),
            high=_finite(distance.high),
            n=compared.now,
            threshold=threshold if metric == judged else None,
            verdict=Verdict.INSUFFICIENT if doubt and metric == judged else None,
            reason="; ".join(dict.fromkeys(part for part in (doubt, distance.reason) if part)),
        )


def _numeric(pair: Pair, column: str) -> Compared | None:
    before, now, moments = pair.before.grid(column), pair.now.grid(column), pair.before.moments(column)
    if before is None or now is None or moments is None:
        return None
    own = pair.now.moments(column)
    sigma = None if moments.variance is None else math.sqrt(moments.variance)
    now_sigma = None if own is None or own.variance is None else math.sqrt(own.variance)
    return of_grids(before, now, sigma, pair.spec.confidence, now_sigma)


def _categorical(pair: Pair, column: str) -> Compared | None:
    sides = pair.categories(column)
    if sides is None:
        return None
    before, now = sides
    return of_counts(before.counts, now.counts, pair.spec.confidence, exact=before.exact)


def _tests(before: Categories, now: Categories) -> dict[str, Distance]:
    """The statistics of both tests, and their p-values."""
    found: dict[str, Distance] = {}
    for name, test in (("chisquare", chisquare), ("homogeneity", homogeneity)):
        tested = test(before, now)
        found[name], found[f"{name}_pvalue"] = tested.distances() if tested else (d.NO_VALUES, d.NO_VALUES)
    return found


def _doubt(metric: str, compared: Compared, threshold: Threshold) -> str:
    """Why the judged distance says nothing: nothing where it does.

    Without a finite bound it can fail, where its other bound is not allowed, and not pass.
    """
    distance, floor = compared.distances[metric], compared.floors.get(metric, 0.0)
    most = threshold.max if threshold.max is not None else math.inf
    if math.isfinite(distance.value) and noise.verdict_is_open(distance.low, most, floor):
        power = 1.0 if metric in _UNBOUNDED else 0.5
        return noise.shortfall(floor, most, compared.before, compared.now, power=power)
    bounded = math.isfinite(distance.low) and math.isfinite(distance.high)
    return "" if bounded or distance.low > most else distance.reason


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
