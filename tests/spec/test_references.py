"""What a window is compared with. Days are counted on the calendar, by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.spec.model import Spec
from retroaudit.spec.references import reference_age, reference_path, rolling_windows
from retroaudit.spec.window import Window, parse_window, snapshot

NAMES = ["previous", "same-weekday", "trailing", "year-ago"]
DATES = st.dates(date(1904, 1, 1), date(2199, 1, 1))


def spec_of(reference: dict[str, Any] | None, **parts: Any) -> Spec:
    document = {"model": "m", "owner": "o", "logs": {"path": "l/{date}/*"}, "columns": {"time": "t"}, **parts}
    return Spec.model_validate(document if reference is None else {**document, "reference": reference})


def rolling(window: str, name: str, zone: str = "UTC", **parts: Any) -> Window:
    spec = spec_of({"window": [name], "trailing": "28d"}, time={"zone": zone}, **parts)
    return rolling_windows(spec, parse_window(window, zone))[name]


@pytest.mark.parametrize(
    ("window", "name", "key"),
    [
        ("2026-03-01", "previous", "2026-02-28"),
        ("2024-03-01", "previous", "2024-02-29"),
        ("2026-03", "previous", "2026-02"),
        ("2024-03", "previous", "2024-02"),
        ("2026-01", "previous", "2025-12"),
        ("2026-Q1", "previous", "2025-Q4"),
        ("2026-Q3", "previous", "2026-Q2"),
        ("2026-07-10/2026-07-13", "previous", "2026-07-07_2026-07-10"),
        ("2026-03-01/2026-05-01", "previous", "2025-12-30_2026-03-01"),  # 61 days: a span, no two months
        ("2026-07-10", "same-weekday", "2026-07-03"),
        ("2026-07-06/2026-07-13", "same-weekday", "2026-06-29_2026-07-06"),
        ("2026-07-06/2026-07-14", "same-weekday", "2026-06-22_2026-06-30"),
        ("2026-07", "same-weekday", "2026-05-27_2026-06-27"),  # 31 days: five weeks earlier
        ("2026-07-29", "trailing", "2026-07-01_2026-07-29"),
        ("2026-03", "trailing", "2026-02"),
        ("2026-07-10", "year-ago", "2025-07-10"),
        ("2026-Q1", "year-ago", "2025-Q1"),
        ("2025-02", "year-ago", "2024-02"),
        ("2024-02", "year-ago", "2023-02"),
        ("2024-02-28", "year-ago", "2023-02-28"),
        ("2024-02-29", "year-ago", "2023-02-28"),
        ("2024-03-01", "year-ago", "2023-03-01"),
        ("2024-02-28/2024-03-01", "year-ago", "2023-02-28"),
        ("2024-02-01/2024-02-29", "year-ago", "2023-02"),
        ("2025-02-28/2025-03-02", "year-ago", "2024-02-28_2024-03-02"),
    ],
)
def test_rolling_windows(window: str, name: str, key: str) -> None:
    assert rolling(window, name).key == key


@given(first=DATES, days=st.integers(1, 100), name=st.sampled_from(NAMES))
def test_every_window_has_every_rolling_reference_and_none_overlaps_it(first: date, days: int, name: str) -> None:
    window = parse_window(f"{first}/{first + timedelta(days=days)}")
    found = rolling(window.key, name)
    assert found.days
    assert found.end is not None
    assert window.start is not None
    assert found.end <= window.start
    if name == "same-weekday":
        weekdays = [[date.fromisoformat(day).weekday() for day in each.days] for each in (window, found)]
        assert weekdays[0] == weekdays[1]
    if name == "trailing":
        assert (len(found.days), found.end) == (28, window.start)
    if name == "previous" and window.kind in {"day", "range"}:
        assert (len(found.days), found.end) == (len(window.days), window.start)


def test_days_that_a_zone_skipped_leave_a_reference_without_days() -> None:
    """Samoa had no 30 December 2011."""
    apia = "Pacific/Apia"
    assert rolling("2011-12-31", "previous", apia).days == ()
    assert len(rolling("2011-12-31", "trailing", apia).days) == 27
    assert rolling("2012-12-30", "year-ago", apia).days == ()
    assert rolling("2011-12-29/2012-01-02", "previous", apia).days == tuple(f"2011-12-{day}" for day in range(25, 29))


def test_a_month_that_lost_its_last_day_is_a_month() -> None:
    """Kiritimati had no 31 December 1994."""
    assert rolling("1994-12", "year-ago", "Pacific/Kiritimati").key == "1993-12"
    assert rolling("1995-01-01", "previous", "Pacific/Kiritimati").days == ()


@pytest.mark.parametrize(("low", "days"), [("2026-06-01", 28), ("2026-07-20", 9), ("2026-07-29", 0)])
def test_only_days_for_which_the_spec_is_valid_are_compared_with(low: str, days: int) -> None:
    assert len(rolling("2026-07-29", "trailing", valid={"from": low}).days) == days


def test_none_where_none_is_asked() -> None:
    window = parse_window("2026-07-01")
    assert rolling_windows(spec_of(None), window) == rolling_windows(spec_of({"path": "r/*"}), window) == {}
    assert rolling_windows(spec_of({"window": NAMES}), snapshot()) == {}
    assert list(rolling_windows(spec_of({"window": NAMES[::-1]}), window)) == NAMES[::-1]


SERVED = [{"name": "1.4", "from": "2026-01-01", "to": "2026-08-01"}, {"name": "1.5", "from": "2026-07-15"}]


@pytest.mark.parametrize(
    ("window", "version"),
    [
        ("2026-01-01", "1.4"),
        ("2026-07-14", "1.4"),
        ("2026-07-15", "1.5"),  # both: the one that began last
        ("2026-07", "1.5"),  # that of its last day
        ("2026-06-01/2026-07-15", "1.4"),
        ("2027", "1.5"),
        ("snapshot", "1.5"),
    ],
)
def test_the_path_is_of_the_version_of_the_last_day(window: str, version: str) -> None:
    asked = parse_window(f"{window}-01" if window == "2027" else window)
    assert reference_path(spec_of({"path": "r/{version}.parquet"}, versions=SERVED), asked) == f"r/{version}.parquet"


def test_versions_that_begin_together_are_told_apart_by_name() -> None:
    both = [{"name": name, "from": "2026-01-01"} for name in ("b", "c", "a")]
    paths = {
        reference_path(spec_of({"path": "{version}"}, versions=order), parse_window("2026-07-01"))
        for order in (both, both[::-1])
    }
    assert paths == {"c"}


def test_no_version_for_the_day_is_bad_input() -> None:
    spec = spec_of({"path": "r/{version}.parquet"}, versions=[{**SERVED[0]}])
    for window in ("2025-12-31", "2026-08-01", "snapshot"):
        with pytest.raises(BadInput, match="no version declared for"):
            reference_path(spec, parse_window(window))


@pytest.mark.parametrize(
    "name",
    ["../x", "..", ".", "", "a/b", "*", "1.*", "**", "{date}", "{version}", "a?", "[a]", "a\\b", "a\nb", "x" * 999],
)
def test_a_version_cannot_lead_elsewhere(name: str) -> None:
    spec = spec_of({"path": "r/{version}/*.parquet"}, versions=[{"name": name, "from": "2026-01-01"}])
    with pytest.raises(BadInput, match=r"reference\.path"):
        reference_path(spec, parse_window("2026-07-01"))


def test_a_path_without_a_version_asks_for_none() -> None:
    window = parse_window("2026-07-01")
    paths = [reference_path(spec_of(own), window) for own in (None, {"window": "previous"}, {"path": "r/*.parquet"})]
    assert paths == [None, None, "r/*.parquet"]


AS_OF = datetime(2026, 8, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reference", "days"),
    [
        ({"path": "r"}, None),
        ({"path": "r", "date": "2026-06-30"}, 32),
        ({"path": "r", "date": "2026-08-01"}, 0),
        ({"path": "r", "date": "2026-08-02"}, -1),
        ({"path": "r/{version}"}, 17),  # the version serves since 15 July
        ({"path": "r/{version}", "date": "2026-06-30"}, 32),
        ({"window": "previous"}, None),
    ],
)
def test_age(reference: dict[str, Any], days: int | None) -> None:
    spec, window = spec_of(reference, versions=SERVED), parse_window("2026-07-31")
    assert reference_age(spec, window, AS_OF) == (None if days is None else timedelta(days=days))
    assert reference_age(spec, window, None) is None
    assert reference_age(spec_of(None), window, AS_OF) is None
