"""Whether all of the population was seen, and once: missing days, unreadable files, repeated rows, control totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from retroaudit.archive.inputs import Accounting
from retroaudit.checks.metric import Metric, Slice, Threshold, Verdict
from retroaudit.checks.rates import has_labels, tallies, why_unknown
from retroaudit.checks.words import listing
from retroaudit.measures import categories
from retroaudit.measures.measure import VERSION, Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Spec

_MOST_DAYS = 10
_MOST_REASON = 200
_MOST_VERSIONS = 20
_CELLS: tuple[str, ...] = ()
_NO_CONTROL = "population completeness not evidenced: the spec names no control totals"


def needs(spec: Spec) -> frozenset[Need]:
    """Cells without groups, for the share of known labels; rows by version, where control totals may tell them."""
    needed = {Need("cells", _CELLS)} if has_labels(spec) else set()
    by_version = spec.logs.control and spec.columns.version
    return frozenset(needed | ({Need("categories", (VERSION,))} if by_version else set()))


def check(spec: Spec, profile: Profile, reference: Profile | None) -> list[Metric]:
    """The accounting of law 2 as metrics. All are counts of what happened, so `low = high = value`.

    * `missing_partitions`, `unreadable_partitions`, `empty_partitions` (files, and no row in them): how many days;
      none is allowed. `unreadable_reference`: 1 where the reference that the spec names could not be read.
    * `excluded_rows` by reason, `schema_changes` by column: none is allowed; where there are none, one metric
      says so.
    * `duplicate_ids`: rows whose id an earlier row of their day has; none is allowed, since rows that repeat count
      like others. Skipped without a column of ids. `null_ids`: rows without an id, which may repeat unseen. No
      threshold.
    * `control_difference`: rows read less the rows that someone else counted, in all and by version of the model.
      The largest absolute difference over all, and the signed one of each day, and of each version in a day (the 20
      largest) that differs; skipped where the spec names no control totals, insufficient on a day without its own.
      `unusable_control`: days whose control totals are there and cannot be used; none is allowed.
    * `label_rate`: the share of counted rows whose label is known. No threshold; insufficient where none is known,
      skipped where labels are still to come.
    * `unlabelled_partitions`: days that count rows, and no label of which joined though none was late or immature;
      `invalid_labels`, `conflicting_labels`: rows of labels outside their domain, or at odds with one another as
      late as the latest. None is allowed. The decisions count, unlabelled.
    """
    return [
        _none_allowed("missing_partitions", len(profile.missing), reason=listing(profile.missing, _MOST_DAYS)),
        _unreadable(profile.accounting),
        _empty(profile.accounting),
        *_reference(spec, reference),
        *_excluded(profile.accounting),
        *_ids(spec, profile.accounting),
        *_control(spec, profile),
        *_schema(profile),
        *_labels(spec, profile),
    ]


def _unreadable(accounting: Sequence[Accounting]) -> Metric:
    words = [
        f"{part.partition}: {part.unreadable[:_MOST_REASON]}" for part in accounting if part.unreadable is not None
    ]
    return _none_allowed("unreadable_partitions", len(words), reason=listing(words, _MOST_DAYS))


def _empty(accounting: Sequence[Accounting]) -> Metric:
    days = sorted(part.partition for part in accounting if part.objects and part.unreadable is None and not part.read)
    return _none_allowed("empty_partitions", len(days), reason=listing(days, _MOST_DAYS))


def _reference(spec: Spec, reference: Profile | None) -> Iterator[Metric]:
    if spec.reference is not None and reference is not None:
        words = [part.unreadable[:_MOST_REASON] for part in reference.accounting if part.unreadable is not None]
        yield _none_allowed("unreadable_reference", len(words), reason="; ".join(words))


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


def _ids(spec: Spec, accounting: Sequence[Accounting]) -> Iterator[Metric]:
    if spec.columns.id is None:
        yield Metric.skipped(
            "coverage", "duplicate_ids", "rows that repeat cannot be told: the spec names no column of ids"
        )
        return
    read = sum(part.read for part in accounting)
    repeated = {part.partition: part.duplicate_ids for part in accounting if part.duplicate_ids}
    words = [f"{day}: {rows}" for day, rows in sorted(repeated.items())]
    yield _none_allowed("duplicate_ids", sum(repeated.values()), n=read, reason=listing(words, _MOST_DAYS))
    yield Metric.exact("coverage", "null_ids", sum(part.null_ids or 0 for part in accounting), n=read)


def _control(spec: Spec, profile: Profile) -> Iterator[Metric]:
    if spec.logs.control is None:
        yield Metric.skipped("coverage", "control_difference", _NO_CONTROL)
        return
    parts = sorted(profile.accounting, key=lambda part: part.partition)
    off = {where: rows for part in parts for where, rows in _differences(part, profile).items()}
    if any(part.control is not None for part in parts):
        days = sorted({day for (_, day), *_ in off if day})
        words = [listing(days, _MOST_DAYS), *_not_by_version(spec, profile, parts)]
        largest = max(map(abs, off.values()), default=0)
        yield _none_allowed("control_difference", largest, reason="; ".join(filter(None, words)))
    for where, rows in off.items():
        yield _none_allowed("control_difference", rows, where=where)
    faults = [f"{part.partition}: {part.control_fault[:_MOST_REASON]}" for part in parts if part.control_fault]
    yield _none_allowed("unusable_control", len(faults), reason=listing(faults, _MOST_DAYS))
    for part in parts:
        if part.control is None and not part.control_fault and part.unreadable is None:
            reason = "population completeness not evidenced: there is no control total for this day"
            yield Metric.insufficient(
                "coverage",
                "control_difference",
                reason,
                slice=(("date", part.partition),),
                threshold=Threshold(min=0.0, max=0.0),
            )


def _differences(part: Accounting, profile: Profile) -> dict[Slice, int]:
    """Rows read less rows counted by someone else, of a day and of its versions, where they differ.

    Rows without a version need no line: what they lack or have too much, the total and the versions tell together.
    """
    if part.control is None:
        return {}
    day = ("date", part.partition)
    found: dict[Slice, int] = {(day,): part.read - part.control}
    if not _why_not_by_version(part, profile):
        served, counted = _served(part, profile), part.control_by_version or {}
        versions = {
            name: served.get(name, 0) - counted.get(name, 0) for name in {*served, *counted} if name is not None
        }
        largest = sorted(versions, key=lambda name: (-abs(versions[name]), name))[:_MOST_VERSIONS]
        found |= {(day, ("version", name)): versions[name] for name in sorted(largest)}
    return {where: rows for where, rows in found.items() if rows}


def _why_not_by_version(part: Accounting, profile: Profile) -> str:
    """Why the versions of a day cannot be compared; empty where they can. Served versions are of counted rows."""
    if part.control_by_version is None:
        return "the control totals name no versions"
    if any(part.excluded.values()):
        return "rows were excluded"
    return "" if _served(part, profile) or not part.counted else "its versions cannot be told apart"


def _served(part: Accounting, profile: Profile) -> Mapping[str | None, int]:
    """Counted rows by version; none where there are too many versions to be told apart."""
    state = profile.versions.get(part.partition)
    served = None if state is None else categories.finish(state)
    return served.counts if served and served.exact else {}


def _not_by_version(spec: Spec, profile: Profile, parts: Sequence[Accounting]) -> Iterator[str]:
    """Which days were compared in all only, by reason: there, too many of one version may hide too few of another."""
    if spec.columns.version is None:
        return
    days: dict[str, list[str]] = {}
    for part in parts:
        if part.control is not None and (why := _why_not_by_version(part, profile)):
            days.setdefault(why, []).append(part.partition)
    for why, which in sorted(days.items()):
        yield f"not compared by version, as {why}: {listing(which, _MOST_DAYS)}"


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
        yield Metric.skipped("coverage", "label_rate", why_unknown(profile, _CELLS))
        return
    tally = tallies(cells, ())[()]
    rows = sum(tally.values())
    known = sum(count for (_, label), count in tally.items() if label is not None)
    share = known / rows if rows else None
    reason = _why_unlabelled(profile)
    rate = Metric.exact("coverage", "label_rate", share, n=rows, reason=reason)
    if not known:
        verdict = Verdict.SKIPPED if _awaited(profile) else Verdict.INSUFFICIENT
        rate = replace(rate, verdict=verdict, reason=reason or "no label is known")
    yield rate
    if spec.labels:
        yield from _label_faults(profile)


def _label_faults(profile: Profile) -> Iterator[Metric]:
    parts = [part for part in profile.accounting if part.counted and not profile.labels_awaited]
    seen = [part for part in parts if "immature" not in part.labels]
    bare = sorted(part.partition for part in seen if not part.labels.get("joined") and not part.labels.get("late"))
    yield _none_allowed("unlabelled_partitions", len(bare), reason=listing(bare, _MOST_DAYS))
    for name in ("invalid", "conflicting"):
        yield _none_allowed(f"{name}_labels", sum(part.labels.get(name, 0) for part in profile.accounting))


def _why_unlabelled(profile: Profile) -> str:
    """What the share of known labels cannot tell: labels not looked at, or looked at whatever the time."""
    undated = sum(part.labels.get("undated", 0) for part in profile.accounting)
    told = f"{undated} rows of labels carry no time of arrival and were seen whatever as_of is" if undated else ""
    return "; ".join(filter(None, (_awaited(profile), told)))


def _awaited(profile: Profile) -> str:
    """Labels that are still to come, of all days or of some; empty where there are none such."""
    read = [part for part in profile.accounting if part.unreadable is None]
    young = sorted(part.partition for part in read if "immature" in part.labels)
    where = f": {listing(young, _MOST_DAYS)}" if len(young) < len(read) else ""
    return f"labels are immature at as_of{where}" if young else profile.labels_awaited


def _none_allowed(
    metric: str, count: int, *, where: Slice = (), subject: str = "model", n: int | None = None, reason: str = ""
) -> Metric:
    allowed = Threshold(min=0.0, max=0.0)
    return Metric.exact("coverage", metric, count, subject=subject, slice=where, n=n, threshold=allowed, reason=reason)
