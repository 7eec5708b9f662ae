"""Which version of the model served, day by day, against the timeline that the spec declares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from retroaudit.checks.metric import Metric, Slice, Threshold
from retroaudit.checks.words import listing, quoted
from retroaudit.measures import categories
from retroaudit.measures.categories import Categories
from retroaudit.measures.measure import VERSION, Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Spec

_MOST_NAMES = 3
_MOST_VERSIONS = 20
_SNAPSHOT = "snapshot"
_STRAY = "undeclared_version_rate"


@dataclass(frozen=True)
class _Strays:
    """Rows of undeclared versions, from `least` to `most` of `rows`; the names that are known, and the days not told.

    A day is not told where it has more versions than its state tells apart.
    """

    least: int
    most: int
    rows: int
    names: frozenset[str | None] = frozenset()
    untold: tuple[str, ...] = ()


def needs(spec: Spec) -> frozenset[Need]:
    """The versions that served; the profile keeps them partition by partition."""
    return frozenset({Need("categories", (VERSION,))}) if spec.columns.version else frozenset()


def check(spec: Spec, profile: Profile, _reference: Profile | None) -> list[Metric]:
    """`undeclared_version_rate` over the window and for each day where it is not zero; `version_rate` by version.

    The share of rows whose version was not declared for their day; a null version never is. The rows are a
    census, so the shares are exact. The allowed share is 0. A snapshot has no day: any declared version will
    do there. `version_rate` is published for the 20 most frequent versions and has no threshold.

    A day with more versions than can be told apart has at least a row of each one that is not declared, and at
    most all its rows: its share and the window's are intervals from there, and the reason names the day. Its rows
    are left out of `version_rate`.
    """
    if spec.columns.version is None:
        return [Metric.skipped("versions", _STRAY, "the spec names no version column")]
    days = {day: categories.finish(profile.versions[day]) for day in sorted(profile.versions)}
    if not any(served.counts for served in days.values()):
        return [Metric.insufficient("versions", _STRAY, "there are no rows")]
    rates = _rates([served for served in days.values() if served.exact])
    if not spec.versions:
        return [Metric.skipped("versions", _STRAY, "the spec declares no versions"), *rates]
    return [*_undeclared(spec, days), *rates]


def declared(spec: Spec, day: str) -> frozenset[str]:
    """The versions that the spec declares for a day, `from <= day < to`; all of them for a snapshot."""
    if day == _SNAPSHOT:
        return frozenset(version.name for version in spec.versions)
    when = date.fromisoformat(day)
    return frozenset(
        version.name for version in spec.versions if version.from_ <= when and (version.to is None or when < version.to)
    )


def _rates(days: Collection[Categories]) -> list[Metric]:
    """The share of each of the most frequent versions, in the order of their names; null last."""
    total: Counter[str | None] = Counter()
    for served in days:
        total.update(served.counts)
    frequent = sorted(total.items(), key=lambda item: (-item[1], _order(item[0])))[:_MOST_VERSIONS]
    return [
        _metric("version_rate", _Strays(count, count, total.total()), (("version", version),))
        for version, count in sorted(frequent, key=lambda item: _order(item[0]))
    ]


def _undeclared(spec: Spec, days: Mapping[str, Categories]) -> list[Metric]:
    """The window's share, and that of each day that has one."""
    strays = {day: _strays(day, served, declared(spec, day)) for day, served in days.items()}
    window = _Strays(
        sum(day.least for day in strays.values()),
        sum(day.most for day in strays.values()),
        sum(day.rows for day in strays.values()),
        frozenset[str | None]().union(*(day.names for day in strays.values())),
        tuple(name for day in strays.values() for name in day.untold),
    )
    return [_metric(_STRAY, window, ())] + [
        _metric(_STRAY, day, (("date", name),)) for name, day in strays.items() if day.most and name != _SNAPSHOT
    ]


def _strays(day: str, served: Categories, allowed: frozenset[str]) -> _Strays:
    rows = sum(served.counts.values())
    if not served.exact:  # then there are more versions than the cap, and a row of each
        return _Strays(max(categories.CAP + 1 - len(allowed), 0), rows, rows, untold=(day,))
    names = served.counts.keys() - allowed
    count = sum(served.counts[name] for name in names)
    return _Strays(count, count, rows, frozenset(names))


def _metric(metric: str, part: _Strays, where: Slice) -> Metric:
    least = part.least / part.rows
    return Metric(
        check="versions",
        metric=metric,
        slice=where,
        value=least,
        low=least,
        high=part.most / part.rows,
        n=part.rows,
        threshold=Threshold(max=0.0) if metric == _STRAY else None,
        reason=_reason(part),
    )


def _reason(part: _Strays) -> str:
    """The stray versions and the days that cannot be told, in words; nothing where there are none."""
    names = [quoted(version) for version in sorted(part.names, key=_order)]
    strays = f"served but not declared: {listing(names, _MOST_NAMES)}" if names else ""
    untold = f"at least: more versions than can be told apart on {listing(part.untold, _MOST_NAMES)}"
    return "; ".join(filter(None, (strays, untold if part.untold else "")))


def _order(version: str | None) -> tuple[bool, str]:
    """By name; null last."""
    return version is None, version or ""
