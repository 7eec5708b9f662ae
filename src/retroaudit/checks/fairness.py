"""Whether groups of people are treated alike: rates of each group, and its differences from a reference group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from retroaudit.checks.intervals import newcombe, ratio
from retroaudit.checks.metric import Metric, Slice, Threshold, Verdict
from retroaudit.checks.rates import (
    RATE_OF,
    RATES,
    RATIOS,
    Share,
    Tally,
    published,
    share,
    tallies,
    unknowable,
    why_unknown,
)
from retroaudit.checks.words import listing, quoted, too_few
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Group, Spec

_BOUNDED = ("selection_rate", "tpr", "fpr")
_BOUNDED_WHERE_SELECTIVE = ("selection_rate", "false_omission_rate")
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
      selection rate, tpr and fpr; and where labels are selective (`labels.observed_when`), selection rate and
      false omission rate, since tpr and fpr cannot be known then. (The difference in npv is the same, negated.)

    The reference group is named by the spec, else the largest one whose values are known (ties: the smallest
    name). Null is a group. A group of fewer than `fairness.min_rows` rows is insufficient throughout; in larger
    ones a bounded comparison is insufficient where a denominator is smaller. Values are printed all the same;
    0/0 has none. What the spec does not allow to be known is skipped. What it asks for and the data cannot
    answer, because there are too many groups, or none to compare, is insufficient: once for each bound.
    """
    if not spec.groups:
        return []
    cells = profile.cells(_columns(spec))
    unknown = unknowable(spec, profile.labels_awaited)
    metrics = [Metric.skipped("fairness", metric, reason) for metric, reason in _unknown_metrics(spec, unknown)]
    for group in dict.fromkeys(spec.groups):
        if cells is None:
            metrics += _unanswered(spec, group, unknown, why_unknown(profile, _columns(spec)))
        else:
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
    reference: Slice

    @property
    def is_reference(self) -> bool:
        """Whether the group is compared with itself."""
        return self.where == self.reference

    @property
    def words(self) -> str:
        """What the group is compared with."""
        return f"compared with {_words(self.reference)}"


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
    if chosen is None or len(groups) == 1:
        yield from _unanswered(spec, group, unknown, _why_alone(spec, group, groups, chosen))
    for values, tally in groups.items():
        where: Slice = tuple(zip(group, values, strict=True))
        yield from (
            _enough(metric, tally, spec) for metric in published("fairness", tally, where, spec.confidence, unknown)
        )
        if chosen is not None:
            for pair in _pairs(where, tally, tuple(zip(group, chosen, strict=True)), groups[chosen], unknown):
                if pair.rate in RATIOS:
                    yield _ratio(spec, pair)
                yield _difference(spec, pair)


def _unanswered(spec: Spec, group: Group, unknown: Mapping[str, str], reason: str) -> Iterator[Metric]:
    """What the spec bounds between these groups, where there is nothing to compare."""
    for metric in ("impact_ratio", *(f"{rate}_difference" for rate in _bounded(spec))):
        if RATE_OF[metric] not in unknown:
            subject, allowed = " and ".join(group), _threshold(spec, metric)
            yield Metric.insufficient("fairness", metric, reason, subject=subject, threshold=allowed)


def _why_alone(spec: Spec, group: Group, groups: _Groups, chosen: tuple[str | None, ...] | None) -> str:
    """Why no two groups can be compared. Groups of fewer than `privacy.min_cell` people are not named."""
    if not groups:
        return "there are no rows"
    if chosen is not None:
        return "there is only one group: nothing to compare it with"
    named = spec.fairness.reference_group
    missing = _words(tuple((column, named[column]) for column in group if column in named))
    large = [values for values, tally in groups.items() if sum(tally.values()) >= spec.privacy.min_cell]
    there = listing([_words(tuple(zip(group, values, strict=True))) for values in large], _MOST_NAMES)
    return f"the reference group, {missing}, has no rows" + (f"; there are {there}" if there else "")


def _words(where: Slice) -> str:
    return " and ".join(f"{quoted(column)} = {quoted(value)}" for column, value in where)


