"""Predicates by hand and by other engines; `test_predicates_parity` holds them against GX."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.measures import conditions
from retroaudit.measures.measure import Need
from retroaudit.measures.predicates import Unanswerable, by_row, check, columns

Values = dict[str, Any]


def unexpected(metric: str, values: Values, *columns: pl.Series) -> int:
    names = ["*", "^.*$", "0"][: len(columns)]  # a name is never a pattern, nor a place
    frame = pl.DataFrame([column.alias(name) for name, column in zip(names, columns, strict=True)])
    question = json.dumps({"metric": metric, "values": values})
    return conditions.finish(conditions.partial(frame, Need("conditions", tuple(names), question))).unexpected


def between(column: pl.Series, **bounds: Any) -> int:
    return unexpected("column_values.between", bounds, column)


def matched(texts: Sequence[str], pattern: str) -> list[bool]:
    asked = ("column_values.match_regex", {"regex": pattern})
    return [unexpected(*asked, pl.Series([text])) == 0 for text in texts]


def test_numbers_are_compared_exactly() -> None:
    # by hand: 2^53 + 1 is no float64, and 0.1 as a float64 is a little more than a tenth
    assert between(pl.Series([2**53, 2**53 + 1]), min_value=2**53 + 1) == 1
    assert between(pl.Series([1, 2]), min_value=1.5) == 1
    assert between(pl.Series([Decimal("0.1"), Decimal("0.2")]), min_value=0.1) == 1
    assert between(pl.Series([-128, 127], dtype=pl.Int8), min_value=-1000, max_value=10**50) == 0
    assert between(pl.Series([0, 2**64 - 1], dtype=pl.UInt64), min_value=-1, max_value=2**63) == 1
    assert between(pl.Series([1, 2]), max_value=float("inf")) == 0
    assert unexpected("column_values.in_set", {"value_set": [2**53 + 1, 1.5]}, pl.Series([2**53, 2**53 + 1])) == 1


def test_times_are_compared_as_moments() -> None:
    vienna = pl.Series([datetime(2024, 7, 1, 0, 30, tzinfo=UTC)]).dt.convert_time_zone("Europe/Vienna")
    assert between(vienna, min_value="2024-07-01T02:30") == 0  # in the column's zone, two hours ahead
    assert between(vienna, min_value="2024-07-01T00:30:00.000001Z") == 1
    days = pl.Series([date(2024, 1, 1), date(2024, 1, 2)])
    assert between(days, min_value="2024-01-01T12:00") == 1
    assert unexpected("column_values.in_set", {"value_set": ["2024-01-01", "soon"]}, days) == 1


@pytest.mark.parametrize(
    "pattern", ["(?=a)a", r"(a)\1", r"a\Z", "a{,3}b", "a++b", r"\<a", "[a[b]]", "(?x)[a b]", "a{1, 2}", "a{"]
)
@pytest.mark.filterwarnings("ignore::FutureWarning")  # Python's own, on sets within sets
def test_what_rust_reads_otherwise_python_reads(pattern: str) -> None:
    texts = ["a", "aa", "aaaab", "<a", "a\n", " ", "[a]", "a{1, 2}", "b]", "a{"]
    assert matched(texts, pattern) == [re.search(pattern, text) is not None for text in texts]
    question = {"metric": "column_values.match_regex", "values": {"regex": pattern}}
    assert by_row(question) == "Python's re, for a pattern that Polars cannot read; its time is not bounded"


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Float32])
@given(zeros=st.permutations([0.0, -0.0, 5e-324, -5e-324, -1.0, None]))
def test_the_sign_of_zero_is_its_own_in_any_order(zeros: list[float | None], dtype: pl.DataType) -> None:
    column = pl.Series(zeros * 20, dtype=dtype)
    negative = sum(str(each).startswith("-") for each in column.to_list())  # as Python and GX write them
    asked = {"regex": "^-"}
    assert unexpected("column_values.not_match_regex", asked, column) == negative
    assert unexpected("column_values.match_regex", asked, column) == 100 - negative


@pytest.mark.parametrize("today", [datetime(2023, 2, 28), datetime(2024, 3, 31), datetime(2100, 6, 1)])  # noqa: DTZ001
def test_no_answer_depends_on_today(today: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    from dateutil import parser  # type: ignore[import-untyped]  # noqa: PLC0415  # comes with the extra

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:  # noqa: ARG003
            return today

    theirs = parser._parser
    monkeypatch.setattr(theirs, "datetime", SimpleNamespace(**vars(theirs.datetime) | {"datetime": Clock}))
    monkeypatch.setattr(theirs, "time", SimpleNamespace(**vars(theirs.time) | {"localtime": today.timetuple}))
    columns.reader.cache_clear()
    texts = pl.Series(["30", "Feb 29", "31", "29 Feb 00", "Feb 30", "29 Feb 01"])
    assert unexpected("column_values.dateutil_parseable", {}, texts) == 2  # by hand: February 30, and 29 of 2001
    days = pl.Series([date(2075, 5, 6), date(1975, 5, 6)])
    assert unexpected("column_values.in_set", {"value_set": ["5/6/75", "May 6"]}, days) == 2
    assert unexpected("column_values.in_set", {"value_set": ["5/6/1975"]}, days) == 1


def test_plain_patterns_stay_in_polars() -> None:
    listed = {"metric": "column_values.match_regex_list", "values": {"regex_list": ["^a", r"^[A-Z]{2}\d+$"]}}
    assert by_row(listed) == by_row({"metric": "column_values.between", "values": {}}) == ""
    assert "dateutil" in by_row({"metric": "column_values.dateutil_parseable", "values": {}})


@given(st.text("ab%_!\n^.é", max_size=5), st.lists(st.text("ab%_!\n^.é", max_size=5), max_size=5), st.booleans())
def test_like_is_that_of_sqlite(pattern: str, texts: list[str], escaped: bool) -> None:  # drawn
    clause, values = (" ESCAPE '!'", {"escape": "!"}) if escaped else ("", {})
    asked = {"like_pattern": pattern, **values}
    if escaped and (len(pattern) - len(pattern.rstrip("!"))) % 2:
        with pytest.raises(Unanswerable, match="ends with its escape"):
            check({"metric": "column_values.match_like_pattern", "values": asked}, [pl.String()])
        return
    with sqlite3.connect(":memory:") as database:
        database.execute("PRAGMA case_sensitive_like = ON")
        found = [database.execute(f"SELECT ? NOT LIKE ?{clause}", (text, pattern)).fetchone()[0] for text in texts]
    database.close()
    column = pl.Series(texts, dtype=pl.String)
    assert unexpected("column_values.match_like_pattern", asked, column) == sum(found)
    assert unexpected("column_values.not_match_like_pattern", asked, column) == len(found) - sum(found)


def test_lists_of_like_patterns() -> None:
    column, patterns = pl.Series(["ab", "a", "c", None]), {"like_pattern_list": ["a%", "%b"]}
    assert unexpected("column_values.match_like_pattern_list", {**patterns, "match_on": "any"}, column) == 1
    assert unexpected("column_values.match_like_pattern_list", {**patterns, "match_on": "all"}, column) == 2
    assert unexpected("column_values.not_match_like_pattern_list", patterns, column) == 2


@given(st.lists(st.none() | st.text("ab1", max_size=3), max_size=9), st.text("ab1", max_size=2))
def test_coded_text_is_text(texts: list[str | None], value: str) -> None:
    plain, coded = (pl.Series(texts, dtype=dtype) for dtype in (pl.String, pl.Categorical))
    for metric, values in (
        ("column_values.between", {"min_value": value}),
        ("column_values.in_set", {"value_set": [value, "a"]}),
        ("column_values.match_regex", {"regex": f"^{value}(?=1)"}),
        ("column_values.json_parseable", {}),
    ):
        assert unexpected(metric, values, plain) == unexpected(metric, values, coded)
    values = {"ignore_row_if": "neither"}
    assert unexpected("multicolumn_values.equal", values, plain, coded) == 0
    assert unexpected("column_pair_values.a_greater_than_b", values, plain, coded) == len(texts)


def test_sums_do_not_overflow() -> None:
    column = pl.Series([127, 1], dtype=pl.Int8)
    assert unexpected("multicolumn_sum.equal", {"sum_total": 381}, column, column, column) == 1


def test_a_thousand_pairs_and_two_thousand_patterns_are_asked_at_once() -> None:
    pairs = [[value, value + 1] for value in range(999)] + [[None, 5]]
    first, second = pl.Series([0, 998, 998, None, None]), pl.Series([1, 999, 998, 5, 6])
    asked = {"value_pairs_set": pairs, "ignore_row_if": "neither"}
    assert unexpected("column_pair_values.in_set", asked, first, second) == 2
    texts = pl.Series(["a0", "a1999", "a2000", "b", None])
    for metric, patterns in (
        ("match_regex_list", {"regex_list": [f"^a{number}$" for number in range(2_000)]}),
        ("match_like_pattern_list", {"like_pattern_list": [f"_{number}" for number in range(2_000)]}),
    ):
        assert unexpected(f"column_values.{metric}", patterns, texts) == 2
        assert unexpected(f"column_values.not_{metric}", patterns, texts) == 2


PATTERNS = st.sampled_from(
    ["^a", "b$", "a|^b", "(?i)B1", "(?P<n>1)b", "(?P<n>b)a", r"(a|1)\1", "^$", "[ab]{2}", r"\[", "[1]$"]
)


@given(st.lists(PATTERNS, min_size=1, max_size=6), st.lists(st.text("abB1[", max_size=4), max_size=8))
def test_one_of_many_patterns_is_found_where_python_finds_one(patterns: list[str], texts: list[str]) -> None:
    missed = sum(not any(re.search(pattern, text) for pattern in patterns) for text in texts)
    column = pl.Series(texts, dtype=pl.String)
    assert unexpected("column_values.match_regex_list", {"regex_list": patterns}, column) == missed


def test_each_of_many_patterns_has_to_be_one() -> None:
    with pytest.raises(Unanswerable, match="is not a regular expression"):
        check({"metric": "column_values.match_regex_list", "values": {"regex_list": ["a)(?:b", "c"]}}, [pl.String()])


NUMBERS = st.none() | st.sampled_from([0, 1, 2])


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=9), st.lists(st.tuples(NUMBERS, NUMBERS), max_size=4))
def test_records_and_pairs_by_python(rows: list[tuple[int | None, ...]], pairs: list[tuple[int | None, ...]]) -> None:
    names, asked = ("x", "y", "z"), {"ignore_row_if": "never"}
    found = [pl.Series(name, values, pl.Int64) for name, values in zip(names, zip(*rows, strict=True), strict=False)]
    found = found or [pl.Series(name, [], pl.Int64) for name in names]
    assert unexpected("multicolumn_values.equal", asked, *found) == sum(len(set(row)) > 1 for row in rows)
    repeated = sum(len(set(row)) < 3 for row in rows)
    assert unexpected("select_column_values.unique.within_record", asked, *found) == repeated
    listed = {"value_pairs_set": [list(pair) for pair in pairs], "ignore_row_if": "neither"}
    others = sum(row[:2] not in pairs for row in rows)
    assert unexpected("column_pair_values.in_set", listed, *found[:2]) == others


REFUSED = [
    ("column_values.between", {}, pl.Int64(), "cannot both be missing"),
    ("column_values.between", {"min_value": 3, "max_value": 1}, pl.Int64(), "min_value 3 cannot be greater"),
    ("column_values.between", {"min_value": "a", "max_value": 1}, pl.Int64(), "'a' and max_value 1 cannot be compared"),
    ("column_values.between", {"min_value": 1}, pl.String(), "of type String cannot be compared with 1"),
    ("column_values.between", {"min_value": "a"}, pl.Int64(), "of type Int64 cannot be compared with 'a'"),
    ("column_values.between", {"min_value": "January"}, pl.Date(), "cannot be compared with 'January'"),
    ("column_values.between", {"min_value": 1}, pl.List(pl.Int64()), "cannot be compared with 1"),
    ("column_values.in_set", {"value_set": "a"}, pl.String(), "value_set must be a list"),
    ("column_values.match_regex", {"regex": "("}, pl.String(), r"'\(' is not a regular expression: missing \)"),
    ("column_values.match_regex", {"regex": ["a"]}, pl.String(), "is not a regular expression: no text"),
    ("column_values.match_regex", {"regex": "a"}, pl.Struct({}), "have no text"),
    ("column_values.match_regex_list", {"regex_list": []}, pl.String(), "at least one pattern"),
    ("column_values.match_regex_list", {"regex_list": ["a"], "match_on": "some"}, pl.String(), '"any" or "all"'),
    ("column_values.match_like_pattern", {"like_pattern": "a"}, pl.Int64(), "must be text, not Int64"),
    ("column_values.match_like_pattern", {"like_pattern": "a", "escape": "ab"}, pl.String(), "escape one character"),
    ("column_values.match_json_schema", {"json_schema": {"type": "thing"}}, pl.String(), "not a JSON schema: 'thing'"),
    ("column_values.match_json_schema", {}, pl.String(), "json_schema must be a JSON schema, not None"),
    ("column_values.match_strftime_format", {}, pl.String(), "strftime_format must be text"),
    ("column_values.dateutil_parseable", {}, pl.Datetime(), "must be text"),
    ("column_pair_values.in_set", {"value_pairs_set": [[1]]}, pl.Int64(), "must be a list of pairs"),
    ("column_pair_values.a_greater_than_b", {}, pl.List(pl.Int64()), "have no order"),
    ("multicolumn_sum.equal", {"sum_total": "a"}, pl.Int64(), "do not sum to 'a'"),
    ("multicolumn_sum.equal", {"sum_total": float("inf")}, pl.Int64(), "do not sum to inf"),
    ("multicolumn_values.equal", {"ignore_row_if": "often"}, pl.Int64(), "ignore_row_if 'often' is not one of"),
    ("column_values.lucky", {}, pl.Int64(), "no such row-level metric: column_values.lucky"),
]


@pytest.mark.parametrize(("metric", "values", "dtype", "why"), REFUSED)
def test_what_makes_no_sense_is_told(metric: str, values: Values, dtype: pl.DataType, why: str) -> None:
    width = 1 if metric.startswith("column_values") else 2
    with pytest.raises(Unanswerable, match=why):
        check({"metric": metric, "values": values}, [dtype] * width)


def test_a_schema_never_reaches_for_another_document() -> None:
    asked = {"json_schema": {"$ref": "http://127.0.0.1:9/schema.json"}}
    assert unexpected("column_values.match_json_schema", asked, pl.Series(["1"])) == 1
