"""P-values against scipy's on the same rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from retroaudit.checks.drift.distances import Distance
from retroaudit.checks.drift.significance import Categories, chisquare, homogeneity, ks_pvalue

COUNTS = st.dictionaries(st.text("abcd", min_size=1, max_size=1), st.integers(0, 500))


@settings(deadline=None)
@given(COUNTS, COUNTS)
def test_tests_of_categories_are_scipys(reference: Categories, current: Categories) -> None:
    names = sorted({str(name) for name in {*reference, *current}})
    table = np.array([[side.get(name, 0) for name in names] for side in (reference, current)], dtype=np.float64)
    if table.size == 0 or not table.sum(axis=1).all():
        assert homogeneity(reference, current) is None
        assert chisquare(reference, current) is None
        return
    table = table[:, table.sum(axis=0) > 0]
    origin = stats.chi2_contingency(table, correction=False)
    tested = homogeneity({**reference, None: 9}, {**current, None: 7})
    assert tested is not None
    assert tested.statistic == pytest.approx(origin.statistic, rel=1e-9, abs=1e-9)
    assert tested.pvalue == pytest.approx(origin.pvalue, rel=1e-6, abs=1e-12)
    sparse = (origin.expected_freq < 1).any() or (origin.expected_freq < 5).mean() > 0.2
    assert tested.sparse == (origin.dof > 0 and bool(sparse))
    fit = chisquare(reference, current)
    assert fit is not None
    if table.shape[1] > 1 and table[0].all():
        expected = table[0] * table[1].sum() / table[0].sum()
        assert fit.statistic == pytest.approx(stats.chisquare(table[1], expected).statistic, rel=1e-9, abs=1e-9)
        assert fit.pvalue == pytest.approx(stats.chisquare(table[1], expected).pvalue, rel=1e-6, abs=1e-12)


def test_a_fit_takes_the_reference_as_known() -> None:
    """By hand: 30 against 20 of 50, where 25 and 25 are expected, is 2 of one degree; of two samples it is 1.01."""
    fit, two = (test({"a": 25, "b": 25}, {"a": 30, "b": 20}) for test in (chisquare, homogeneity))
    assert fit is not None
    assert two is not None
    assert (fit.statistic, fit.pvalue) == pytest.approx((2.0, 0.157299), abs=1e-6)
    assert two.statistic == pytest.approx(100 * (30 * 25 - 20 * 25) ** 2 / (50 * 50 * 55 * 45))


def test_what_was_never_expected_has_no_chance() -> None:
    fit = chisquare({"a": 500, "b": 500}, {"a": 400, "b": 400, "new": 200})
    assert fit is not None
    assert (fit.statistic, fit.pvalue, fit.sparse) == (np.inf, 0.0, False)
    stray = chisquare({"a": 500, "b": 500}, {"a": 500, "b": 499, "new": 1})
    assert stray is not None
    assert stray.sparse


def of(n: int, m: int, shift: float) -> tuple[Distance, float]:
    rng = np.random.default_rng(n * m)
    origin = stats.ks_2samp(rng.normal(0, 1, n), rng.normal(shift, 1, m))
    size = float(origin.statistic)
    return ks_pvalue(Distance(size, size, size), n, m), float(origin.pvalue)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 7), (5, 5), (30, 20), (101, 300), (1000, 1000), (3000, 1999)])
@pytest.mark.parametrize("shift", [0.0, 0.1, 1.0])
def test_of_few_values_the_p_value_is_exact(n: int, m: int, shift: float) -> None:
    found, origin = of(n, m, shift)
    assert found.value == pytest.approx(origin, rel=1e-6, abs=1e-12)
    assert found.low == found.value == found.high


@pytest.mark.parametrize(("n", "m"), [(20_000, 100), (10_001, 900), (20_000, 20_000)])
@pytest.mark.parametrize("shift", [0.0, 0.02, 0.1])
def test_of_many_values_it_is_scipys_limit(n: int, m: int, shift: float) -> None:
    found, origin = of(n, m, shift)
    assert found.value == pytest.approx(origin, abs=1e-5)


def test_a_larger_statistic_has_a_smaller_p_value() -> None:
    found = ks_pvalue(Distance(0.02, 0.01, 0.03), 20_000, 20_000)
    assert found.low < found.value < found.high
    assert ks_pvalue(Distance(0.0, 0.0, 0.0), 20_000, 20_000).value == 1.0
    assert ks_pvalue(Distance(0.0, 0.0, 0.0), 20, 20).value == 1.0
