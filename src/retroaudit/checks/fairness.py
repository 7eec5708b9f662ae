"""Whether groups of people are treated alike: rates of each group, and its differences from a reference group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from retroaudit.checks.intervals import newcombe, ratio
from retroaudit.checks.metric import Metric, Slice, Threshold, Verdict
from retroaudit.checks.rates import RATES, Share, Tally, published, share, tallies, unknowable, why_unknown
from retroaudit.checks.words import listing, quoted, too_few
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Group, Spec

_BOUNDED = ("selection_rate", "tpr", "fpr")
_BOUNDED_WHERE_SELECTIVE = ("selection_rate", "npv", "false_omission_rate")
_RATIOS: Mapping[str, str] = {
    "selection_rate": "impact_ratio",
    **{
        rate: f"{rate}_ratio" for rate in ("tpr", "fpr", "fnr", "tnr", "precision", "npv", "fdr", "false_omission_rate")
    },
}
_MOST_NAMES = 5

_Groups = Mapping[tuple[str | None, ...], Tally]


def needs(spec: Spec) -> frozenset[Need]:
    """The confusion cells by all group columns at once: every group set is a margin of them."""
    return frozenset({Need("cells", _columns(spec))} if spec.groups else ())


def check(spec: Spec, profile: Profile, _reference: Profile | None) -> list[Metric]:
    """For each group set of the spec: each group's counts and rates, and its comparison with the reference group.

    * `impact_ratio`: the selection rate over the reference group's, Koopman interval, allowed range
      `fairness.impact_ratio` (the four-fifths rule: 29 CFR 1607.4 D); `<rate>_ratio`: likewise, without a limit.
    * `<rate>_difference`: the rate less the reference group's, Newcombe interval. `fairness.difference` bounds
      selection rate, tpr and fpr; and where labels are selective (`labels.observed_when`), selection rate, npv
      and false omission rate, since tpr and fpr cannot be known then.

    The reference group is named by the spec, else the largest one whose values are known (ties: the smallest
    name). Null is a group. A group of fewer than `fairness.min_rows` rows is insufficient throughout; in larger
    ones a bounded comparison is insufficient where a denominator is smaller. Values are printed all the same;
    0/0 has none. What the spec does not allow to be known is skipped.
    """
    if not spec.groups:
        return []
    cells = profile.cells(_columns(spec))
    if cells is None:
        return [_skipped("impact_ratio", why_unknown(profile, _columns(spec)))]
    unknown = unknowable(spec)
    metrics = [_skipped(metric, reason) for metric, reason in _unknown_metrics(spec, unknown)]
    for group in dict.fromkeys(spec.groups):
        metrics += _group_set(spec, group, tallies(cells, group), unknown)
    return metrics


def reference_group(spec: Spec, group: Group, groups: _Groups) -> tuple[str | None, ...] | None:
    """The group that the others are compared with; None where the one that the spec names has no rows."""
    named = spec.fairness.reference_group
    matching = [
        values
        for values in groups
        if all(named.get(column, value) == value for column, value in zip(group, values, strict=True))
    ]
    return min(matching, key=lambda values: (None in values, -sum(groups[values].values())), default=None)


@dataclass(frozen=True)
class _Pair:
    """One rate of a group and of the reference group, with what is said of both."""

    rate: str
    where: Slice
    rows: int  # of the group, with and without what the rate needs
    ours: Share
    theirs: Share
    reference: str
    is_reference: bool


def _columns(spec: Spec) -> tuple[str, ...]:
    return tuple(sorted({column for group in spec.groups for column in group}))


def _bounded(spec: Spec) -> tuple[str, ...]:
    """The rates whose differences are bounded."""
    return _BOUNDED_WHERE_SELECTIVE if spec.labels and spec.labels.observed_when else _BOUNDED


def _unknown_metrics(spec: Spec, unknown: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is skipped: the rates, and the comparisons that would have had a threshold."""
    for rate, reason in unknown.items():
        yield rate, reason
        if rate == "selection_rate":
            yield "impact_ratio", reason
        if rate in _bounded(spec):
            yield f"{rate}_difference", reason


def _group_set(spec: Spec, group: Group, groups: _Groups, unknown: Mapping[str, str]) -> Iterator[Metric]:
    chosen = reference_group(spec, group, groups)
    if chosen is None:
        yield _skipped(
            "impact_ratio", f"the reference group of {listing([quoted(c) for c in group], _MOST_NAMES)} has no rows"
        )
    for values, tally in groups.items():
        where: Slice = tuple(zip(group, values, strict=True))
        yield from (
            _enough(metric, tally, spec) for metric in published("fairness", tally, where, spec.confidence, unknown)
        )
        if chosen is not None:
            for pair in _pairs(where, tally, tuple(zip(group, chosen, strict=True)), groups[chosen], unknown):
                if pair.rate in _RATIOS:
                    yield _ratio(spec, pair)
                yield _difference(spec, pair)