def _threshold(spec: Spec, metric: str) -> Threshold | None:
    """What the spec allows of a comparison; None where it says nothing."""
    if metric == "impact_ratio":
        low, high = spec.fairness.impact_ratio
        return Threshold(min=low, max=high)
    most = spec.fairness.difference
    bounded = metric.endswith("_difference") and RATE_OF[metric] in _bounded(spec)
    return Threshold(min=-most, max=most) if bounded else None


def _enough(metric: Metric, tally: Tally, spec: Spec) -> Metric:
    """A rate of a group that is too small is insufficient; counts are exact and stay as they are."""
    rows = sum(tally.values())
    if metric.metric not in RATES or rows >= spec.fairness.min_rows:
        return metric
    return replace(metric, verdict=Verdict.INSUFFICIENT, reason=too_few(rows, spec.fairness.min_rows))


def _pairs(
    where: Slice, tally: Tally, reference: Slice, reference_tally: Tally, unknown: Mapping[str, str]
) -> Iterator[_Pair]:
    rows = sum(tally.values())
    for rate in RATES:
        if rate not in unknown:
            ours, theirs = share(tally, RATES[rate]), share(reference_tally, RATES[rate])
            yield _Pair(rate, where, rows, ours, theirs, reference)


def _ratio(spec: Spec, pair: _Pair) -> Metric:
    ours, theirs = pair.ours.value, pair.theirs.value
    if ours is None or theirs is None:
        return _undefined(spec, RATIOS[pair.rate], pair)
    low, high = ratio(pair.ours.part, pair.ours.of, pair.theirs.part, pair.theirs.of, spec.confidence)
    if theirs == 0:
        return _unbounded(spec, RATIOS[pair.rate], pair, low)
    return _compared(spec, RATIOS[pair.rate], pair, value=ours / theirs, interval=(low, high))


def _difference(spec: Spec, pair: _Pair) -> Metric:
    metric = f"{pair.rate}_difference"
    ours, theirs = pair.ours.value, pair.theirs.value
    if ours is None or theirs is None:
        return _undefined(spec, metric, pair)
    interval = newcombe(pair.ours.part, pair.ours.of, pair.theirs.part, pair.theirs.of, spec.confidence)
    return _compared(spec, metric, pair, value=ours - theirs, interval=interval)


def _compared(spec: Spec, metric: str, pair: _Pair, *, value: float, interval: tuple[float, float]) -> Metric:
    """A comparison that has a value. The reference group's own is exact."""
    low, high = (value, value) if pair.is_reference else interval
    return replace(_judged(spec, metric, pair), value=value, low=low, high=high)


def _unbounded(spec: Spec, metric: str, pair: _Pair, low: float) -> Metric:
    """A ratio to a rate of 0: it has no value and no upper end, and a lower one where the group's rate is not 0."""
    judged = _judged(spec, metric, pair)
    return replace(judged, low=low if pair.ours.part else None, reason=f"{judged.reason}; the rate there is 0")


def _undefined(spec: Spec, metric: str, pair: _Pair) -> Metric:
    """A comparison without a value: the group, or the reference group, has no rows that count."""
    judged = _judged(spec, metric, pair)
    few = judged.threshold is not None or pair.rows < spec.fairness.min_rows
    reason = f"{pair.words}; one of the two has no rows that count"
    return replace(judged, verdict=Verdict.INSUFFICIENT if few else None, reason=reason)


def _judged(spec: Spec, metric: str, pair: _Pair) -> Metric:
    """A comparison but for its numbers. The reference group's own is not judged."""
    threshold = None if pair.is_reference else _threshold(spec, metric)
    few = _fewest(spec, pair, threshold)
    return Metric(
        check="fairness",
        metric=metric,
        slice=pair.where,
        n=pair.ours.of,
        reference=pair.theirs.value,
        threshold=threshold,
        verdict=None if few is None else Verdict.INSUFFICIENT,
        reason=pair.words if few is None else f"{pair.words}; {too_few(few, spec.fairness.min_rows)}",
        reveals=(pair.reference,),
    )


def _fewest(spec: Spec, pair: _Pair, threshold: Threshold | None) -> int | None:
    """The number of rows that is too small to judge by, if any: the group's, or a denominator of what is bounded."""
    denominator = min(pair.ours.of, pair.theirs.of)
    if pair.rows < spec.fairness.min_rows:
        return pair.rows
    return denominator if threshold is not None and denominator < spec.fairness.min_rows else None
