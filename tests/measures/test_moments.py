"""Moments: equal to exact rational arithmetic, rounded once."""

import math
from fractions import Fraction
from statistics import mean, pvariance, variance

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.measures import moments, numeric
from retroaudit.measures.moments import Moments

FINITE = st.floats(allow_nan=False, allow_infinity=False)
HOSTILE = st.sampled_from([5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1e308, 1e-200, -0.0])


def measured(column: pl.Series) -> Moments:
    return moments.finish(moments.partial(column.alias("x").to_frame().lazy(), ("x",)))


def rounded(exact: Fraction) -> float | None:
    try:
        return float(exact)
    except OverflowError:
        return None


def expected(values: list[Fraction]) -> Moments:
    """The standard library's `statistics` in exact fractions."""
    if not values:
        return Moments(0, None, None, None)
    sample = rounded(variance(values)) if len(values) > 1 else None
    return Moments(len(values), rounded(mean(values)), rounded(pvariance(values)), sample)


@given(st.lists(st.one_of(FINITE, HOSTILE), max_size=30))
def test_floats_against_statistics(values: list[float]) -> None:
    assert measured(pl.Series(values, dtype=pl.Float64)) == expected([Fraction(value) for value in values])


@given(st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-100, 100)), max_size=30))
def test_integers_against_statistics(values: list[int]) -> None:
    assert measured(pl.Series(values, dtype=pl.Int64)) == expected([Fraction(value) for value in values])


@given(st.lists(st.decimals(-(10**12), 10**12, places=4), max_size=30))
def test_decimals_against_statistics(values: list[float]) -> None:
    assert measured(pl.Series(values, dtype=pl.Decimal(38, 4))) == expected([Fraction(value) for value in values])


def test_identifiers_beyond_2_to_the_53_do_not_run_together() -> None:
    # by hand: b, b + 1, b + 2 have mean b + 1, variances 2/3 and 1; as floats all three are the same number
    base = 2**62
    assert len({float(base + step) for step in range(3)}) == 1
    found = measured(pl.Series([base, base + 1, base + 2]))
    assert (found.variance, found.sample_variance) == (2 / 3, 1.0)


def test_what_cannot_be_added_in_floats_is_added() -> None:
    # by hand: 1e308 + 1e308 overflows a float64, and 1e16 + 1 - 1e16 loses the 1
    assert measured(pl.Series([1e308, 1e308])) == Moments(2, 1e308, 0.0, 0.0)
    assert measured(pl.Series([1e16, 1.0, -1e16])).mean == 1 / 3


def test_a_variance_beyond_the_floats_is_not_a_number_we_have() -> None:
    assert measured(pl.Series([1e308, -1e308])) == Moments(2, 0.0, None, None)


@pytest.mark.parametrize(
    ("column", "moments_by_hand"),
    [
        (pl.Series([True, False, None, True]), Moments(3, 2 / 3, 2 / 9, 1 / 3)),
        (pl.Series([2**64 - 1, 2**64 - 3], dtype=pl.UInt64), Moments(2, float(2**64 - 2), 1.0, 2.0)),
        (pl.Series([10**30, 10**30 + 2], dtype=pl.Int128), Moments(2, float(10**30 + 1), 1.0, 2.0)),
        (pl.Series([1, 3], dtype=pl.Int8), Moments(2, 2.0, 1.0, 2.0)),
        (pl.Series([0.5, 1.5], dtype=pl.Float32), Moments(2, 1.0, 0.25, 0.5)),
        (pl.Series([math.nan, math.inf, -math.inf, None, 4.0]), Moments(1, 4.0, 0.0, None)),
        (pl.Series([None, None]), Moments(0, None, None, None)),
        (pl.Series([None], dtype=pl.Int64), Moments(0, None, None, None)),
        (pl.Series(["1"]), Moments(0, None, None, None)),
        (pl.Series([[1]]), Moments(0, None, None, None)),
        (pl.Series([1, 3], dtype=pl.Date), Moments(2, 2.0, 1.0, 2.0)),
        (pl.Series([1], dtype=pl.Time), Moments(0, None, None, None)),
    ],
)
def test_types(column: pl.Series, moments_by_hand: Moments) -> None:
    assert measured(column) == moments_by_hand


def test_equal_numbers_of_another_type_give_the_same_state() -> None:
    types: tuple[pl.DataType, ...] = (pl.Int64(), pl.Float64(), pl.UInt8(), pl.Decimal(10, 2), pl.Int128())
    states = [moments.partial(pl.LazyFrame({"x": pl.Series([1, 2, 2]).cast(dtype)}), ("x",)) for dtype in types]
    assert all(state.rows() == [(3, "5/1", "9/1")] for state in states)


def test_blocks_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measured(pl.Series([0.1, 0.2, 0.3, -7.5, 1e-300]))
    monkeypatch.setattr(numeric, "_BLOCK", 2)
    assert measured(pl.Series([0.1, 0.2, 0.3, -7.5, 1e-300])) == whole


@pytest.mark.parametrize("value", [2.0 - 2.0**-52, 4 / 3, -(1.0 - 2.0**-53), 2.0**-300 * math.pi])
def test_many_rows_of_the_same_value_are_exact(value: float) -> None:
    # n values x sum to n*x and their squares to n*x^2: limbs as large as they get
    n = 3 * 2**13 + 5
    assert sums([value] * n) == (n * Fraction(value), n * Fraction(value) ** 2)


@given(st.lists(st.one_of(FINITE, HOSTILE), max_size=30))
def test_sums_are_those_of_fractions(values: list[float]) -> None:
    exact = [Fraction(value) for value in values]
    assert sums(values) == (sum(exact), sum(each**2 for each in exact))


def sums(values: list[float]) -> tuple[Fraction, Fraction]:
    state = moments.partial(pl.DataFrame({"x": values}, schema={"x": pl.Float64}), ("x",))
    total, squares = (Fraction(*(int(part, 16) for part in state[name][0].split("/"))) for name in ("sum", "squares"))
    return total, squares
