"""How measures read columns: as they are, as finite floats, or as text. An absent column is all null."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import polars as pl
import polars.selectors as cs
from numpy.typing import NDArray

LONGEST_TEXT = 1_000  # characters that a state keeps of one value
_SHORTENED = 100
_WHOLE = 2.0**53  # below it a whole float64 is written without doubt as an integer


def read(rows: pl.LazyFrame, columns: Sequence[str]) -> tuple[pl.Series, ...]:
    """The named columns in this order, each of the rows' height; one that is absent is all null.

    Names are taken literally: a column may be called `*` or `^a$`, which `pl.col` would expand.
    """
    present = set(rows.collect_schema().names())
    absent = [pl.lit(None).alias(name) for name in columns if name not in present]
    frame = rows.with_columns(absent).select(cs.by_name(*columns)).collect()
    return tuple(frame.get_column(name) for name in columns)


def finite(values: pl.Series) -> NDArray[np.float64]:
    """The finite values as float64, -0.0 as 0.0; none where the column is not of numbers or Booleans.

    Integers beyond 2^53 and decimals become the float64 that Polars casts them to.
    """
    if not (values.dtype.is_numeric() or values.dtype == pl.Boolean):
        return np.empty(0, np.float64)
    numbers: NDArray[np.float64] = values.drop_nulls().cast(pl.Float64).to_numpy()
    return numbers[np.isfinite(numbers)] + 0.0  # which makes 0.0 of -0.0


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
    if (texts.str.len_chars() > LONGEST_TEXT).any():
        return pl.Series(texts.name, [_short(value) for value in texts], pl.String)
    return texts


def _short(value: str | None) -> str | None:
    if value is None or len(value) <= LONGEST_TEXT:
        return value
    return f"{value[:_SHORTENED]}…sha256:{hashlib.sha256(value.encode()).hexdigest()[:16]}"
