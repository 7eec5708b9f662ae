"""Which rows are asked, as pandas' `query` answers it."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.measures.predicates import Unanswerable
from retroaudit.measures.values import Rows
from retroaudit.measures.where import check, columns_of, mask

NUMBERS = st.sampled_from([-1, 0, 0.5, 1, 2])
WORDS = st.sampled_from(["a", "b", "é"])
FRAMES = st.lists(
    st.fixed_dictionaries({"x": st.none() | NUMBERS, "*": st.none() | WORDS, "b": st.booleans()}), max_size=8
).map(lambda rows: pl.DataFrame(rows, schema={"x": pl.Float64, "*": pl.String, "b": pl.Boolean}))


def compared(column: str, operators: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"column": st.just(column), "operator": st.sampled_from(operators), "value": values})


LEAVES = st.one_of(
    compared("x", ["==", "!=", "<", "<=", ">", ">="], NUMBERS),
    compared("*", ["==", "!=", "<", ">="], WORDS),
    compared("*", ["==", "!="], NUMBERS),
    compared("x", ["in", "not_in"], st.lists(NUMBERS, max_size=3)),
    compared("b", ["=="], st.booleans()),
    st.fixed_dictionaries({"column": st.sampled_from("x*"), "operator": st.sampled_from(["is_null", "not_null"])}),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"and": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"or": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=6,
)


def as_query(condition: Any) -> str:
    """The condition in pandas' words."""
    if "not" in condition:
        return f"(not {as_query(condition['not'])})"
    for word in ("and", "or"):
        if word in condition:
            return "(" + f" {word} ".join(map(as_query, condition[word])) + ")"
    column, sign = f"`{condition['column']}`", condition["operator"]
    if sign in {"is_null", "not_null"}:
        return f"{column}.{sign.replace('_', '')}()"
    return f"({column} {sign.replace('_', ' ')} {condition['value']!r})"


@given(FRAMES, CONDITIONS)
def test_a_mask_is_what_pandas_queries(frame: pl.DataFrame, condition: Any) -> None:
    rows = frame.to_pandas().query(as_query(condition), engine="python").index
    found = mask(Rows(frame), json.dumps(condition))
    assert found.dtype == pl.Boolean
    assert found.null_count() == 0
    assert found.arg_true().to_list() == rows.to_list()


def test_times_are_compared_as_times() -> None:
    frame = pl.DataFrame({"t": ["2024-01-01T05:00", "2024-01-02T00:00"]}).with_columns(pl.col("t").str.to_datetime())
    after = {"column": "t", "operator": ">=", "value": "2024-01-02"}
    assert mask(Rows(frame), json.dumps(after)).to_list() == [False, True]


def test_nan_is_null_and_what_is_absent_too() -> None:
    frame = pl.DataFrame({"x": [1.0, float("nan"), None]})
    for column, nulls in (("x", [False, True, True]), ("y", [True, True, True])):
        assert mask(Rows(frame), json.dumps({"column": column, "operator": "is_null"})).to_list() == nulls


def test_what_cannot_be_compared_is_told_beforehand_and_holds_for_no_row() -> None:
    where = json.dumps({"not": {"column": "x", "operator": ">", "value": 1}})
    check(where, {"x": pl.Int64()})
    check(where, {})
    with pytest.raises(Unanswerable, match="type String cannot be compared with 1"):
        check(where, {"x": pl.String()})
    assert mask(Rows(pl.DataFrame({"x": ["2"]})), json.dumps(json.loads(where)["not"])).to_list() == [False]


@pytest.mark.parametrize("word", ["and", "or"])
def test_a_thousand_conditions_are_asked_at_once(word: str) -> None:
    sign, rows = {"and": ("!=", [2, 3, 4]), "or": ("==", [0, 1])}[word]  # null is no number, and so not equal to it
    many = {word: [{"column": "x", "operator": sign, "value": value} for value in range(1_000)]}
    found = mask(Rows(pl.DataFrame({"x": [0, 999, 1_000, 1_001, None]})), json.dumps(many))
    assert found.arg_true().to_list() == rows


def test_columns_are_named_once() -> None:
    where = {"or": [{"column": "b", "operator": "is_null"}, {"not": {"column": "a", "operator": "==", "value": 1}}]}
    assert columns_of(json.dumps({"and": [where, where]})) == ("b", "a")
    assert columns_of("") == ()
