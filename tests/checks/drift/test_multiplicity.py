"""Adjusted p-values against scipy's, and against R's `p.adjust`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from retroaudit.checks.drift.multiplicity import adjusted, benjamini_hochberg
from retroaudit.checks.metric import Metric, Threshold, Verdict

PVALUES = hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1))


@given(PVALUES)
def test_adjusted_values_are_scipys(pvalues: np.ndarray) -> None:
    assert benjamini_hochberg(pvalues) == pytest.approx(stats.false_discovery_control(pvalues), abs=1e-12)


def test_adjusted_values_are_rs() -> None:
    """R 4.3: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "BH") is 0.05 throughout; of 0.005, 0.5, 0.04 see below."""
    assert benjamini_hochberg(np.array([0.01, 0.02, 0.03, 0.04, 0.05])) == pytest.approx([0.05] * 5)
    assert benjamini_hochberg(np.array([0.005, 0.5, 0.04])) == pytest.approx([0.015, 0.5, 0.06])
    assert len(benjamini_hochberg(np.array([]))) == 0


@given(PVALUES, st.data())
def test_an_adjusted_value_never_falls_when_a_p_value_rises(pvalues: np.ndarray, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(pvalues) - 1))
    more = pvalues.copy()
    more[place] = data.draw(st.floats(float(pvalues[place]), 1))
    assert (benjamini_hochberg(more) >= benjamini_hochberg(pvalues) - 1e-15).all()


def test_what_was_not_tested_counts_and_has_no_value() -> None:
    def test(subject: str, value: float | None, verdict: Verdict | None = None) -> Metric:
        return Metric(
            check="drift",
            metric="ks_pvalue",
            subject=subject,
            value=value,
            low=value,
            high=value,
            threshold=Threshold(min=0.05),
            verdict=verdict,
            reason="why" if verdict else "",
        )

    other = Metric(check="drift", metric="ks_pvalue", subject="not judged", value=1e-9)
    found = list(
        adjusted([test("a", 0.02), other, test("b", 0.001, Verdict.INSUFFICIENT), test("c", None, Verdict.SKIPPED)])
    )
    assert [(m.subject, m.metric, m.value, m.verdict) for m in found] == [
        ("a", "ks_pvalue", 0.02, None),
        ("a", "ks_pvalue_adjusted", pytest.approx(0.06), None),
        ("not judged", "ks_pvalue", 1e-9, None),
        ("b", "ks_pvalue", 0.001, None),
        ("b", "ks_pvalue_adjusted", None, Verdict.INSUFFICIENT),
        ("c", "ks_pvalue_adjusted", None, Verdict.SKIPPED),
    ]
    assert found[4].reason == "why; Benjamini-Hochberg over 3 planned tests"
    assert [m.subject for m in found if m.threshold] == ["a", "b", "c"]
