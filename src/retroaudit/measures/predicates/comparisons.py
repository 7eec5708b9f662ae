"""Predicates that compare values with bounds, with sets, and with the other values of their row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import reduce
from itertools import combinations
from operator import add
from typing import Any

import polars as pl

from retroaudit.measures.predicates.columns import NEVER, Column, Unanswerable, aligned, among, compare

Values = Mapping[str, Any]


def between(values: Values, column: Column) -> pl.Expr:
    """Whether each value lies between `min_value` and `max_value`, themselves allowed unless `strict_…` is true.

    Raises:
        Unanswerable: Both bounds are missing, the least is above the greatest, or the values cannot be compared.
    """
    low, high = values.get("min_value"), values.get("max_value")
    try:
        impossible = low is not None and high is not None and low > high
    except TypeError as error:
        raise Unanswerable(f"min_value {low!r} and max_value {high!r} cannot be compared") from error
    if impossible:
        raise Unanswerable(f"min_value {low!r} cannot be greater than max_value {high!r}")
    return within(values, column)


def within(values: Values, column: Column) -> pl.Expr:
    """As `between`, but of an impossible range: no value lies there."""
    low, high = values.get("min_value"), values.get("max_value")
    bounds = []
    if low is not None:
        bounds.append(compare(column, ">" if values.get("strict_min") else ">=", low))
    if high is not None:
        bounds.append(compare(column, "<" if values.get("strict_max") else "<=", high))
    if not bounds:
        raise Unanswerable("min_value and max_value cannot both be missing")
    return pl.all_horizontal(bounds)


def in_set(values: Values, column: Column) -> pl.Expr:
    """Whether each value is in `value_set`; without one, every value is.

    Raises:
        Unanswerable: It is no list, or the values cannot be looked up.
    """
    found = values.get("value_set")
    if found is None:
        return ~NEVER
    if not isinstance(found, list):
        raise Unanswerable(f"value_set must be a list, not {found!r}")
    return among(column, found)


def not_in_set(values: Values, column: Column) -> pl.Expr:
    """Whether each value is not in `value_set`; without one, no value is."""
    return ~in_set(values, column) if values.get("value_set") is not None else ~NEVER


def equal(_: Values, first: Column, second: Column) -> pl.Expr:
    """Whether both values are equal; those of different kinds never are, nor are nulls."""
    return _same(first, second)


def greater(values: Values, first: Column, second: Column) -> pl.Expr:
    """Whether the first value is greater, or equal if `or_equal` is true.

    Raises:
        Unanswerable: Values of the two columns cannot be ordered.
    """
    both = aligned((first, second))
    if "nothing" in {first.kind, second.kind}:
        return NEVER
    if both is None or not _ordered(first):
        raise Unanswerable(f"values of types {first.dtype} and {second.dtype} have no order")
    return both[0] >= both[1] if values.get("or_equal") else both[0] > both[1]


def pair_in_set(values: Values, first: Column, second: Column) -> pl.Expr:
    """Whether the row's pair is one of `value_pairs_set`, where None is null; without any, every pair is.

    Raises:
        Unanswerable: It is no list of pairs, or the values cannot be looked up.
    """
    found = values.get("value_pairs_set")
    if found is None:
        return ~NEVER
    if not isinstance(found, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in found):  # noqa: PLR2004  # a pair
        raise Unanswerable(f"value_pairs_set must be a list of pairs, not {found!r}")
    seconds: dict[str, tuple[Any, list[Any]]] = {}
    for one, other in found:
        seconds.setdefault(repr(one), (one, []))[1].append(other)
    return pl.any_horizontal(NEVER, *(_is(first, [one]) & _is(second, others) for one, others in seconds.values()))


def sum_equal(values: Values, *columns: Column) -> pl.Expr:
    """Whether the row's values add up to `sum_total`; a row with a null does not.

    Raises:
        Unanswerable: The total is no number, or a column is not of numbers.
    """
    total = values.get("sum_total")
    finite = isinstance(total, int | float) and -math.inf < total < math.inf
    if total is None or not finite or any(column.kind not in {"number", "nothing"} for column in columns):
        raise Unanswerable(f"columns of types {', '.join(str(each.dtype) for each in columns)} do not sum to {total!r}")
    if any(column.dtype.is_float() for column in columns):
        floats = (column.expr.cast(pl.Float64) for column in columns)
        return among(Column(reduce(add, floats), pl.Float64()), [total])
    finest = max(column.resolution for column in columns)
    exact = (column.units.cast(pl.Int128) * (finest // column.resolution) for column in columns)
    return among(Column(reduce(add, exact), pl.Int128()), [Fraction(total) * finest])


def values_equal(_: Values, *columns: Column) -> pl.Expr:
    """Whether all values of the row are equal; a null equals a null."""
    return pl.all_horizontal(~NEVER, *(_alike(columns[0], column) for column in columns[1:]))


def unique_within_record(_: Values, *columns: Column) -> pl.Expr:
    """Whether no two values of the row are equal; a null equals a null."""
    return pl.all_horizontal(~NEVER, *(~_alike(one, other) for one, other in combinations(columns, 2)))


def _same(first: Column, second: Column) -> pl.Expr:
    if any(column.dtype.is_nested() or column.dtype == pl.Object for column in (first, second)):
        raise Unanswerable(f"values of types {first.dtype} and {second.dtype} are not told apart")
    both = aligned((first, second))
    return NEVER if both is None else (both[0] == both[1]).fill_null(value=False)


def _alike(first: Column, second: Column) -> pl.Expr:
    return _same(first, second) | (first.expr.is_null() & second.expr.is_null())


def _is(column: Column, values: list[Any]) -> pl.Expr:
    found = among(column, values).fill_null(value=False)
    return found | column.expr.is_null() if None in values else found


def _ordered(column: Column) -> bool:
    return not column.dtype.is_nested() and column.dtype != pl.Object
