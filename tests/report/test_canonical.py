"""Canonical bytes: one form, read back to the same document."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.report.canonical import SCHEMA, canonical, parse
from retroaudit.report.plain import plain
from tests.report.sample import sample

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_what_is_plain_survives_a_round_trip(value: Any) -> None:
    data = canonical({"schema": SCHEMA, "value": plain(value)})
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
