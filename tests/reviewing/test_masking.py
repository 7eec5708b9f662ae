"""Nothing of a text gets through the mask; numbers and times keep what the spec allows."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retroaudit.reviewing.masking import mask, shape, told, whole


@given(st.text(min_size=5))
@example("-----")
@example("a-a-a")
@example("aA9 9-16")
@example("aa (5-8)")
@example("9" * 40)
@example("ab" * 20_000)
def test_no_shape_holds_its_text(text: str) -> None:
    assert text not in shape(text)


@given(st.text())
def test_a_shape_has_no_letter_or_digit_of_the_text(text: str) -> None:
    marks = shape(text).rpartition(" (")[0] if len(text) > 4 else shape(text)
    assert marks.isascii()
    assert set(filter(str.isalnum, marks)) <= {"a", "A", "9"}


@given(st.text())
def test_a_shape_is_short(text: str) -> None:
    assert len(shape(text)) <= len("a" * 32 + " (8193-16384)") + len(str(len(text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("Bob", "Aaa"),
        ("yes", "aa"),
        ("Hello, World 1234", "Aaa, Aaa 99 (17-32)"),
        ("Zoë李龍 ٣", "Aaa 9 (5-8)"),
        ("naïve\n😀!", "aa??! (5-8)"),
        ("ab-12", "aa-99 (5-8)"),
        ("123456789", "99 (9-16)"),
    ],
)
def test_shapes_by_hand(text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("value", "masked", "kept"),
    [
        (1234, 1000, 1234),
        (-0.0567, -0.06, -0.0567),
        (9.7, 10, 9.7),
        (0, "<10", 0),
        (7, "<10", 7),
        (7.0, "<10", 7.0),
        (-0.0, "<10", 0.0),
        (-9, ">-10", -9),
        (-10, -10, -10),
        (0.7, 0.7, 0.7),
        (2**62 + 1, 5e18, 2**62 + 1),
        (float("nan"), "NaN", "NaN"),
        (float("-inf"), "-inf", "-inf"),
        (1e300, 1e300, 1e300),
        (Decimal("12.340"), 10, 12.34),
        (True, True, True),
        (date(1980, 5, 17), "1980-05", "1980-05-17"),
        (date(1, 12, 31), "0001-12", "0001-12-31"),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01", "2026-01-02 03:04:05.000000"),  # noqa: DTZ001 (as slices have it)
        (time(1, 2), "99:99:99 (5-8)", "01:02:00"),
        (timedelta(seconds=65), "AA9A9A (5-8)", "PT1M5S"),
        ("Bob", "Aaa", "Bob"),
        (None, None, None),
    ],
)
def test_values_by_kind(value: Any, masked: Any, kept: Any) -> None:
    (text,) = told(pl.Series([value]).alias("^a$"))
    assert (mask(text), whole(text)) == (masked, kept)


def test_nested_values_are_nothing_and_long_texts_are_cut() -> None:
    assert told(pl.Series([[1], None])).to_list() == [None, None]
    assert len(str(whole(told(pl.Series(["x" * 20_000]))[0]))) == 10_000
    assert told(pl.Series("*", ["b", None], dtype=pl.Categorical)).to_list() == ["sb", None]
