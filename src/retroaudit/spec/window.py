"""Windows of whole days, half-open, in UTC or in a named zone."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from retroaudit.faults import BadInput, Fault
from retroaudit.spec.model import Spec
from retroaudit.spec.tree import show
from retroaudit.spec.zones import zone as zone_of

Kind = Literal["day", "month", "quarter", "range", "snapshot"]

SNAPSHOT = "snapshot"
FIRST_YEAR, LAST_YEAR = 1900, 2199
_ALLOWED = "2026-07-01, 2026-07, 2026-Q3, or 2026-07-01/2026-08-15 (the last day is not part of it)"
_DAY = timedelta(days=1)
_PARTS = {
    "day": re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})"),
    "month": re.compile(r"([0-9]{4})-([0-9]{2})"),
    "quarter": re.compile(r"([0-9]{4})-Q([1-4])"),
}


@dataclass(frozen=True)
class Window:
    """A half-open span of whole days: `start <= t < end`, both in UTC.

    `days` are the partitions' keys ("2026-07-01"), as days of `zone`. A snapshot has the key "snapshot",
    no days, and neither start nor end.
    """

    key: str  # 2026-07-01 | 2026-07 | 2026-Q3 | 2026-07-01_2026-08-15 | snapshot
    kind: Kind
    zone: str
    start: datetime | None
    end: datetime | None
    days: tuple[str, ...]


def parse_window(text: str, zone: str = "UTC") -> Window:
    """Read a day, a month, a quarter or a range `A/B` of days of a zone; `A_B`, the key of a range, is one too.

    A range that is exactly a day, a month or a quarter is that. Days that a zone skipped (Pacific/Apia had no
    2011-12-30) are not part of a window. Raises BadInput for any other text, for a window without a day, and for
    years outside 1900 to 2199.
    """
    if text == SNAPSHOT:
        return snapshot(zone)
    first, end = _span(text)
    if first >= end:
        raise _bad(text, "an empty window", "a first day before the end, which is not part of the window")
    kind, key = _name(first, end)
    info = zone_of(zone)
    days = tuple(day.isoformat() for day in _days(first, end) if _midnight(day, info) < _midnight(day + _DAY, info))
    if not days:
        raise _bad(text, f"a day that {zone} skipped", "a day that existed there")
    return Window(key, kind, zone, _midnight(first, info), _midnight(end, info), days)


def windows(span: Window, kinds: Collection[str]) -> tuple[Window, ...]:
    """The whole days, months and quarters inside a span, of these kinds, in the order in which to audit them.

    Days come first as they are; a month follows its last day, a quarter its last month, so that each finds the states
    of its days. Empty where the span holds no whole window of these kinds; a snapshot holds none.
    """
    if span.kind == SNAPSHOT:
        return ()
    first, end = _span(span.key)
    there = set(span.days)
    named = (name for day in _days(first, end) for name in _ending_with(day, first))
    keys = (key for kind, key in named if kind in kinds and (kind != "day" or key in there))
    return tuple(parse_window(key, span.zone) for key in keys)


def _ending_with(day: date, first: date) -> tuple[tuple[Kind, str], ...]:
    """The day, and the month and the quarter of which it is the last, where they begin on `first` or later."""
    month = day.replace(day=1)
    starts = {"day": day, "month": month, "quarter": month.replace(month=(day.month - 1) // 3 * 3 + 1)}
    named = ((kind, _name(start, day + _DAY)) for kind, start in starts.items() if start >= first)
    return tuple(name for kind, name in named if name[0] == kind)


def snapshot(zone: str = "UTC") -> Window:
    """The window of logs that have no dates: all of it."""
    return Window(SNAPSHOT, "snapshot", zone, None, None, ())


def day_bounds(key: str, zone: str = "UTC") -> tuple[datetime, datetime]:
    """The first instant of a day of a zone and that of the next, in UTC: 23, 24 or 25 hours, or as a zone had it.

    A day begins when local clocks first show its date; where midnight came twice, at the first of them.
    Raises BadInput where the key is no day, or is one that the zone skipped.
    """
    if not _PARTS["day"].fullmatch(key):
        raise _bad(key, show(key), "a day such as 2026-07-01")
    window = parse_window(key, zone)
    if window.start is None or window.end is None:
        raise _bad(key, show(key), "a day such as 2026-07-01")
    return window.start, window.end


def within(spec: Spec, window: Window) -> None:
    """Raise BadInput unless the window's days are days for which the spec is valid, and of its kind of logs."""
    if ("{date}" in spec.logs.path) == (window.kind == SNAPSHOT):
        has, asked = ("no", "days") if window.kind != SNAPSHOT else ("a", "the whole snapshot")
        raise _bad(window.key, asked, f"what logs.path names: it has {has} {{date}}")
    outside = [day for day in window.days if not is_valid(spec, day)]
    if outside:
        valid = f"from {spec.valid.from_ or 'ever'} until before {spec.valid.to or 'ever'}"
        found = f"{len(outside)} of {len(window.days)} days outside, the first {outside[0]}"
        raise _bad(window.key, found, f"days for which the spec is valid: {valid}")


