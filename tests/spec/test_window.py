"""Windows: days tile them exactly, keys come back, and zones keep their odd days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.spec.load import parse
from retroaudit.spec.window import day_bounds, parse_window, snapshot, windows, within
from retroaudit.spec.zones import zone, zone_names

ODD_ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "America/Toronto",
    "America/St_Johns",
    "Africa/Monrovia",
    "Asia/Kathmandu",
    "Antarctica/Troll",
    "Australia/Lord_Howe",
)
ZONES = st.sampled_from(ODD_ZONES) | st.sampled_from(sorted(zone_names()))
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "kind", "key", "span", "days"),
    [  # a calendar at hand
        ("2026-07-01", "day", "2026-07-01", ("2026-07-01", "2026-07-02"), 1),
        ("2026-07", "month", "2026-07", ("2026-07-01", "2026-08-01"), 31),
        ("2026-12", "month", "2026-12", ("2026-12-01", "2027-01-01"), 31),
        ("2024-02", "month", "2024-02", ("2024-02-01", "2024-03-01"), 29),
        ("2026-Q3", "quarter", "2026-Q3", ("2026-07-01", "2026-10-01"), 92),
        ("2026-Q4", "quarter", "2026-Q4", ("2026-10-01", "2027-01-01"), 92),
        ("2026-07-01/2026-08-15", "range", "2026-07-01_2026-08-15", ("2026-07-01", "2026-08-15"), 45),
        ("2026-07-01_2026-08-15", "range", "2026-07-01_2026-08-15", ("2026-07-01", "2026-08-15"), 45),
        ("2026-07-01/2026-07-02", "day", "2026-07-01", ("2026-07-01", "2026-07-02"), 1),
        ("2026-02-01/2026-03-01", "month", "2026-02", ("2026-02-01", "2026-03-01"), 28),
        ("2026-10-01/2027-01-01", "quarter", "2026-Q4", ("2026-10-01", "2027-01-01"), 92),
        ("2026-02-01/2026-05-01", "range", "2026-02-01_2026-05-01", ("2026-02-01", "2026-05-01"), 89),
    ],
)
def test_what_each_text_means(text: str, kind: str, key: str, span: tuple[str, str], days: int) -> None:
    window = parse_window(text, "UTC")
    assert (window.kind, window.key, window.zone) == (kind, key, "UTC")
    assert (window.start, window.end) == (at(span[0]), at(span[1]))
    assert len(window.days) == days
    assert window.days[0] == span[0]


@settings(deadline=None)
@given(DAYS, st.integers(1, 800), ZONES)
def test_days_tile_the_window_and_the_key_comes_back(first: date, length: int, name: str) -> None:
    last = min(first + timedelta(days=length), date(2199, 12, 31))
    if first == last:
        return
    window = parse_window(f"{first}/{last}", name)
    bounds = [day_bounds(day, name) for day in window.days]
    assert (bounds[0][0], bounds[-1][1]) == (window.start, window.end)
    assert all(before[1] == after[0] for before, after in pairwise(bounds))
    assert all(start < end for start, end in bounds)
    assert list(window.days) == sorted(set(window.days))
    assert parse_window(window.key, name) == window


@settings(deadline=None)
@given(DAYS.filter(lambda day: day.year > 1900), ZONES)
def test_a_day_begins_when_clocks_first_show_it(day: date, name: str) -> None:
    """Independent origin: the local clock of zoneinfo, one second before and at the bound."""
    try:
        start, end = day_bounds(day.isoformat(), name)
    except BadInput:
        local = {(at(str(day)) + hours * HOUR).astimezone(zone(name)).date() for hours in range(-48, 49)}
        assert day not in local
        return
    info, second = zone(name), timedelta(seconds=1)
    assert start.astimezone(info).date() == day
    assert (start - second).astimezone(info).date() < day
    assert end.astimezone(info).date() > day


@pytest.mark.parametrize(
    ("key", "name", "start", "hours"),
    [
        ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00", 23),  # EU directive 2000/84/EC: 01:00 UTC, last Sunday
        ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00", 25),
        ("2026-07-01", "Europe/Berlin", "2026-06-30T22:00", 24),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00", 23),  # decree 6558: 00:00 became 01:00
        ("2018-02-17", "America/Sao_Paulo", "2018-02-17T02:00", 25),  # its 23rd hour came twice
        ("1919-03-31", "America/Toronto", "1919-03-31T04:30", 23.5),  # tzdata: at 23:30 on the 30th it was 00:30
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00", 24),  # tzdata: from -10 to +14 at the end of the 29th
        ("2011-12-29", "Pacific/Apia", "2011-12-29T10:00", 24),
        ("2026-04-05", "Australia/Lord_Howe", "2026-04-04T13:00", 24.5),  # half an hour back, from +11 to +10:30
    ],
)
def test_days_that_are_not_24_hours_or_begin_oddly(key: str, name: str, start: str, hours: float) -> None:
    begin, end = day_bounds(key, name)
    assert begin == at(start)
    assert end - begin == hours * HOUR


def test_a_month_with_a_change_of_clocks_has_all_its_days() -> None:
    window = parse_window("2026-03", "Europe/Berlin")
    assert window.start is not None
    assert window.end is not None
    assert len(window.days) == 31
    assert window.end - window.start == (31 * 24 - 1) * HOUR


def test_a_day_that_a_zone_skipped_is_in_no_window() -> None:
    month = parse_window("2011-12", "Pacific/Apia")
    assert len(month.days) == 30
    assert "2011-12-30" not in month.days
    with pytest.raises(BadInput, match="skipped"):
        parse_window("2011-12-30", "Pacific/Apia")
    with pytest.raises(BadInput, match="skipped"):
        day_bounds("2011-12-30", "Pacific/Apia")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "2026-Q3"),
        ("yesterday", "2026-07-01/2026-08-15"),
        ("2026", "2026-Q3"),
        ("2026-7-1", "2026-Q3"),
        ("2026-Q5", "2026-Q3"),
        ("2026-07/2026-08", "2026-Q3"),
        ("2026-07-01/2026-08-01/2026-09-01", "2026-Q3"),
        ("2026-13", "a day of the calendar"),
        ("2026-02-30", "a day of the calendar"),
        ("2025-02-28/2025-02-29", "a day of the calendar"),
        ("2026-07-01/2026-07-01", "empty window"),
        ("2026-07-02/2026-07-01", "empty window"),
        ("0001-01-01", "the year 1"),
        ("9999-12", "the year 9999"),
        ("2026-07-01\n", "2026-Q3"),
        ("２026-07-01", "2026-Q3"),  # noqa: RUF001 - a full-width digit
        ("2026-07-01/../../etc", "2026-Q3"),
        ("<script>" * 2_000, "2026-Q3"),
    ],
)
def test_other_texts_are_refused_with_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_window(text, "UTC")
    assert said in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("key", ["2026-07", "snapshot", "2026-07-01/2026-07-02", "", "2026-07-1"])
def test_bounds_are_of_a_day_alone(key: str) -> None:
    with pytest.raises(BadInput):
        day_bounds(key, "UTC")


@pytest.mark.parametrize(
    "name", ["", "Mars/Base", "../../etc/passwd", "europe/berlin", "localtime", "America", "x" * 10_000]
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="zone"):
        parse_window("2026-07-01", name)


def test_a_snapshot_has_no_days() -> None:
    window = snapshot()
    assert (window.key, window.kind, window.start, window.end, window.days) == ("snapshot", "snapshot", None, None, ())
    assert parse_window("snapshot", "UTC") == window


def keys(span: str, *kinds: str, name: str = "UTC") -> list[str]:
    return [window.key for window in windows(parse_window(span, name), kinds)]


def test_the_windows_of_a_span_in_the_order_in_which_states_are_made() -> None:
    """A calendar at hand: 2026-Q1 ends on 31 March; December and its quarter began before the span."""
    found = keys("2025-12-30/2026-04-02", "day", "month", "quarter")
    assert found[:3] == ["2025-12-30", "2025-12-31", "2026-01-01"]
    assert found[32:35] == ["2026-01-31", "2026-01", "2026-02-01"]
    assert found[-4:] == ["2026-03-31", "2026-03", "2026-Q1", "2026-04-01"]


def test_the_kinds_that_are_asked_for() -> None:
    assert keys("2026-Q3", "quarter") == ["2026-Q3"]
    assert keys("2025-07-01/2026-07-01", "quarter") == ["2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2"]
    assert keys("2026-02-15/2026-04-15", "month", "range", "snapshot") == ["2026-03"]
    assert keys("2026-07-01", "day", "month") == ["2026-07-01"]
    assert keys("2026-07-01/2026-07-31", "month") == []
    assert windows(snapshot(), ["day", "snapshot"]) == ()


def test_a_month_that_ends_with_a_skipped_day_has_its_place() -> None:
    """tzdata: Pacific/Enderbury had no 1994-12-31."""
    found = keys("1994-12-30/1995-01-02", "day", "month", name="Pacific/Enderbury")
    assert found == ["1994-12-30", "1995-01-01"]
    assert keys("1994-12", "day", "month", name="Pacific/Enderbury")[-2:] == ["1994-12-30", "1994-12"]


@settings(max_examples=50)
@given(DAYS, st.integers(1, 250), ZONES)
def test_days_months_and_quarters_of_a_span(first: date, length: int, name: str) -> None:
    last = min(first + timedelta(days=length), date(2199, 12, 31))
    if first == last:
        return
    try:
        span = parse_window(f"{first}/{last}", name)
    except BadInput:  # nothing but a day that was skipped
        return
    found = windows(span, ["day", "month", "quarter"])
    assert tuple(window.key for window in found if window.kind == "day") == span.days
    assert all(span.start <= window.start and window.end <= span.end for window in found)  # type: ignore[operator]
    seen: set[str] = set()
    for window in found:
        assert parse_window(window.key, name) == window
        if window.kind == "day":
            seen.add(window.key)
        else:
            assert seen.issuperset(window.days)  # a merge of what was measured before
            assert max(seen) == window.days[-1]  # and right after its last day
    whole = {day[:7] for day in span.days if set(parse_window(day[:7], name).days) <= set(span.days)}
    assert {window.key for window in found if window.kind == "month"} == whole


DATED = "model: m\nowner: o\nlogs: {path: 'd={date}/*'}\ncolumns: {time: t}\n"
WHOLE = "model: m\nowner: o\nlogs: {path: 'train.parquet'}\ncolumns: {}\n"


def test_a_window_lies_within_the_days_for_which_a_spec_is_valid() -> None:
    spec = parse(DATED + "valid: {from: 2026-07-10, to: 2026-07-20}\n", "m.yaml")
    within(spec, parse_window("2026-07-10/2026-07-20"))
    with pytest.raises(BadInput, match="1 of 11 days outside, the first 2026-07-20"):
        within(spec, parse_window("2026-07-10/2026-07-21"))
    with pytest.raises(BadInput, match="30 of 30 days outside, the first 2026-06-01"):
        within(spec, parse_window("2026-06"))
    within(parse(DATED, "m.yaml"), parse_window("1999-06"))


def test_a_window_is_of_the_kind_of_the_logs() -> None:
    within(parse(WHOLE, "m.yaml"), snapshot())
    with pytest.raises(BadInput, match=r"no \{date\}"):
        within(parse(WHOLE, "m.yaml"), parse_window("2026-07-01"))
    with pytest.raises(BadInput, match=r"a \{date\}"):
        within(parse(DATED, "m.yaml"), snapshot())
