"""The table: GX's row-level metrics by name, and for each how to say whether a row is as expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from retroaudit.measures.predicates import comparisons, texts
from retroaudit.measures.predicates.columns import NEVER, Unanswerable, positional, typed
from retroaudit.measures.predicates.texts import Values

_IGNORED: Mapping[str, Callable[[Sequence[pl.Expr]], pl.Expr] | None] = {
    "neither": None,
    "never": None,
    "both_values_are_missing": pl.all_horizontal,
    "all_values_are_missing": pl.all_horizontal,
    "either_value_is_missing": pl.any_horizontal,
    "any_value_is_missing": pl.any_horizontal,
}


_BY_RE = "Python's re, for a pattern that Polars cannot read; its time is not bounded"


def _native(_: Values) -> str:
    return ""


@dataclass(frozen=True)
class Predicate:
    """Whether a row is as expected: an expression that is true, false, or null (counted as false).

    `by_row` says in words why Python looks at every distinct value, "" where it does not. `alone` is for one column,
    whose nulls are ignored; for several columns the question's `ignore_row_if` says which rows are.
    """

    expected: Callable[..., pl.Expr]
    by_row: Callable[[Values], str] = _native
    alone: bool = True


def _regex(*keys: str) -> Callable[[Values], str]:
    def by_row(values: Values) -> str:
        patterns = [each for key in keys for each in _listed(values.get(key))]
        return _BY_RE if any(map(texts.by_python, patterns)) else ""

    return by_row


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _matches(values: Values, column: Any) -> pl.Expr:
    return texts.matches(column, values.get("regex"))


def _any_matches(values: Values, column: Any) -> pl.Expr:
    return texts.any_or_all(values, "regex_list", lambda each: texts.matches(column, each), texts.together)


def _like(values: Values, column: Any) -> pl.Expr:
    return texts.like(column, values.get("like_pattern"), values.get("escape"))


def _any_like(values: Values, column: Any) -> pl.Expr:
    return texts.any_or_all(values, "like_pattern_list", lambda each: texts.like(column, each, values.get("escape")))


def _not(expected: Callable[..., pl.Expr]) -> Callable[..., pl.Expr]:
    return lambda values, column: ~expected({**values, "match_on": "any"}, column)


def _python(what: str) -> Callable[[Values], str]:
    return lambda _: f"Python's {what}, for want of one in Polars"


PREDICATES: Mapping[str, Predicate] = {
    "column_values.between": Predicate(comparisons.between),
    "column_values.in_set": Predicate(comparisons.in_set),
    "column_values.not_in_set": Predicate(comparisons.not_in_set),
    "column_values.match_regex": Predicate(_matches, _regex("regex")),
    "column_values.not_match_regex": Predicate(_not(_matches), _regex("regex")),
    "column_values.match_regex_list": Predicate(_any_matches, _regex("regex_list")),
    "column_values.not_match_regex_list": Predicate(_not(_any_matches), _regex("regex_list")),
    "column_values.match_like_pattern": Predicate(_like),
    "column_values.not_match_like_pattern": Predicate(_not(_like)),
    "column_values.match_like_pattern_list": Predicate(_any_like),
    "column_values.not_match_like_pattern_list": Predicate(_not(_any_like)),
    "column_values.value_length.between": Predicate(
        lambda values, column: comparisons.within(values, texts.length(column))
    ),
    "column_values.value_length.equals": Predicate(
        lambda values, column: comparisons.in_set({"value_set": [values.get("value")]}, texts.length(column))
    ),
    "column_values.dateutil_parseable": Predicate(texts.dateutil_parseable, _python("dateutil")),
    "column_values.json_parseable": Predicate(texts.json_parseable, _python("json")),
    "column_values.match_json_schema": Predicate(texts.match_json_schema, _python("jsonschema")),
    "column_values.match_strftime_format": Predicate(texts.match_strftime_format, _python("strptime")),
    "column_pair_values.equal": Predicate(comparisons.equal, alone=False),
    "column_pair_values.a_greater_than_b": Predicate(comparisons.greater, alone=False),
    "column_pair_values.in_set": Predicate(comparisons.pair_in_set, alone=False),
    "multicolumn_sum.equal": Predicate(comparisons.sum_equal, alone=False),
    "multicolumn_values.equal": Predicate(comparisons.values_equal, alone=False),
    "select_column_values.unique.within_record": Predicate(comparisons.unique_within_record, alone=False),
    "table.row_count": Predicate(lambda _: pl.lit(value=True), alone=False),
}
"""By GX's own name of the metric, without `.condition` or `.unexpected_count`."""


def conditions_of(question: Mapping[str, Any], dtypes: Sequence[pl.DataType]) -> tuple[pl.Expr, pl.Expr]:
    """Which rows are ignored and which of the others unexpected, of columns "0", "1", … of these types.

    Values that cannot be asked in such columns are unexpected: a slice of another type than the rest fails what is
    expected of it, and does not stop the audit. Both are Boolean without nulls.
    """
    predicate, values = PREDICATES[question["metric"]], question["values"]
    ignored = _ignored(predicate, values, len(dtypes))
    try:
        expected = predicate.expected(values, *typed(dtypes))
    except Unanswerable:
        expected = NEVER
    return ignored, ~ignored & ~expected.fill_null(value=False)


def check(question: Mapping[str, Any], dtypes: Sequence[pl.DataType]) -> None:
    """Ask the question of no rows.

    Raises:
        Unanswerable: The metric is unknown, its values make no sense, or it cannot be asked of columns of these types.
    """
    if question["metric"] not in PREDICATES:
        raise Unanswerable(f"no such row-level metric: {question['metric']}")
    predicate, values = PREDICATES[question["metric"]], question["values"]
    ignored = _ignored(predicate, values, len(dtypes))
    nothing = positional([pl.Series("", [], dtype=dtype) for dtype in dtypes])
    nothing.select(ignored.alias("ignored"), predicate.expected(values, *typed(dtypes)).alias("expected"))


def by_row(question: Mapping[str, Any]) -> str:
    """Why Python has to look at every distinct value, in plain words; "" where Polars answers.

    Of Python's `re` it says that its time is not bounded: see `texts.matches`.
    """
    return PREDICATES[question["metric"]].by_row(question["values"])


def _ignored(predicate: Predicate, values: Values, columns: int) -> pl.Expr:
    nulls = [pl.col(str(place)).is_null() for place in range(columns)]
    how = "any_value_is_missing" if predicate.alone else values.get("ignore_row_if", "never")
    if how not in tuple(_IGNORED):
        raise Unanswerable(f"ignore_row_if {how!r} is not one of {', '.join(_IGNORED)}")
    combined = _IGNORED[how]
    return pl.lit(value=False) if combined is None else combined(nulls)
