"""Whether all of the population was seen: missing days, unreadable files, excluded rows, control totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from retroaudit.archive.inputs import Accounting
from retroaudit.checks.metric import Metric, Slice, Threshold, Verdict
from retroaudit.checks.rates import has_labels, tallies, why_unknown
from retroaudit.checks.words import listing
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Spec

_MOST_DAYS = 10
_MOST_REASON = 200
_CELLS: tuple[str, ...] = ()
_NO_CONTROL = "population completeness not evidenced: the spec names no control totals"


def needs(spec: Spec) -> frozenset[Need]:
    """The cells without groups, for the share of known labels, where the spec has labels at all."""
    return frozenset({Need("cells", _CELLS)} if has_labels(spec) else ())


def check(spec: Spec, profile: Profile, _reference: Profile | None) -> list[Metric]:
    """The accounting of law 2 as metrics. All are counts of what happened, so `low = high = value`.

    * `missing_partitions`, `unreadable_partitions`: how many days; none is allowed.
    * `excluded_rows` by reason, `schema_changes` by column: none is allowed; where there are none, one metric
      says so.
    * `control_difference`: rows read less the rows that someone else counted. The largest absolute difference
      over all, and the signed one of each day that differs; skipped without control totals.
    * `label_rate`: the share of counted rows whose label is known. No threshold.
    * `invalid_labels`: rows whose late label is outside its domain; none is allowed. The rows count, unlabelled.
    """
    return [
        _none_allowed("missing_partitions", len(profile.missing), reason=listing(profile.missing, _MOST_DAYS)),
        _unreadable(profile.accounting),
        *_excluded(profile.accounting),
        *_control(spec, profile.accounting),
        *_schema(profile),
        *_labels(spec, profile),
    ]


def _unreadable(accounting: Sequence[Accounting]) -> Metric:
    words = [
        f"{part.partition}: {part.unreadable[:_MOST_REASON]}" for part in accounting if part.unreadable is not None
    ]
    return _none_allowed("unreadable_partitions", len(words), reason=listing(words, _MOST_DAYS))


def _excluded(accounting: Sequence[Accounting]) -> list[Metric]:
    reasons: Counter[str] = Counter()
    for part in accounting:
        reasons.update({reason: rows for reason, rows in part.excluded.items() if rows})
    read = sum(part.read for part in accounting)
    if not reasons:
        return [_none_allowed("excluded_rows", 0, n=read)]
    return [
        _none_allowed("excluded_rows", rows, where=(("reason", reason),), n=read)
        for reason, rows in sorted(reasons.items())
    ]


def _control(spec: Spec, accounting: Sequence[Accounting]) -> Iterator[Metric]:
    if spec.logs.control is None:
        yield _skipped("control_difference", _NO_CONTROL)
        return
    differences = {part.partition: part.read - part.control for part in accounting if part.control is not None}
    if differences:
        off = [day for day in sorted(differences) if differences[day]]
        largest = max(abs(difference) for difference in differences.values())
        yield _none_allowed("control_difference", largest, reason=listing(off, _MOST_DAYS))
        for day in off:
            yield _none_allowed("control_difference", differences[day], where=(("date", day),))
    for part in sorted(accounting, key=lambda part: part.partition):
        if part.control is None:
            reason = "population completeness not evidenced: there is no control total for this day"
            yield _skipped("control_difference", reason, (("date", part.partition),))


def _schema(profile: Profile) -> Iterator[Metric]:
    changes = sorted(profile.schema_changes, key=lambda change: (change.column, change.partition))
    if not changes:
        yield _none_allowed("schema_changes", 0)
    for column, of_column in groupby(changes, key=lambda change: change.column):
        words = [f"{change.partition}: {change.found} for {change.expected}" for change in of_column]
        yield _none_allowed("schema_changes", len(words), subject=column, reason=listing(words, _MOST_DAYS))


def _labels(spec: Spec, profile: Profile) -> Iterator[Metric]:
    if not has_labels(spec):
        return
    cells = profile.cells(_CELLS)
    if cells is None:
        yield _skipped("label_rate", why_unknown(profile, _CELLS))
        return
    tally = tallies(cells, ())[()]
    rows = sum(tally.values())
    known = sum(count for (_, label), count in tally.items() if label is not None)
    share = known / rows if rows else None
    yield Metric(check="coverage", metric="label_rate", value=share, low=share, high=share, n=rows)
    if spec.labels:
        yield _none_allowed("invalid_labels", sum(each.labels.get("invalid", 0) for each in profile.accounting))


def _none_allowed(
    metric: str, count: int, *, where: Slice = (), subject: str = "model", n: int | None = None, reason: str = ""
) -> Metric:
    exact = float(count)
    return Metric(
        check="coverage",
        metric=metric,
        subject=subject,
        slice=where,
        value=exact,
        low=exact,
        high=exact,
        n=n,
        threshold=Threshold(min=0.0, max=0.0),
        reason=reason,
    )


def _skipped(metric: str, reason: str, where: Slice = ()) -> Metric:
    return Metric(check="coverage", metric=metric, slice=where, verdict=Verdict.SKIPPED, reason=reason)
