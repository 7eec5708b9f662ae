"""What a spec owes for a span, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.declaring.due import due_lists, heartbeat
from retroaudit.faults import BadInput
from tests.archive.small import spec_of

DATED: dict[str, Any] = {"logs": {"path": "logs/{date}/*"}}
DELAYED = {**DATED, "labels": {"path": "labels/{date}/*", "delay": "30d", "mature_after": "30d"}}
TWO_DAYS = timedelta(days=2)


def owed(span: str, document: dict[str, Any] = DATED, *kinds: str, grace: timedelta = TWO_DAYS) -> dict[str, str]:
    spec = spec_of(**document, schedule=dict.fromkeys(kinds or ("day",), True))
    return {each.window: each.due for found in due_lists(spec, span, grace) for each in found.windows}


def test_a_day_is_due_when_its_labels_are_and_after_the_grace() -> None:
    """By hand: 2026-07-01 ends at 2026-07-02, 30 days later it is 2026-08-01, and two more days make it 2026-08-03."""
    assert owed("2026-07-01", DELAYED) == {"2026-07-01": "2026-08-03T00:00:00+00:00"}
    assert owed("2026-07-01") == {"2026-07-01": "2026-07-04T00:00:00+00:00"}
    assert owed("2026-07-01", grace=timedelta(0)) == {"2026-07-01": "2026-07-02T00:00:00+00:00"}


def test_days_end_where_the_specs_zone_has_its_midnight() -> None:
    """Tokyo is nine hours ahead of UTC, the whole year."""
    assert owed("2026-07-01", {**DATED, "time": {"zone": "Asia/Tokyo"}}) == {"2026-07-01": "2026-07-03T15:00:00+00:00"}


def test_each_kind_that_is_scheduled_has_a_list_of_its_own() -> None:
    spec = spec_of(**DATED, schedule={"day": True, "month": True, "quarter": True})
    lists = due_lists(spec, "2026-Q3", TWO_DAYS, part="challenger")
    assert {each.audit: len(each.windows) for each in lists} == {"day": 92, "month": 3, "quarter": 1}
    assert {each.part for each in lists} == {"challenger"}
    assert {each.model for each in lists} == {spec.model}
    assert [each.audit for each in due_lists(spec, "2026-07-01/2026-07-04", TWO_DAYS)] == ["day"]


@given(st.integers(1, 60), st.integers(0, 10))
def test_every_day_of_a_span_is_owed_once_and_in_order(days: int, grace: int) -> None:
    last = datetime(2026, 7, 1, tzinfo=UTC) + timedelta(days=days)
    found = owed(f"2026-07-01/{last.date()}", grace=timedelta(days=grace))
    assert len(found) == days
    assert list(found) == sorted(found)
    assert [datetime.fromisoformat(due) for due in found.values()] == [
        datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(days=1 + grace) for day in found
    ]


@pytest.mark.parametrize(
    ("document", "span", "said"),
    [
        ({**DATED, "schedule": {}}, "2026-07", "schedule"),
        ({**DATED, "schedule": {"month": True}}, "2026-07-01/2026-07-08", "without a whole month"),
        ({**DATED, "schedule": {"day": True}, "valid": {"from": "2026-07-03"}}, "2026-07", "2 of 31 days outside"),
        ({**DATED, "schedule": {"day": True}}, "yesterday", "window"),
    ],
)
def test_what_nobody_can_owe_is_bad_input(document: dict[str, Any], span: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        due_lists(spec_of(**document), span, TWO_DAYS)


def test_a_heartbeat_promises_the_next() -> None:
    at = datetime(2026, 7, 1, 6, tzinfo=UTC)
    body = heartbeat(at, timedelta(days=1))
    assert (body.at, body.next) == ("2026-07-01T06:00:00+00:00", "2026-07-02T06:00:00+00:00")
