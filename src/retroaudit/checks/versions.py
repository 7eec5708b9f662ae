"""Which version of the model served, day by day, against the timeline that the spec declares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from retroaudit.checks.metric import Metric, Slice, Threshold, Verdict
from retroaudit.checks.words import listing, quoted
from retroaudit.measures import categories
from retroaudit.measures.measure import VERSION, Need, State
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Spec

_MOST_NAMES = 3
_MOST_VERSIONS = 20
_SNAPSHOT = "snapshot"

_Served = Mapping[str | None, int]


def needs(spec: Spec) -> frozenset[Need]:
    """The versions that served; the profile keeps them partition by partition."""
    return frozenset({Need("categories", (VERSION,))}) if spec.columns.version else frozenset()


def check(spec: Spec, profile: Profile, _reference: Profile | None) -> list[Metric]:
    """`undeclared_version_rate` over the window and for each day where it is not zero; `version_rate` by version.

    The share of rows whose version was not declared for their day; a null version never is. The rows are a
    census, so the shares are exact. The allowed share is 0. A snapshot has no day: any declared version will
    do there. `version_rate` is published for the 20 most frequent versions and has no threshold.
    """
    if spec.columns.version is None:
        return [_skipped("the spec names no version column")]
    days, coarse = _served(profile.versions)
    if coarse:
        return [_insufficient(f"more versions than can be told apart on {listing(coarse, _MOST_NAMES)}")]
    total: Counter[str | None] = Counter()
    for served in days.values():
        total.update(served)
    if not total:
        return [_insufficient("there are no rows")]
    rates = [_rate("version_rate", count, total.total(), (("version", version),)) for version, count in _top(total)]
    if not spec.versions:
        return [_skipped("the spec declares no versions"), *rates]
    return [*_undeclared(spec, days, total.total()), *rates]


def declared(spec: Spec, day: str) -> frozenset[str]:
    """The versions that the spec declares for a day, `from <= day < to`; all of them for a snapshot."""
    if day == _SNAPSHOT:
        return frozenset(version.name for version in spec.versions)
    when = date.fromisoformat(day)
    return frozenset(
        version.name for version in spec.versions if version.from_ <= when and (version.to is None or when < version.to)
    )


def _served(states: Mapping[str, State]) -> tuple[dict[str, _Served], list[str]]:
    """Rows by version of each day, in order; and the days with too many versions to be told apart."""
    found = {day: categories.finish(states[day]) for day in sorted(states)}
    coarse = [day for day, served in found.items() if not served.exact]
    return {day: served.counts for day, served in found.items() if served.exact}, coarse


def _top(total: Counter[str | None]) -> list[tuple[str | None, int]]:
    """The most frequent versions, in the order of their names; null last."""
    frequent = sorted(total.items(), key=lambda item: (-item[1], item[0] is None, item[0] or ""))[:_MOST_VERSIONS]
    return sorted(frequent, key=lambda item: (item[0] is None, item[0] or ""))


def _undeclared(spec: Spec, days: Mapping[str, _Served], rows: int) -> list[Metric]:
    strays = {
        day: {version: count for version, count in served.items() if version not in declared(spec, day)}
        for day, served in days.items()
    }
    everywhere: Counter[str | None] = Counter()
    for stray in strays.values():
        everywhere.update(stray)
    where: Slice = ()
    metrics = [
        _rate("undeclared_version_rate", everywhere.total(), rows, where, judged=True, reason=_names(everywhere))
    ]
    for day, stray in strays.items():
        if stray and day != _SNAPSHOT:
            count, of = sum(stray.values()), sum(days[day].values())
            where = (("date", day),)
            metrics.append(_rate("undeclared_version_rate", count, of, where, judged=True, reason=_names(stray)))
    return metrics


def _names(versions: Iterable[str | None]) -> str:
    """The stray versions in words; nothing where there are none."""
    names = [quoted(version) for version in sorted(versions, key=lambda version: (version is None, version or ""))]
    return f"served but not declared: {listing(names, _MOST_NAMES)}" if names else ""


def _rate(metric: str, count: int, of: int, where: Slice, *, judged: bool = False, reason: str = "") -> Metric:
    share = count / of
    return Metric(
        check="versions",
        metric=metric,
        slice=where,
        value=share,
        low=share,
        high=share,
        n=of,
        threshold=Threshold(max=0.0) if judged else None,
        reason=reason,
    )


def _skipped(reason: str) -> Metric:
    return Metric(check="versions", metric="undeclared_version_rate", verdict=Verdict.SKIPPED, reason=reason)


def _insufficient(reason: str) -> Metric:
    return Metric(check="versions", metric="undeclared_version_rate", verdict=Verdict.INSUFFICIENT, reason=reason)
