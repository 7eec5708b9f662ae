"""What a window is compared with: which snapshot, and which other windows of the same model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from retroaudit.faults import BadInput, Fault
from retroaudit.spec.model import RollingName, Spec, Version
from retroaudit.spec.paths import VERSION, path_faults
from retroaudit.spec.tree import show
from retroaudit.spec.window import Window, is_valid, parse_window
from retroaudit.spec.zones import zone as zone_of

_DAY = timedelta(days=1)
_WEEK = 7
_NOT_LITERAL = frozenset("/*")
Span = tuple[date, date]  # the first day, and the day after the last


def rolling_windows(spec: Spec, window: Window) -> dict[str, Window]:
    """The windows that `reference.window` names, for this one, in the spec's order.

    * `previous`: the same span right before it: a month for a month, n days for n days.
    * `same-weekday`: as many days, so many whole weeks earlier that the two do not overlap.
    * `trailing`: the `reference.trailing` days before it.
    * `year-ago`: the same days of the calendar one year earlier (28 February for 29 February).

    Only days for which the spec is valid are compared with; a window may be left without any.
    """
    if spec.reference is None or window.start is None or window.end is None:
        return {}
    zone = zone_of(window.zone)
    first, end = window.start.astimezone(zone).date(), window.end.astimezone(zone).date()
    trailing = spec.reference.trailing
    spans: Mapping[RollingName, Callable[[], Span]] = {
        "previous": lambda: (_before(window, first, end), first),
        "same-weekday": lambda: _weeks_before(first, end),
        "trailing": lambda: (first - trailing, first),
        "year-ago": lambda: (_year_before(first), _end_year_before(end)),
    }
    return {name: _window(spec, *spans[name](), window.zone) for name in spec.reference.window}


def _window(spec: Spec, first: date, end: date, zone: str) -> Window:
    try:
        window = parse_window(f"{first}/{end}", zone)
    except BadInput:  # a day that the zone skipped
        return Window(f"{first}_{end}", "range", zone, None, None, ())
    return replace(window, days=tuple(day for day in window.days if is_valid(spec, day)))


def reference_path(spec: Spec, window: Window) -> str | None:
    """The path of the fixed reference: of the version that is declared for the window's last day.

    Raises `BadInput` where the path asks for a version and none is declared for that day.
    """
    path = spec.reference.path if spec.reference else None
    if path is None or VERSION not in path:
        return path
    name = _serving(spec, window).name
    resolved = path.replace(VERSION, name)
    faults = path_faults(resolved, dates=False)
    if set(name) & _NOT_LITERAL:
        faults = (*faults, "the version's name as a part of a segment, without / and *")
    if faults:
        raise BadInput([Fault("reference.path", show(resolved), expected) for expected in faults])
    return resolved


def reference_age(spec: Spec, window: Window, as_of: datetime | None) -> timedelta | None:
    """How old the fixed reference is at `as_of`, as the spec dates it; None where it does not."""
    own = spec.reference
    if own is None or own.path is None or as_of is None:
        return None
    dated = own.date or (_serving(spec, window).from_ if VERSION in own.path else None)
    return None if dated is None else timedelta(days=(as_of.date() - dated).days)


def _serving(spec: Spec, window: Window) -> Version:
    """The version declared for the window's last day; of several, the one that began last."""
    last = date.fromisoformat(window.days[-1]) if window.days else date.max
    serving = [each for each in spec.versions if each.from_ <= last and (each.to is None or last < each.to)]
    if not serving:
        raise BadInput(
            Fault("reference.path", f"no version declared for {last}", "one in versions, as it has {version}")
        )
    return max(serving, key=lambda version: (version.from_, version.name))


def _before(window: Window, first: date, end: date) -> date:
    """The first day of the span of the same kind that ends where this one begins."""
    months = {"month": 1, "quarter": 3}.get(window.kind)
    if months is None:
        return first - (end - first)
    ordinal = first.year * 12 + first.month - 1 - months
    return date(ordinal // 12, ordinal % 12 + 1, 1)


def _weeks_before(first: date, end: date) -> Span:
    shift = timedelta(days=_WEEK * math.ceil((end - first).days / _WEEK))
    return first - shift, end - shift


def _end_year_before(end: date) -> date:
    """The day after the last, one year earlier; a month ends with its last day, whichever that is."""
    return _year_before(end) if end.day == 1 else _year_before(end - _DAY) + _DAY


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)
