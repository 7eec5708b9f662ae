"""Canonical bytes: one form, read back to the same document."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.report.canonical import SCHEMA, canonical, parse
from retroaudit.report.compare import compare
from retroaudit.report.html import render
from retroaudit.report.plain import plain
from tests.report.sample import sample, small

SMALL = small()

odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 2**53 - 1, 0.5, 1e308, -1e308, 5e-324, "", "0001-01-01", "\x1b", [], {}]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_what_is_plain_survives_a_round_trip(value: Any) -> None:
    data = canonical({**SMALL, "a later key": plain(value)})
    assert canonical(parse(data)) == data


def test_the_sample_survives_a_round_trip() -> None:
    document = sample()
    assert parse(canonical(document)) == document


def test_rfc_8785_orders_keys_and_writes_numbers() -> None:
    # RFC 8785, section 3.2.2.3 and appendix B: 333333333.33333329 -> 333333333.3333333, 1E30 -> 1e+30, 4.50 -> 4.5
    assert canonical({"b": [333333333.33333329, 1e30, 4.50], "a": "€"}) == (
        '{"a":"€","b":[333333333.3333333,1e+30,4.5]}'.encode()
    )


def test_what_json_cannot_hold_becomes_null_or_text() -> None:
    assert plain([math.nan, math.inf, 2**53, "\udcff"]) == [None, None, "9007199254740992", "\\udcff"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"schema": "retroaudit/report/1"}',  # a space
        b'{"schema":"retroaudit/report/1","schema":"retroaudit/report/1"}',
        b'{"schema":"retroaudit/report/2"}',
        b'{"schema":NaN}',
        b"[" * 100_000,
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"report\.json"):
        parse(data)


@pytest.mark.parametrize(
    ("forged", "subject"),
    [
        ({"schema": SCHEMA}, "report.json.audit"),
        ({**SMALL, "audit": []}, "report.json.audit"),
        ({**SMALL, "audit": {**SMALL["audit"], "id": None}}, "report.json.audit.id"),
        ({**SMALL, "metrics": {}}, "report.json.metrics"),
        ({**SMALL, "metrics": [{**SMALL["metrics"][0], "slice": []}]}, "report.json.metrics.0.slice"),
        ({**SMALL, "metrics": [{**SMALL["metrics"][0], "verdict": "\x1b[2Jpassed"}]}, "report.json.metrics.0.verdict"),
        ({**SMALL, "summary": {**SMALL["summary"], "verdict": "fine"}}, "report.json.summary.verdict"),
        ({**SMALL, "summary": {**SMALL["summary"], "checks": {}}}, "report.json"),
    ],
)
def test_a_document_that_is_no_report_is_refused(forged: dict[str, Any], subject: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(canonical(forged))
    assert subject in {fault.subject for fault in caught.value.faults}
    assert len(caught.value.faults) <= 20


@settings(max_examples=60)
@given(data=st.data())
def test_what_is_parsed_can_be_rendered_and_compared(data: st.DataObject) -> None:
    """One value anywhere in a report, replaced by any other: it is refused, or it does no harm."""
    forged = json.loads(canonical(SMALL))
    holder, place = data.draw(st.sampled_from(list(_places(forged))))
    holder[place] = data.draw(odd | st.sampled_from(list(_values(SMALL))))
    try:
        document = parse(canonical(forged))
    except BadInput:
        return
    compare(SMALL, document)
    render(document)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for place in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, place
        yield from _places(value[place])


def _values(value: Any) -> Iterator[Any]:
    return (holder[place] for holder, place in _places(value))
