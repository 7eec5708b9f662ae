"""What a window is compared with: which snapshot, and which other windows of the same model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from retroaudit.faults import BadInput, Fault
from retroaudit.spec.model import RollingName, Spec, Version
from retroaudit.spec.paths import VERSION, path_faults
from retroaudit.spec.tree import show
from retroaudit.spec.window import SNAPSHOT, Window, parse_window

_DAY = timedelta(days=1)
_WEEK = 7
Span = tuple[date, date]  # the first day, and the day after the last


def rolling_windows(spec: Spec, window: Window) -> dict[str, Window]:
    """The windows that `reference.window` names, for this one, in the spec's order.

    * `previous`: the same span right before it: a month for a month, n days for n days.
    * `same-weekday`: as many days, so many whole weeks earlier that the two do not overlap.
    * `trailing`: the `reference.trailing` days before it.
    * `year-ago`: the same days of the calendar one year earlier (28 February for 29 February).
    """
    if spec.reference is None or window.kind == SNAPSHOT:
        return {}
    first, end = date.fromisoformat(window.days[0]), date.fromisoformat(window.days[-1]) + _DAY
    trailing = spec.reference.trailing
    spans: Mapping[RollingName, Callable[[], Span]] = {
        "previous": lambda: (_before(window, first, end), first),
        "same-weekday": lambda: _weeks_before(first, end),
        "trailing": lambda: (first - trailing, first),
        "year-ago": lambda: (_year_before(first), _year_before(end)),
    }
    found = {name: spans[name]() for name in spec.reference.window}
    return {name: parse_window(f"{a}/{b}", window.zone) for name, (a, b) in found.items()}


def reference_path(spec: Spec, window: Window) -> str | None:
    """The path of the fixed reference: of the version that is declared for the window's last day.

    Raises `BadInput` where the path asks for a version and none is declared for that day.
    """
    path = spec.reference.path if spec.reference else None
    if path is None or VERSION not in path:
        return path
    resolved = path.replace(VERSION, _serving(spec, window).name)
    faults = path_faults(resolved, dates=False)
    if faults:
        raise BadInput([Fault("reference.path", show(resolved), expected) for expected in faults])
    return resolved


def reference_age(spec: Spec, window: Window, as_of: datetime | None) -> timedelta | None:
    """How old the fixed reference is at `as_of`; None where the spec does not date it, or nothing has a date."""
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


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)