def is_valid(spec: Spec, day: str) -> bool:
    """Whether the spec may be used for this day."""
    low, high = spec.valid.from_, spec.valid.to
    return (low is None or low.isoformat() <= day) and (high is None or day < high.isoformat())


def _span(text: str) -> tuple[date, date]:
    """The first day, and the day after the last."""
    first, separator, last = text.partition("/" if "/" in text else "_")
    if separator:
        return _day(first, text), _day(last, text)
    if _PARTS["day"].fullmatch(text):
        day = _day(text, text)
        return day, day + _DAY
    if matched := _PARTS["month"].fullmatch(text):
        return _month(int(matched[1]), int(matched[2]), 1, text)
    if matched := _PARTS["quarter"].fullmatch(text):
        return _month(int(matched[1]), 3 * int(matched[2]) - 2, 3, text)
    raise _bad(text, show(text), _ALLOWED)


def _day(part: str, text: str) -> date:
    matched = _PARTS["day"].fullmatch(part)
    if not matched:
        raise _bad(text, show(text), _ALLOWED)
    return _date(int(matched[1]), int(matched[2]), int(matched[3]), text)


def _month(year: int, month: int, months: int, text: str) -> tuple[date, date]:
    after = month - 1 + months
    return _date(year, month, 1, text), date(year + after // 12, after % 12 + 1, 1)


def _date(year: int, month: int, day: int, text: str) -> date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise _bad(text, f"the year {year}", f"a year from {FIRST_YEAR} to {LAST_YEAR}")
    try:
        return date(year, month, day)
    except ValueError as error:
        raise _bad(text, show(text), "a day of the calendar") from error


def _name(first: date, end: date) -> tuple[Kind, str]:
    """The kind and key of a span: the calendar's own name for it, where it has one."""
    if end - first == _DAY:
        return "day", first.isoformat()
    months = (end.year - first.year) * 12 + end.month - first.month
    if first.day == end.day == 1 and months == 1:
        return "month", f"{first:%Y-%m}"
    if first.day == end.day == 1 and months == 3 and first.month % 3 == 1:  # noqa: PLR2004 - months of a quarter
        return "quarter", f"{first.year}-Q{(first.month + 2) // 3}"
    return "range", f"{first}_{end}"


def _days(first: date, end: date) -> tuple[date, ...]:
    return tuple(first + timedelta(days=number) for number in range((end - first).days))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which clocks of the zone first show this day's date.

    Where clocks jumped over midnight there is no such local time, and it is the instant of the jump: the old
    offset puts midnight at or after the jump, the new one before it, and between the two the date turns once.
    """
    wall = datetime.combine(day, time(), zone)
    late, early = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    if early >= late:  # an ordinary midnight, or the first of two
        return late
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).date() >= day:
            late = middle
        else:
            early = middle
    return late


def _bad(text: str, found: str, expected: str) -> BadInput:
    return BadInput(Fault(f"window {show(text)}", found, expected))