def _enough(metric: Metric, tally: Tally, spec: Spec) -> Metric:
    """A rate of a group that is too small is insufficient; counts are exact and stay as they are."""
    rows = sum(tally.values())
    if metric.metric not in RATES or rows >= spec.fairness.min_rows:
        return metric
    return replace(metric, verdict=Verdict.INSUFFICIENT, reason=too_few(rows, spec.fairness.min_rows))


def _pairs(
    where: Slice, tally: Tally, reference: Slice, reference_tally: Tally, unknown: Mapping[str, str]
) -> Iterator[_Pair]:
    words = "compared with " + ", ".join(f"{quoted(column)} = {quoted(value)}" for column, value in reference)
    rows = sum(tally.values())
    for rate in RATES:
        if rate not in unknown:
            ours, theirs = share(tally, RATES[rate]), share(reference_tally, RATES[rate])
            yield _Pair(rate, where, rows, ours, theirs, words, where == reference)


def _ratio(spec: Spec, pair: _Pair) -> Metric:
    low, high = spec.fairness.impact_ratio
    threshold = Threshold(min=low, max=high) if pair.rate == "selection_rate" else None
    ours, theirs = pair.ours.value, pair.theirs.value
    if ours is None or not theirs:
        return _undefined(spec, _RATIOS[pair.rate], pair, threshold)
    interval = ratio(pair.ours.part, pair.ours.of, pair.theirs.part, pair.theirs.of, spec.confidence)
    return _compared(spec, _RATIOS[pair.rate], pair, threshold, value=ours / theirs, interval=interval)


def _difference(spec: Spec, pair: _Pair) -> Metric:
    most = spec.fairness.difference
    threshold = Threshold(min=-most, max=most) if pair.rate in _bounded(spec) else None
    ours, theirs = pair.ours.value, pair.theirs.value
    if ours is None or theirs is None:
        return _undefined(spec, f"{pair.rate}_difference", pair, threshold)
    interval = newcombe(pair.ours.part, pair.ours.of, pair.theirs.part, pair.theirs.of, spec.confidence)
    return _compared(spec, f"{pair.rate}_difference", pair, threshold, value=ours - theirs, interval=interval)


def _compared(
    spec: Spec, metric: str, pair: _Pair, threshold: Threshold | None, *, value: float, interval: tuple[float, float]
) -> Metric:
    """A comparison that has a value. The reference group's own is exact and not judged."""
    if pair.is_reference:
        interval, threshold = (value, value), None
    few = _fewest(spec, pair, threshold)
    return Metric(
        check="fairness",
        metric=metric,
        slice=pair.where,
        value=value,
        low=interval[0],
        high=interval[1],
        n=pair.ours.of,
        reference=pair.theirs.value,
        threshold=threshold,
        verdict=None if few is None else Verdict.INSUFFICIENT,
        reason=pair.reference if few is None else f"{pair.reference}; {too_few(few, spec.fairness.min_rows)}",
    )


def _undefined(spec: Spec, metric: str, pair: _Pair, threshold: Threshold | None) -> Metric:
    """A comparison without a value: a group has no rows that count, or the reference group's rate is 0."""
    if pair.is_reference:
        threshold = None
    few = pair.rows < spec.fairness.min_rows
    why = "the rate there is 0" if pair.ours.of and pair.theirs.of else "one of the two has no rows that count"
    return Metric(
        check="fairness",
        metric=metric,
        slice=pair.where,
        n=pair.ours.of,
        reference=pair.theirs.value,
        threshold=threshold,
        verdict=Verdict.INSUFFICIENT if few or threshold is not None else None,
        reason=f"{pair.reference}; {too_few(pair.rows, spec.fairness.min_rows) if few else why}",
    )


def _fewest(spec: Spec, pair: _Pair, threshold: Threshold | None) -> int | None:
    """The number of rows that is too small to judge by, if any: the group's, or a denominator of what is bounded."""
    denominator = min(pair.ours.of, pair.theirs.of)
    if pair.rows < spec.fairness.min_rows:
        return pair.rows
    return denominator if threshold is not None and denominator < spec.fairness.min_rows else None


def _skipped(metric: str, reason: str) -> Metric:
    return Metric(check="fairness", metric=metric, verdict=Verdict.SKIPPED, reason=reason)
