"""Count, sum and sum of squares of a numeric column, without any rounding.

A float64 is m * 2^e with whole m and e >= -1074, so a sum of float64s is a whole multiple of 2^-1074, and a sum of
their squares one of 2^-2148: integers, whose addition has no rounding and no order. Integers and decimals of any width
are summed likewise. Mean and variance are thus functions of the multiset of rows, rounded once, when they are read.

State: one row of `count` (Int64), `sum` and `squares` (String: a fraction in lowest terms, hexadecimal, such as
"-3/2"). They have no largest value, hence no overflow, however many rows are merged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retroaudit.measures.measure import State
from retroaudit.measures.values import Readable, rows_of

_BITS, _LIMBS = 21, 3  # of values whose greatest and least bit are at most 62 apart
_PAIRS = tuple(combinations_with_replacement(range(_LIMBS), 2))
_BLOCK = 2**13  # rows: 2^20 * 2^20 * 2^13 is 2^53. So short a dot product is never split among threads by OpenBLAS
_ROUNDING = 1.5 * 2.0**52
_LARGE, _SCALE = 400, 600  # exponents beyond 400 are brought back by 600
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


def partial(rows: Readable, columns: tuple[str, ...]) -> State:
    """Sum one column's finite values and their squares.

    Booleans are 0 and 1, times the numbers of `values.numbers`. A column of another type has no values.
    """
    (name,) = columns
    rows = rows_of(rows)
    column = rows.column(name)
    if isinstance(column.dtype, pl.Decimal):
        return _of_integers(column.to_physical(), Fraction(1, 10**column.dtype.scale))
    if column.dtype.is_integer() and not _exact_as_floats(column):
        return _of_integers(column, Fraction(1))
    return _of_floats(rows.numbers(name).finite)


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
    if _exact_as_floats(column):
        return _of_floats(column.drop_nulls().cast(pl.Float64).to_numpy(), unit)
    integers = column.drop_nulls().to_list()
    return _state(len(integers), sum(integers) * unit, sum(each * each for each in integers) * unit**2)


def _of_floats(values: NDArray[np.float64], unit: Fraction = Fraction(1)) -> State:
    total, squares = sums(values)
    return _state(len(values), total * unit, squares * unit**2)


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


def sums(values: NDArray[np.float64]) -> tuple[Fraction, Fraction]:
    """The exact sums of finite values and of their squares.

    Values are split into `_LIMBS` of 21 bits below the greatest; what has bits further down is left for another
    round. All of a round is scaled by a power of two, so that no product of limbs overflows or is subnormal.
    """
    total = squares = Fraction()
    while len(values):
        greatest = max(float(values.max()), -float(values.min()))
        if greatest == 0:
            break
        exponent = math.frexp(greatest)[1]
        now, later = values, values[:0]
        if exponent > _LARGE:
            large = np.abs(values) >= 2.0 ** (_LARGE - 2 * _BITS)
            now, later = values[large], values[~large]
        scale = _SCALE if exponent < -_LARGE else -_SCALE if exponent > _LARGE else 0
        *parts, left = _round(now * 2.0**scale if scale else now, exponent + scale)
        total += parts[0] / Fraction(2) ** scale
        squares += parts[1] / Fraction(4) ** scale
        values = np.concatenate([left * 2.0**-scale, later])
    return total, squares


def _round(values: NDArray[np.float64], exponent: int) -> tuple[Fraction, Fraction, NDArray[np.float64]]:
    """The sums of those values, all below 2^exponent, whose bits the limbs hold, and the values left.

    A limb is the value rounded to a multiple of its unit, by adding and subtracting 1.5 * 2^52 units; then at most
    2^20 units. Sums of products over a block are below 2^53 units of the product, so each float on the way is
    a whole number of them: no rounding, in whatever order BLAS adds.
    """
    units = [2.0 ** (exponent - _BITS * place - (_BITS - 1)) for place in range(_LIMBS)]
    limbs, left, lines = np.empty((_LIMBS, min(_BLOCK, len(values)))), [], []
    for start in range(0, len(values), _BLOCK):
        rest = values[start : start + _BLOCK].copy()
        block = limbs[:, : len(rest)]
        for limb, unit in zip(block, units, strict=True):
            np.add(rest, _ROUNDING * unit, out=limb)
            np.subtract(limb, _ROUNDING * unit, out=limb)
            rest -= limb
        over = np.flatnonzero(rest)
        if len(over):
            left.append(values[start + over])
            block[:, over] = 0
        lines.append([*block.sum(axis=1), *(block[i] @ block[j] for i, j in _PAIRS)])
    weights = [*units, *(units[i] * units[j] for i, j in _PAIRS)]
    whole = (np.array(lines) / weights).astype(np.int64).sum(axis=0).tolist()
    exact = [each * Fraction(weight) for each, weight in zip(whole, weights, strict=True)]
    doubled = sum(each * (1 if i == j else 2) for each, (i, j) in zip(exact[_LIMBS:], _PAIRS, strict=True))
    return sum(exact[:_LIMBS], Fraction()), Fraction(doubled), np.concatenate([values[:0], *left])
