"""Reading columns: literal names, and one text for one category."""

import math
from datetime import date, datetime, time, timedelta

import polars as pl
import pytest

from retroaudit.measures.values import LONGEST_TEXT, Rows, floats, read, text


@pytest.mark.parametrize(
    "name", ["*", "^.*$", "", "a b", "'\"\n", "<script>", "x" * 10_000, "len", "literal", "@count"]
)
def test_names_are_taken_literally(name: str) -> None:
    rows = pl.LazyFrame({"other": [1, 2], name: [3, 4]})
    (column,) = read(rows, (name,))
    assert column.to_list() == [3, 4]
    (absent,) = read(rows.select("other"), (name,))
    assert absent.to_list() == [None, None]


def test_columns_come_in_the_order_asked() -> None:
    rows = pl.LazyFrame({"a": [1], "b": [2]})
    assert [column.to_list() for column in read(rows, ("b", "missing", "a"))] == [[2], [None], [1]]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pl.Series([True, False, None]), [1.0, 0.0, None]),
        (pl.Series([date(1970, 1, 2), date(1969, 12, 31)]), [1.0, -1.0]),
        (pl.Series([datetime(1970, 1, 1, 0, 0, 1)]).cast(pl.Datetime("ms")), [1e6]),  # noqa: DTZ001  # a naive column
        (pl.Series([datetime(1970, 1, 1, 0, 0, 1)]).cast(pl.Datetime("us", "Asia/Tokyo")), [1e6]),  # noqa: DTZ001
        (pl.Series([-1, 1999], dtype=pl.Duration("ns")), [-1.0, 1.0]),  # rounded down
        (pl.Series([time(1)]), [None]),
        (pl.Series([b"1"]), [None]),
        (pl.Series(["1"], dtype=pl.Categorical), [None]),
        (pl.Series([[1.0]]), [None]),
    ],
)
def test_floats_of_types(column: pl.Series, expected: list[float | None]) -> None:
    assert floats(column).to_list() == expected


def test_rows_that_do_not_count_are_left_out() -> None:
    rows = Rows(pl.DataFrame({"x": [1.0, 2.0, 3.0]}), pl.Series([True, False, True]))
    assert rows.column("x").to_list() == [1.0, 3.0]
    assert rows.column("absent").to_list() == [None, None]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pl.Series([1.0, -0.0, 0.5, math.nan, math.inf, None, 1e300]), ["1", "0", "0.5", "NaN", "inf", None, "1e+300"]),
        (pl.Series([1.0], dtype=pl.Float32), ["1"]),
        (pl.Series([2**63], dtype=pl.UInt64), ["9223372036854775808"]),
        (pl.Series([True, None]), ["true", None]),
        (pl.Series(["a", "b"], dtype=pl.Categorical), ["a", "b"]),
        (pl.Series(["b"], dtype=pl.Enum(["a", "b"])), ["b"]),
        (pl.Series([date(2026, 7, 1)]), ["2026-07-01"]),
        (pl.Series([datetime(2026, 7, 1, 2)]), ["2026-07-01 02:00:00.000000"]),  # noqa: DTZ001  # a naive column
        (pl.Series([timedelta(hours=1)]), ["PT1H"]),
        (pl.Series([b"\xff\x00"]), ["ff00"]),
        (pl.Series(["1.5"]).str.to_decimal(scale=2), ["1.50"]),
        (pl.Series([None]), [None]),
        (pl.Series([[1]]), [None]),
        (pl.Series([{"a": 1}]), [None]),
    ],
)
def test_text_of_types(column: pl.Series, expected: list[str | None]) -> None:
    found = text(column)
    assert found.dtype == pl.String
    assert found.to_list() == expected


def test_long_texts_are_kept_apart_but_short() -> None:
    long = "é" * 10_000
    fits, first, second = text(pl.Series(["é" * LONGEST_TEXT, long, long + "!"]))
    assert fits == "é" * LONGEST_TEXT
    assert first != second
    # sha256 of 10,000 times U+00E9 in UTF-8: printf 'é%.0s' $(seq 10000) | sha256sum
    assert first == "é" * 100 + "…sha256:3877d08990923f37"
    assert len(second) == len(first)
