"""What a raw column of predictions or labels says: 1, 0, or invalid."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from retroaudit.spec.model import Scalar

INVALID = -1
_TRUE, _FALSE = ("1", "true"), ("0", "false")


def positives(value: Scalar | tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    """`columns.positive` as a tuple."""
    return value if isinstance(value, tuple) else (value,)


def outcome(values: pl.Series, positive: Iterable[Scalar]) -> pl.Series:
    """Each value as Int8: 1 positive, 0 negative, -1 invalid, null where the value is null.

    Where the only positive is 1 or true, everything but 0, 1, false and true (as number, boolean or text) is
    invalid. Otherwise a value among the positives is 1 and any other 0; NaN and infinity are invalid. Numbers are
    compared as numbers with numeric positives, text with the text of each positive. Text that is a positive but for
    case or spaces is invalid: a writer who changed its spelling must not turn positives into negatives unseen.
    """
    wanted = set(positive)
    binary = wanted == {1}
    column = pl.col("v")
    if values.dtype == pl.String:
        column = column.str.to_lowercase() if binary else column
        hit = column.is_in(_TRUE if binary else _texts(wanted))
        loose = column.str.strip_chars().str.to_lowercase().is_in([text.strip().lower() for text in _texts(wanted)])
        valid = column.is_in(_TRUE + _FALSE) if binary else hit | ~loose
    elif values.dtype.is_numeric() or values.dtype == pl.Boolean:
        values = values.cast(pl.Int8) if values.dtype == pl.Boolean else values
        hit = pl.any_horizontal(column == number for number in _numbers(wanted)) if _numbers(wanted) else pl.lit(False)
        valid = hit | (column == 0) if binary else column.is_finite()
    else:
        hit = valid = pl.lit(value=False)
    result = pl.when(column.is_null()).then(None).when(~valid).then(INVALID).otherwise(hit.cast(pl.Int8))
    return values.alias("v").to_frame().select(result.cast(pl.Int8).alias("v")).to_series()


def _texts(wanted: set[Scalar]) -> list[str]:
    return sorted({str(value).lower() if isinstance(value, bool) else str(value) for value in wanted})


def _numbers(wanted: set[Scalar]) -> list[int | float]:
    return sorted(int(value) if isinstance(value, bool) else value for value in wanted if not isinstance(value, str))
