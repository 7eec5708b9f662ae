"""Columns of a slice as predicates see them, and how values of a suite are held against them.

NaN is null. Numbers are compared exactly, times as instants, text by code point, coded text as text.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from functools import cache, cached_property, partial
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

_WIDEST = 2**127 - 1
_DAY = 86_400
_CENTURY = 100
_PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}
_UTC = timezone.utc  # noqa: UP017  # one spelling for both uses
_EPOCH = datetime(1970, 1, 1, tzinfo=_UTC)
_COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

NEVER = pl.repeat(value=False, n=pl.len(), dtype=pl.Boolean)
"""False for every row."""


class Unanswerable(ValueError):
    """The question cannot be asked of columns of these types, or of any."""


@dataclass(frozen=True)
class Column:
    """An expression and the type of its values."""

    expr: pl.Expr
    dtype: pl.DataType

    @cached_property
    def kind(self) -> str:
        """Values of one kind compare: number, text, time (a date is its midnight), instant, nothing, another type."""
        dtype = self.dtype
        if dtype.is_numeric() or dtype == pl.Boolean:
            return "number"
        if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
            return "text"
        if isinstance(dtype, pl.Datetime):
            return "instant" if dtype.time_zone else "time"
        return {pl.Date: "time", pl.Null: "nothing"}.get(dtype.base_type(), str(dtype))

    @property
    def units(self) -> pl.Expr:
        """Integers in the order of the values, `resolution` of them to 1 (a second). Not for floats and text."""
        if self.dtype == pl.Boolean:
            return self.expr.cast(pl.Int8)
        if self.dtype == pl.Date:
            return self.expr.to_physical().cast(pl.Int64) * _DAY
        physical = self.expr.to_physical() if self.dtype.is_temporal() or self.dtype.is_decimal() else self.expr
        return physical.cast(pl.Int128) if self.dtype == pl.UInt64 else physical

    @property
    def resolution(self) -> int:
        """How many units make 1."""
        if isinstance(self.dtype, pl.Decimal):
            return int(10**self.dtype.scale)
        return _PER_SECOND[self.dtype.time_unit] if isinstance(self.dtype, pl.Datetime) else 1


def positional(found: Sequence[pl.Series]) -> pl.DataFrame:
    """The same values as columns "0", "1", …, NaN as null; names from data are never parsed."""
    named = [values.alias(str(place)) for place, values in enumerate(found)]
    return pl.DataFrame([values.fill_nan(None) if values.dtype.is_float() else values for values in named])


def typed(dtypes: Sequence[pl.DataType]) -> tuple[Column, ...]:
    """Columns "0", "1", … of these types."""
    return tuple(Column(pl.col(str(place)), dtype) for place, dtype in enumerate(dtypes))


def compare(column: Column, sign: str, value: Any) -> pl.Expr:
    """Whether each value is <, <=, > or >= the given one; null for null.

    Raises:
        Unanswerable: The column's values cannot be compared with this one.
    """
    place = placed(column, value)
    if column.kind == "nothing":
        return column.expr.cast(pl.Boolean)
    if place is None:
        raise Unanswerable(f"a column of type {column.dtype} cannot be compared with {value!r}")
    if isinstance(place, Fraction):
        whole = math.ceil(place) if sign in {">=", "<"} else math.floor(place)
        return _COMPARED[sign](column.units, min(max(whole, -_WIDEST), _WIDEST))  # type: ignore[no-any-return]
    return _COMPARED[sign](_plain(column), pl.lit(place))  # type: ignore[no-any-return]


def among(column: Column, values: Sequence[Any]) -> pl.Expr:
    """Whether each value is one of the given ones; those of another kind equal none, and null is not asked: null.

    Raises:
        Unanswerable: The column is of lists, structs or objects.
    """
    if column.kind == "nothing":
        return column.expr.cast(pl.Boolean)
    if column.dtype.is_nested() or column.dtype == pl.Object:
        raise Unanswerable(f"values of type {column.dtype} cannot be looked up in a set")
    places = {placed(column, value) for value in values} - {None}
    whole = {int(place) for place in places if isinstance(place, Fraction) and place.denominator == 1}
    if whole:
        fitting = {each for each in whole if abs(each) <= _WIDEST}
        return column.units.cast(pl.Int128).is_in(pl.Series(sorted(fitting), dtype=pl.Int128).implode())
    plain = sorted(place for place in places if not isinstance(place, Fraction))  # type: ignore[type-var]
    kind = pl.String if column.kind == "text" else pl.Float64
    return _plain(column).is_in(pl.Series(plain, dtype=kind).implode()) if plain else NEVER


def placed(column: Column, value: Any) -> Fraction | float | str | None:
    """The value on the column's scale: exact in its units, a float, or text. None: of a kind that does not compare."""
    if column.kind == "number" and isinstance(value, int | float | Fraction):
        return _number(column, value)
    if column.kind == "text" and isinstance(value, str):
        return value
    if column.kind in {"time", "instant"} and isinstance(value, str):
        return _time(column, value)
    return None


