"""How measures read a slice: columns as they are, as numbers, or as text. An absent column is all null."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import polars as pl

LONGEST_TEXT = 1_000  # characters that a state keeps of one value
_SHORTENED = 100
_WHOLE = 2.0**53  # below it a whole float64 is written without doubt as an integer


class Rows:
    """Rows of one slice. What several measures take of a column is made once; used by one thread at a time.

    Names are taken literally: a column may be called `*` or `^a$`, which `pl.col` would expand.
    """

    def __init__(self, frame: pl.DataFrame, counted: pl.Series | None = None) -> None:
        """All rows of `frame`, or those where `counted` (Boolean, without nulls) is true."""
        self._frame, self._counted = frame, counted
        self._columns: dict[str, pl.Series] = {}

    def column(self, name: str) -> pl.Series:
        """The column of that name, as it is, but without the name, which Polars may take for a pattern."""
        if name not in self._columns:
            frame = self._frame
            found = frame[name].alias("") if name in frame.columns else pl.repeat(None, frame.height, eager=True)
            self._columns[name] = found if self._counted is None else found.filter(self._counted)
        return self._columns[name]


Readable = Rows | pl.DataFrame | pl.LazyFrame
"""What measures take: rows of a slice, or any frame, all of whose rows count."""


def rows_of(rows: Readable) -> Rows:
    """The rows, or a frame as rows."""
    return rows if isinstance(rows, Rows) else Rows(rows.lazy().collect())


def read(rows: Readable, columns: Sequence[str]) -> tuple[pl.Series, ...]:
    """The named columns in this order, each of the rows' height."""
    view = rows_of(rows)
    return tuple(view.column(name) for name in columns)


def floats(values: pl.Series) -> pl.Series:
    """Each value as a float64; null where it is null, or of a type that is neither number, Boolean nor time.

    Integers beyond 2^53 and decimals become the float64 that Polars casts them to, Booleans 0 and 1. Dates are days,
    timestamps and durations microseconds (nanoseconds rounded down), since 1970 in UTC; whole numbers, exact within
    285 years. A time of day, text, bytes and nested types are no numbers.
    """
    kind = values.dtype
    if isinstance(kind, pl.Datetime | pl.Duration):
        values = values.to_physical() // 1000 if kind.time_unit == "ns" else values.to_physical()
        return values.cast(pl.Float64) * (1000.0 if kind.time_unit == "ms" else 1.0)
    if kind == pl.Date:
        return values.to_physical().cast(pl.Float64)
    if kind.is_numeric() or kind == pl.Boolean:
        return values.cast(pl.Float64)
    return pl.repeat(None, len(values), dtype=pl.Float64, eager=True)


def has_text(dtype: pl.DataType) -> bool:
    """Whether values of this type can be told apart as text: not lists, arrays, structs or Python objects."""
    return not (dtype.is_nested() or dtype == pl.Object)


def text(values: pl.Series) -> pl.Series:
    """Each value as text, null as null, and null wherever `has_text` says no.

    A whole float is written as an integer ("1", not "1.0"), since writers of Parquet turn integers into floats
    once a null is among them, and that is no change of category. Bytes are hexadecimal, durations ISO 8601.
    A text of more than 1,000 characters becomes its first 100 and the start of its SHA-256, so that
    two long texts stay two categories while states stay small.
    """
    if not has_text(values.dtype):
        return pl.Series(values.name, [None] * len(values), pl.String)
    return _shortened(_written(values))


def _written(values: pl.Series) -> pl.Series:
    if values.dtype.is_float():
        column = pl.col("value").cast(pl.Float64)
        whole = (column == column.round()) & (column.abs() < _WHOLE)
        integers = pl.when(whole).then(column).cast(pl.Int64).cast(pl.String)
        return values.to_frame("value").select(pl.coalesce(integers, column.cast(pl.String))).to_series()
    if values.dtype == pl.Binary:
        return values.bin.encode("hex")
    if values.dtype == pl.Duration:
        return values.dt.to_string("iso")
    return values.cast(pl.String)


def _shortened(texts: pl.Series) -> pl.Series:
    if (texts.str.len_bytes() > LONGEST_TEXT).any() and (texts.str.len_chars() > LONGEST_TEXT).any():
        return pl.Series(texts.name, [_short(value) for value in texts], pl.String)
    return texts


def _short(value: str | None) -> str | None:
    if value is None or len(value) <= LONGEST_TEXT:
        return value
    return f"{value[:_SHORTENED]}…sha256:{hashlib.sha256(value.encode()).hexdigest()[:16]}"
