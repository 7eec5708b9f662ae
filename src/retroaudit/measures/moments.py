"""Count, sum and sum of squares of a numeric column, without any rounding.

A float64 is m * 2^e with whole m and e >= -1074, so a sum of float64s is a whole multiple of 2^-1074, and a sum of
their squares one of 2^-2148: integers, whose addition has no rounding and no order. Integers and decimals of any width
are summed likewise. Mean and variance are thus functions of the multiset of rows, rounded once, when they are read.

State: one row of `count` (Int64), `sum` and `squares` (String: a fraction in lowest terms, hexadecimal, such as
"-3/2"). They have no largest value, hence no overflow, however many rows are merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from retroaudit.measures.measure import State
from retroaudit.measures.numeric import Numeric
from retroaudit.measures.values import Readable, read


@dataclass(frozen=True)
class Moments:
    """Mean and variances of `n` finite values, each the float64 nearest to the exact number.

    `variance` divides by n, `sample_variance` by n - 1. None where undefined (n = 0; n = 1 for the sample variance)
    or beyond the largest float64, as the variance of values near 1e308 is.
    """

    n: int
    mean: float | None
    variance: float | None
    sample_variance: float | None


def partial(rows: Readable, columns: tuple[str, ...]) -> State:
    """Sum one column's finite values and their squares.

    Booleans are 0 and 1, times the numbers of `values.floats`. A column of another type has no values.
    """
    (column,) = read(rows, columns)
    return of(Numeric.of(column))


def of(column: Numeric) -> State:
    """The sums of a column that was counted."""
    return _state(*column.sums())


def merge(states: Sequence[State]) -> State:
    """Add counts and sums."""
    counts, totals, squares = zip(*map(_parts, states), strict=True)
    return _state(sum(counts), sum(totals, Fraction()), sum(squares, Fraction()))


def finish(state: State) -> Moments:
    """Mean and variances, each rounded once from the exact fraction."""
    n, total, squares = _parts(state)
    spread = n * squares - total * total  # n^2 times the variance
    return Moments(
        n,
        mean=_quotient(total, n),
        variance=_quotient(spread, n * n),
        sample_variance=_quotient(spread, n * (n - 1)),
    )


def _state(count: int, total: Fraction, squares: Fraction) -> State:
    schema = {"count": pl.Int64, "sum": pl.String, "squares": pl.String}
    return pl.DataFrame([(count, _written(total), _written(squares))], schema=schema, orient="row")


def _parts(state: State) -> tuple[int, Fraction, Fraction]:
    count, total, squares = state.row(0)
    return count, _read(total), _read(squares)


def _written(number: Fraction) -> str:
    return f"{number.numerator:x}/{number.denominator:x}"


def _read(text: str) -> Fraction:
    return Fraction(*(int(part, 16) for part in text.split("/")))


def _quotient(number: Fraction, divisor: int) -> float | None:
    if divisor == 0:
        return None
    try:
        return float(number / divisor)
    except OverflowError:
        return None