def aligned(columns: Sequence[Column]) -> list[pl.Expr] | None:
    """Expressions whose values may be compared and added across columns; None where their kinds differ."""
    if len({column.kind for column in columns}) > 1:
        return None
    if len({column.dtype for column in columns}) == 1 and columns[0].dtype != pl.Boolean:
        return [_plain(column) for column in columns]
    if columns[0].kind == "text" or any(column.dtype.is_float() for column in columns):
        kind = pl.String if columns[0].kind == "text" else pl.Float64
        return [column.expr.cast(kind) for column in columns]
    if columns[0].kind not in {"number", "time", "instant"}:
        return [column.expr for column in columns]
    finest = max(column.resolution for column in columns)
    return [column.units.cast(pl.Int128) * (finest // column.resolution) for column in columns]


def _plain(column: Column) -> pl.Expr:
    if column.kind == "text" and column.dtype != pl.String:
        return column.expr.cast(pl.String)
    return column.expr.cast(pl.Float64) if column.dtype.is_float() else column.expr


def _number(column: Column, value: float | Fraction) -> Fraction | float | None:
    if isinstance(value, float) and math.isnan(value):
        return None
    if column.dtype.is_float():
        return _float(value)
    if isinstance(value, float) and math.isinf(value):
        return Fraction(_WIDEST if value > 0 else -_WIDEST)
    return Fraction(value) * column.resolution


def _float(value: float | Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _time(column: Column, text: str) -> Fraction | None:
    """The moment in the column's units; one without offset is in the column's time zone."""
    moment = _moment(text)
    if moment is None or (moment.tzinfo is not None and column.kind != "instant"):
        return None
    zone = column.dtype.time_zone if isinstance(column.dtype, pl.Datetime) else None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone) if zone else _UTC)
    return Fraction((moment - _EPOCH) // timedelta(microseconds=1), 10**6) * column.resolution


def _moment(text: str) -> datetime | None:
    """A time in ISO 8601, or any that dateutil reads in full: what today would have to complete is no time.

    So a year of two digits is none either: dateutil's century for it changes with the years.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        first, second = (reader(day)(text) for day in (datetime(2000, 1, 1), datetime(2101, 2, 2)))  # noqa: DTZ001
    except (ImportError, ValueError, OverflowError):
        return None
    return first if first == second else None


@cache
def reader(day: datetime) -> Callable[[str], datetime]:
    """What dateutil reads a text as, as if on that day, whose year, century, month and day fill in what is left out.

    Raises:
        ImportError: dateutil is not installed.
    """
    from dateutil import parser  # type: ignore[import-untyped]  # noqa: PLC0415  # comes with the extra

    class Calendar(parser.parserinfo):  # type: ignore[misc]  # untyped
        def convertyear(self, year: int, century_specified: bool = False) -> int:  # dateutil's signature
            return year if year >= _CENTURY or century_specified else day.year // _CENTURY * _CENTURY + year

    return partial(parser.parser(Calendar()).parse, default=day)
