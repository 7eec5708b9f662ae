"""Intervals of proportions against published tables and other people's code."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from retroaudit.checks.intervals import newcombe, ratio, wilson

Table = tuple[int, int, int, int]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    n, m = draw(st.integers(1, 2000)), draw(st.integers(1, 2000))
    return draw(st.integers(0, n)), n, draw(st.integers(0, m)), m


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17, 857-872 ("single proportion"), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_limits(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n, 0.95) == pytest.approx((low, high), abs=5e-5)


@settings(deadline=None)
@given(tables(), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_is_scipys(table: Table, confidence: float) -> None:
    successes, n, _, _ = table
    other = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    assert wilson(successes, n, confidence) == pytest.approx((other.low, other.high), abs=1e-12)


def test_wilson_without_rows_knows_nothing_and_is_sharp_at_the_ends() -> None:
    assert wilson(0, 0, 0.95) == (0.0, 1.0)
    assert wilson(0, 7, 0.95)[0] == 0.0
    assert wilson(7, 7, 0.95)[1] == 1.0


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0000),
        ((10, 10, 0, 10), 0.6075, 1.0000),
    ],
)
def test_newcombe_gives_the_published_limits(table: Table, low: float, high: float) -> None:
    assert newcombe(*table, 0.95) == pytest.approx((low, high), abs=5e-5)


@settings(deadline=None)
@given(tables())
def test_newcombe_holds_the_difference_and_turns_with_its_sides(table: Table) -> None:
    x, n, y, m = table
    low, high = newcombe(x, n, y, m, 0.95)
    assert -1 <= low <= x / n - y / m <= high <= 1
    assert newcombe(y, m, x, n, 0.95) == pytest.approx((-high, -low), abs=1e-12)


def test_newcombe_without_rows_knows_nothing() -> None:
    assert newcombe(0, 0, 3, 10, 0.95) == (-1.0, 1.0)
    assert newcombe(3, 10, 0, 0, 0.95) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [
        # Koopman 1984, Biometrics 40, page 517: 2.94 to 7.15; digits of
        # statsmodels 0.15.0 confint_proportions_2indep(compare="ratio", method="score", correction=False)
        ((36, 40, 16, 80), 2.9395691922, 7.1522234349),
        # Fagerland, Lydersen and Laake 2015, table of the CHEPRE trial: 1.21 to 43; digits as above
        ((7, 34, 1, 34), 1.2208528535, 42.5757176098),
    ],
)
def test_ratio_gives_the_published_limits(table: Table, low: float, high: float) -> None:
    assert ratio(*table, 0.95) == pytest.approx((low, high), rel=1e-9)


@settings(deadline=None)
@given(tables())
def test_ratio_holds_the_ratio_and_turns_with_its_sides(table: Table) -> None:
    x, n, y, m = table
    low, high = ratio(x, n, y, m, 0.95)
    assert 0 <= low <= high
    if y:
        assert low <= (x / n) / (y / m) <= high
    turned = ratio(y, m, x, n, 0.95)
    assert turned[0] == pytest.approx(1 / high if high else math.inf, rel=1e-6)
    assert turned[1] == pytest.approx(1 / low if low else math.inf, rel=1e-6)


@settings(deadline=None)
@given(tables())
def test_ratio_agrees_with_the_chi_square_test_at_one(table: Table) -> None:
    """An interval of Koopman's holds 1 exactly where Pearson's chi-square does not reject equality."""
    x, n, y, m = table
    if 0 < x + y < n + m:
        pvalue = stats.chi2_contingency([[x, n - x], [y, m - y]], correction=False).pvalue
        low, high = ratio(x, n, y, m, 0.95)
        assert (low <= 1 <= high) == (pvalue >= 0.05)


def test_ratio_at_zeros_is_one_sided_or_open() -> None:
    assert ratio(0, 10, 0, 10, 0.95) == (0.0, math.inf)
    assert ratio(0, 0, 3, 10, 0.95) == (0.0, math.inf)
    low, high = ratio(0, 10, 3, 10, 0.95)
    assert (low, high > 0, math.isfinite(high)) == (0.0, True, True)
    low, high = ratio(3, 10, 0, 10, 0.95)
    assert (low > 0, high) == (True, math.inf)


@pytest.mark.parametrize(("n", "p"), [(20, 0.1), (30, 0.5), (50, 0.05), (100, 0.9)])
def test_wilson_covers_about_as_often_as_it_says(n: int, p: float) -> None:
    """By enumeration of all outcomes; the method's dips are about two points (Agresti and Coull 1998)."""
    covered = sum(stats.binom.pmf(x, n, p) for x in range(n + 1) if wilson(x, n, 0.95)[0] <= p <= wilson(x, n, 0.95)[1])
    assert 0.92 <= covered <= 1


@pytest.mark.parametrize(("n", "p", "m", "q"), [(30, 0.3, 25, 0.3), (40, 0.1, 20, 0.4), (15, 0.8, 30, 0.5)])
def test_difference_and_ratio_cover_about_as_often_as_they_say(n: int, p: float, m: int, q: float) -> None:
    """By enumeration of all pairs of outcomes."""
    difference = quotient = 0.0
    for x in range(n + 1):
        for y in range(m + 1):
            mass = stats.binom.pmf(x, n, p) * stats.binom.pmf(y, m, q)
            low, high = newcombe(x, n, y, m, 0.95)
            difference += mass * (low <= p - q <= high)
            low, high = ratio(x, n, y, m, 0.95)
            quotient += mass * (low <= p / q <= high)
    assert 0.93 <= difference <= 1
    assert 0.93 <= quotient <= 1
