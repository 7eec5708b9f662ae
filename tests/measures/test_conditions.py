"""Counting the rows that are not as expected: what is ignored, types that change, merging."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.measures import conditions
from retroaudit.measures.conditions import Conditions, Gathered
from retroaudit.measures.measure import Need
from retroaudit.measures.values import Rows


def need(metric: str, *columns: str, **values: Any) -> Need:
    return Need("conditions", columns, json.dumps({"metric": metric, "values": values}))


POSITIVE = need("column_values.between", "x", min_value=0, strict_min=True)


def test_nulls_and_nan_are_ignored() -> None:
    state = conditions.partial(pl.DataFrame({"x": [1.0, 0.0, None, float("nan")]}), POSITIVE)
    assert conditions.finish(state) == Conditions(rows=4, ignored=2, unexpected=1)
    assert state.schema == {"rows": pl.Int64, "ignored": pl.Int64, "unexpected": pl.Int64}


def test_which_rows_of_several_columns_are_ignored() -> None:
    frame = pl.DataFrame({"a": [1, None, None, 1], "b": [1, 1, None, 2]})
    found = {
        ignore: conditions.finish(
            conditions.partial(frame, need("column_pair_values.equal", "a", "b", ignore_row_if=ignore))
        )
        for ignore in ("neither", "both_values_are_missing", "either_value_is_missing")
    }
    assert found == {
        "neither": Conditions(4, 0, 3),
        "both_values_are_missing": Conditions(4, 1, 2),
        "either_value_is_missing": Conditions(4, 2, 1),
    }


def test_rows_of_a_table_are_counted() -> None:
    state = conditions.partial(pl.DataFrame({"x": [1, None]}), need("table.row_count"))
    assert conditions.finish(state) == Conditions(2, 0, 0)


def test_what_a_slice_cannot_be_asked_is_unexpected_there() -> None:
    equal = need("column_pair_values.equal", "x", "x", ignore_row_if="neither")
    texts = need("column_values.match_regex", "x", regex="1")
    gathered = {each: Gathered([each]) for each in (POSITIVE, equal, texts)}
    for column in ([1, 2], ["1", None], [[1]], [None]):
        for each in gathered.values():
            each.add(Rows(pl.DataFrame({"x": column})))
    found = {each: conditions.finish(one.states()[each]) for each, one in gathered.items()}
    assert found[POSITIVE] == Conditions(6, 2, 2)  # by hand: "1" and [1] are no numbers
    assert found[equal] == Conditions(6, 0, 3)  # both nulls, and the list
    assert found[texts] == Conditions(6, 2, 2)  # 2, and the list


def test_an_absent_column_is_null() -> None:
    assert conditions.finish(conditions.partial(pl.DataFrame({"y": [1]}), POSITIVE)) == Conditions(1, 1, 0)
    assert conditions.finish(conditions.partial(pl.DataFrame(), POSITIVE)) == Conditions(0, 0, 0)


@given(st.lists(st.sampled_from(["a", "ab", "b", "", None]), max_size=30), st.sampled_from(["a", "^a$", "b|^$"]))
def test_coded_text_is_asked_value_by_value_and_counts_alike(texts: list[str | None], regex: str) -> None:
    """With a category that no row has, and nulls."""
    coded = pl.Series("x", [*texts, "unused"]).cast(pl.Categorical(pl.Categories.random()))[:-1]
    questions = [
        need("column_values.match_regex", "x", regex=regex),
        need("column_values.value_length.equals", "x", value=1),
    ]
    frames = [pl.DataFrame({"x": values}) for values in (pl.Series("x", texts, pl.String), coded)]
    plain, by_code = ([conditions.partial(frame, each).row(0) for each in questions] for frame in frames)
    assert plain == by_code
