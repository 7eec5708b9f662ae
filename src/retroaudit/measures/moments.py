"""Count, sum and sum of squares of a numeric column, without any rounding.

A float64 is m * 2^e with whole m and e >= -1074, so a sum of float64s is a whole multiple of 2^-1074, and a sum of
their squares one of 2^-2148: integers, whose addition has no rounding and no order. Integers and decimals of any width
are summed likewise. Mean and variance are thus functions of the multiset of rows, rounded once, when they are read.

State: one row of `count` (Int64), `sum` and `squares` (String: a fraction in lowest terms, hexadecimal, such as
"-3/2"). They have no largest value, hence no overflow, however many rows are merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retroaudit.measures.measure import State
from retroaudit.measures.values import finite, read

_UNIT = 1074  # the least positive float64 is 2^-1074
_FRACTION_BITS = 52
_LIMB = 18  # three limbs hold 53 bits and a sign; products of two summed over _BLOCK rows stay below 2^63
_BLOCK = 2**24
_EXACT = 2**53  # integers up to here are float64s


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


def partial(rows: pl.LazyFrame, columns: tuple[str, ...]) -> State:
    """Sum one column's finite values and their squares.

    Booleans are 0 and 1. A column of another type has no values.
    """
    (column,) = read(rows, columns)
    if isinstance(column.dtype, pl.Decimal):
        return _of_integers(column.to_physical(), Fraction(1, 10**column.dtype.scale))
    if column.dtype.is_integer() and not _exact_as_floats(column):
        return _of_integers(column, Fraction(1))
    return _of_floats(finite(column))


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


def _of_integers(column: pl.Series, unit: Fraction) -> State:
    integers = column.drop_nulls().to_list()
    return _state(len(integers), sum(integers) * unit, sum(each * each for each in integers) * unit**2)


def _of_floats(values: NDArray[np.float64]) -> State:
    sums = [_sums(values[start : start + _BLOCK]) for start in range(0, len(values), _BLOCK)]
    total, squares = (sum(column) for column in zip((0, 0), *sums, strict=True))
    return _state(len(values), Fraction(total, 1 << _UNIT), Fraction(squares, 1 << 2 * _UNIT))


def _exact_as_floats(integers: pl.Series) -> bool:
    return all(-_EXACT <= int(end) <= _EXACT for end in (integers.min(), integers.max()) if end is not None)  # type: ignore[arg-type]  # integers' ends are integers


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


def _sums(values: NDArray[np.float64]) -> tuple[int, int]:
    """The sums of at most 2^24 values and of their squares, in units of 2^-1074 and 2^-2148."""
    total = squares = 0
    for exponent, sums, products in _by_exponent(values):
        total += _joined(sums) << exponent
        squares += _joined(products) << 2 * exponent
    return total, squares


def _joined(limbs: Sequence[int]) -> int:
    return sum(limb << place * _LIMB for place, limb in enumerate(limbs))


def _by_exponent(values: NDArray[np.float64]) -> Iterator[tuple[int, tuple[int, ...], tuple[int, ...]]]:
    """For each exponent: the sums of mantissas and of their squares, limb by limb from the lowest.

    With m = a*2^36 + b*2^18 + c the square is a polynomial in 2^18 of five coefficients, each below 2^39 for one row.
    """
    exponent, mantissa = _split(values)
    low = (1 << _LIMB) - 1
    limbs = {"a": mantissa >> 2 * _LIMB, "b": (mantissa >> _LIMB) & low, "c": mantissa & low}
    a, b, c = pl.col("a"), pl.col("b"), pl.col("c")
    coefficients = {
        "c": c,
        "b": b,
        "a": a,
        "cc": c * c,
        "bc": 2 * b * c,
        "ac": 2 * a * c + b * b,
        "ab": 2 * a * b,
        "aa": a * a,
    }
    groups = pl.DataFrame({"exponent": exponent, **limbs}).group_by("exponent")
    for key, *sums in groups.agg(**{name: each.sum() for name, each in coefficients.items()}).iter_rows():
        yield key, tuple(sums[:3]), tuple(sums[3:])


def _split(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each value as mantissa * 2^(exponent - 1074), both whole; IEEE 754-2019, section 3.4."""
    bits = values.view(np.int64)
    biased = (bits >> _FRACTION_BITS) & 0x7FF
    fraction = bits & ((1 << _FRACTION_BITS) - 1)
    magnitude = np.where(biased > 0, fraction | (1 << _FRACTION_BITS), fraction)  # subnormals have no hidden bit
    return np.maximum(biased, 1) - 1, np.where(bits < 0, -magnitude, magnitude)
