"""Whether what the model read, what it said and what came of it are distributed as in the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

import polars as pl

from retroaudit.checks.drift.columns import feature, method, metrics, of_counts
from retroaudit.checks.drift.departures import categories_apart, missing, out_of_range
from retroaudit.checks.drift.multiplicity import adjusted
from retroaudit.checks.drift.outcomes import concept_drift, label_drift
from retroaudit.checks.drift.pair import Pair
from retroaudit.checks.metric import Metric, Threshold
from retroaudit.checks.rates import has_labels, why_unknown
from retroaudit.measures.measure import PREDICTION, Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import ColumnType, Spec

_STATES: Mapping[ColumnType, tuple[str, ...]] = {
    "numeric": ("counts", "grid", "moments"),
    "categorical": ("counts", "categories"),
}
_CELLS: tuple[str, ...] = ()
_DAY = timedelta(days=1)
_UNDATED = "nothing says of when the reference is: name reference.date"
_SLOW = "slow drift cannot be seen against a rolling reference alone: the spec names no fixed one"


def needs(spec: Spec) -> frozenset[Need]:
    """Counts and distributions of features and score, predictions and labels by score; nothing without a reference."""
    if spec.reference is None:
        return frozenset()
    columns = {Need(measure, (column,)) for column, kind in _columns(spec).items() for measure in _STATES[kind]}
    outcomes = {Need("cells", _CELLS)} if spec.columns.prediction or has_labels(spec) else set()
    by_score = {Need("scores", (spec.columns.score,))} if spec.columns.score and has_labels(spec) else set()
    return frozenset(columns | outcomes | by_score)


def check(spec: Spec, profile: Profile, reference: Profile | None) -> list[Metric]:
    """Drift against the reference, and under `(("reference", name),)` against each rolling one.

    * Every feature and the score: all distances (`distances`, `significance`) in the order of their names, and what
      they do not see (`departures`). The spec's method has the threshold: the distance may be at most that; a
      p-value must be at least that, adjusted over all that are judged (`multiplicity`). The interval is numerical
      only. The judged distance is insufficient, and printed all the same, with fewer than `fairness.min_rows`
      values on a side, and where these are so few that chance could explain the verdict (`noise`).
    * Predictions: as a categorical feature, from predictions that are known.
    * `reference_age_days` at the audit's cut-off, at most `reference.max_age`; where the reference is dated.
    * `prevalence_difference`, `concept_difference` and `concept_distance` (`outcomes`).

    Without a reference a feature is skipped. Predictions, scores and labels are where the reference has none.
    `n` counts the window's values. A distance has no value of the reference's own.
    """
    found: list[Metric] = []
    if reference is not None:
        found += _against(Pair(spec, profile, reference))
    elif spec.reference is not None and spec.reference.path is None:
        found.append(Metric.skipped("drift", "fixed_reference", _SLOW))
    else:
        found += (
            Metric.skipped("drift", judged, "no reference", subject=column, threshold=threshold)
            for column, kind in sorted(spec.columns.features.items())
            for judged, threshold in (method(spec, kind),)
        )
    found += _age(spec, profile)
    for name, other in profile.rolling.items():
        found += _against(Pair(spec, profile, other, (("reference", name),)))
    found += _without_logs(spec, profile)
    return list(adjusted(found))


def _age(spec: Spec, profile: Profile) -> Iterator[Metric]:
    """How many days old the fixed reference is at the audit's cut-off; where its age is limited, or known."""
    most = spec.reference.max_age if spec.reference else None
    threshold = Threshold(max=most / _DAY) if most is not None else None
    if profile.reference_age is not None:
        yield Metric.exact("drift", "reference_age_days", profile.reference_age / _DAY, threshold=threshold)
    elif threshold is not None:
        yield Metric.insufficient("drift", "reference_age_days", _UNDATED, threshold=threshold)


def _without_logs(spec: Spec, profile: Profile) -> Iterator[Metric]:
    """Rolling references of which the archive has nothing: the model may be too young for them."""
    for name in spec.reference.window if spec.reference else ():
        if name not in profile.rolling:
            reason = "there are no logs in its window"
            where = (("reference", name),)
            yield Metric.skipped("drift", "rolling_reference", reason, slice=where)
            planned = _columns(spec)
            if spec.columns.prediction is not None:
                planned[spec.columns.prediction] = "categorical"
            for column, kind in planned.items():  # planned, so that they count in `multiplicity`
                judged, threshold = method(spec, kind)
                yield Metric.skipped("drift", judged, reason, subject=column, slice=where, threshold=threshold)


def _columns(spec: Spec) -> dict[str, ColumnType]:
    """Features by name, and the score."""
    columns = dict(sorted(spec.columns.features.items()))
    return columns | ({spec.columns.score: "numeric"} if spec.columns.score else {})


def _against(pair: Pair) -> Iterator[Metric]:
    for column, kind in _columns(pair.spec).items():
        if column == pair.spec.columns.score and _has_none(pair.before, column):
            yield _skipped(pair, column, kind, "the reference has no scores")
            continue
        yield from feature(pair, column, kind)
        yield from missing(pair, column, kind)
        yield from out_of_range(pair, column) if kind == "numeric" else categories_apart(pair, column)
    if pair.spec.columns.prediction is not None:
        yield from _predictions(pair, pair.spec.columns.prediction)
    yield from label_drift(pair)
    yield from concept_drift(pair)


def _has_none(profile: Profile, column: str) -> bool:
    counts = profile.counts(column)
    return counts is None or counts.nulls == counts.rows


def _predictions(pair: Pair, column: str) -> Iterator[Metric]:
    before, now = _by_prediction(pair.before), _by_prediction(pair.now)
    if before is None or not any(before.values()):
        yield _skipped(pair, column, "categorical", "the reference has no predictions")
    elif now is None:
        judged, threshold = method(pair.spec, "categorical")
        there = {"subject": column, "slice": pair.where, "threshold": threshold}
        yield Metric.insufficient("drift", judged, why_unknown(pair.now, _CELLS), **there)
    else:
        yield from metrics(pair, column, "categorical", of_counts(before, now, pair.spec.confidence))


def _by_prediction(profile: Profile) -> dict[str | None, int] | None:
    """Rows by known prediction, 1 for the positive ones."""
    cells = profile.cells(_CELLS)
    if cells is None:
        return None
    of = cells.drop_nulls(PREDICTION).group_by(PREDICTION).agg(pl.col("count").sum())
    return {str(value): count for value, count in of.sort(PREDICTION).rows()}


def _skipped(pair: Pair, column: str, kind: ColumnType, reason: str) -> Metric:
    judged, threshold = method(pair.spec, kind)
    return Metric.skipped("drift", judged, reason, subject=column, slice=pair.where, threshold=threshold)
