"""Path patterns of an archive: which objects belong to which day.

A pattern is a relative POSIX path. `{date}` stands for an ISO day, `*` for any characters within one path
segment; everything else is literal. Names that writers keep for themselves (a segment that starts with `.` or
`_`, or a name that ends with `.tmp` or `.crc`) match only where the pattern itself spells that start or end.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from retroaudit.storage.protocol import ObjectInfo, Storage

SNAPSHOT = "snapshot"
_DAY = r"\d{4}-\d{2}-\d{2}"
_SHORT = 40  # days up to which one listing a day is cheaper than one of the whole prefix
_NEAR = 2_000  # keys looked at to propose what the pattern may have meant


@dataclass(frozen=True)
class Found:
    """What a pattern matched: the objects of each day asked for (or of "snapshot"), in key order.

    `others` counts matching objects of other days as far as they had to be listed; `nearest` names existing keys
    like the pattern, only where nothing matched at all.
    """

    by_day: Mapping[str, tuple[ObjectInfo, ...]]
    others: int = 0
    nearest: tuple[str, ...] = ()


def dated(pattern: str) -> bool:
    """Whether the pattern names a day."""
    return "{date}" in pattern


def prefix(pattern: str, day: str | None = None) -> str:
    """The literal start of the pattern, up to its first wildcard; with `day`, the day counts as literal."""
    if day is not None:
        pattern = pattern.replace("{date}", day)
    return re.split(r"\*|\{date\}", pattern, maxsplit=1)[0]


def expression(pattern: str) -> re.Pattern[str]:
    """The exact regular expression of a pattern; group `date` is the day, the same wherever it stands."""
    segments = [_segment(segment) for segment in pattern.split("/")]
    first, *rest = "/".join(segments).split(r"\{date\}")
    if not rest:
        return re.compile(first, re.DOTALL)
    return re.compile(first + f"(?P<date>{_DAY})" + "(?P=date)".join(rest), re.DOTALL)


def find(storage: Storage, pattern: str, days: Sequence[str]) -> Found:
    """The objects of `days` that match `pattern`; a pattern without `{date}` has the one key "snapshot".

    Lists a day's own prefix for a short span and the common prefix otherwise. Only where no day has any object,
    the common prefix is listed to tell an empty window from a wrong pattern.
    """
    wanted = set(days) if dated(pattern) else {SNAPSHOT}
    by_day: dict[str, list[ObjectInfo]] = {}
    others = 0
    for start in _listings(pattern, days):
        for day, info in _matching(storage, pattern, start):
            if day in wanted:
                by_day.setdefault(day, []).append(info)
            else:
                others += 1
    if not by_day and not others:
        others = sum(1 for _ in _matching(storage, pattern, prefix(pattern))) if dated(pattern) else 0
    nearest = () if by_day or others else _nearest(storage, pattern)
    return Found({day: tuple(by_day[day]) for day in sorted(by_day)}, others, nearest)


def days_present(storage: Storage, pattern: str) -> tuple[str, ...]:
    """Every day that has an object, in order; none for a pattern without `{date}`."""
    found = {day for day, _ in _matching(storage, pattern, prefix(pattern))}
    return tuple(sorted(found - {SNAPSHOT}))


def _segment(segment: str) -> str:
    """The expression of one path segment; its `{date}` stays, escaped, for the caller."""
    literal = re.escape(segment).replace(r"\*", r"[^/]*")
    if "*" not in segment:
        return literal
    start = r"(?![._])" if segment.startswith("*") else ""
    end = r"(?<!\.tmp)(?<!\.crc)" if segment.endswith("*") else ""
    return start + literal + end


def _listings(pattern: str, days: Sequence[str]) -> list[str]:
    """Prefixes to list, none of which starts with another."""
    if not dated(pattern) or len(days) > _SHORT:
        return [prefix(pattern)]
    starts: list[str] = []
    for start in sorted({prefix(pattern, day) for day in days}):
        if not starts or not start.startswith(starts[-1]):
            starts.append(start)
    return starts


def _matching(storage: Storage, pattern: str, start: str) -> Iterator[tuple[str, ObjectInfo]]:
    matcher = expression(pattern)
    for info in storage.list(start):
        if matched := matcher.fullmatch(info.key):
            yield matched.groupdict().get("date", SNAPSHOT), info


def _nearest(storage: Storage, pattern: str) -> tuple[str, ...]:
    """Up to three existing keys that look like the pattern, best first."""
    keys = [info.key for info in islice(storage.list(), _NEAR)]
    spelled = pattern.replace("{date}", "2026-01-01")
    return tuple(difflib.get_close_matches(spelled, keys, n=3, cutoff=0.0))
