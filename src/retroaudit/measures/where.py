"""Which rows are asked: a condition on a row's own values, as canonical JSON.

`{"column": c, "operator": o, "value": v}` compares, with o one of ==, !=, <, <=, >, >=, in, not_in; `is_null` and
`not_null` take no value. `{"and": [...]}`, `{"or": [...]}` and `{"not": {...}}` combine. Empty text is every row.

As in pandas, NaN is null, and a comparison with null is false; so != and not_in hold for it. Values of different kinds
are not equal. Times are ISO texts, compared as times where the column is one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from retroaudit.measures.predicates.columns import NEVER, Column, Unanswerable, among, compare, positional, typed
from retroaudit.measures.values import Rows


def columns_of(where: str) -> tuple[str, ...]:
    """The columns that a condition looks at, once each, in the order of the text."""
    return tuple(dict.fromkeys(_columns(json.loads(where)))) if where else ()


def mask(rows: Rows, where: str) -> pl.Series:
    """Which rows a condition holds for: Boolean, without nulls. For `where` that is not empty.

    A comparison that a slice's types do not allow holds for no row of it; `check` says so beforehand.
    """
    names = columns_of(where)
    frame = positional([rows.column(name) for name in names])
    columns = dict(zip(names, typed(frame.dtypes), strict=True))
    return frame.select(_holds(json.loads(where), columns).alias("holds")).to_series()


def check(where: str, dtypes: Mapping[str, pl.DataType]) -> None:
    """Ask the condition of no rows, with columns of these types; one that is not named is all null.

    Raises:
        Unanswerable: Values of a column cannot be compared as the condition does.
    """
    if where:
        columns = {name: Column(pl.lit(None), dtypes.get(name, pl.Null())) for name in columns_of(where)}
        for each in _comparisons(json.loads(where)):
            _asked(each, columns[each["column"]])


def inner(condition: Any) -> list[Any]:
    """The conditions that one combines; none for a comparison."""
    return [*condition.get("and", ()), *condition.get("or", ()), *([condition["not"]] if "not" in condition else ())]


def _columns(condition: Any) -> Iterator[str]:
    return (each["column"] for each in _comparisons(condition))


def _comparisons(condition: Any) -> Iterator[Any]:
    if "column" in condition:
        yield condition
    for each in inner(condition):
        yield from _comparisons(each)


def _holds(condition: Any, columns: Mapping[str, Column]) -> pl.Expr:
    if "column" in condition:
        try:
            return _asked(condition, columns[condition["column"]])
        except Unanswerable:
            return NEVER
    found = [_holds(each, columns) for each in inner(condition)]
    if "not" in condition:
        return ~found[0]
    return pl.all_horizontal(found) if "and" in condition else pl.any_horizontal(found)


def _asked(condition: Any, column: Column) -> pl.Expr:
    sign = condition["operator"]
    if sign in {"is_null", "not_null"}:
        return column.expr.is_null() if sign == "is_null" else column.expr.is_not_null()
    value = condition["value"]
    if sign in {"<", "<=", ">", ">="}:
        return compare(column, sign, value).fill_null(value=False)
    found = among(column, value if sign in {"in", "not_in"} else [value]).fill_null(value=False)
    return ~found if sign in {"!=", "not_in"} else found
