"""Law 4: verdicts come from the interval and the threshold; a null never passes; nothing checked fails."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.checks.metric import Metric, Threshold, Verdict
from retroaudit.judgement.verdicts import decide, with_nothing_checked_failed, worst

BAND = Threshold(min=0.8, max=1.25)
FINITE = st.floats(-10, 10)


def metric(value: float | None, low: float | None = None, high: float | None = None, **more: object) -> Metric:
    return Metric(check="drift", metric="m", value=value, low=low, high=high, **more)  # type: ignore[arg-type]  # test data


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (1.0, 0.9, 1.1, Verdict.PASSED),
        (1.0, 0.8, 1.25, Verdict.PASSED),  # a bound is allowed
        (0.5, 0.4, 0.6, Verdict.FAILED),
        (2.0, 1.3, 3.0, Verdict.FAILED),
        (0.85, 0.7, 1.0, Verdict.INCONCLUSIVE),
        (1.0, 0.1, 9.0, Verdict.INCONCLUSIVE),
        (0.79, 0.7, 0.8, Verdict.INCONCLUSIVE),  # touches the bound from outside
        (1.0, None, None, Verdict.PASSED),
        (1.3, None, None, Verdict.FAILED),
        (None, None, None, Verdict.INSUFFICIENT),
        (math.nan, None, None, Verdict.INSUFFICIENT),
        (math.inf, 1.0, math.inf, Verdict.INSUFFICIENT),
        (None, 468.0, None, Verdict.FAILED),  # a ratio to a rate of 0: at least 468, whatever it is
        (None, 0.9, None, Verdict.INSUFFICIENT),
        (None, None, 0.7, Verdict.FAILED),
    ],
)
def test_decides_by_where_the_interval_lies(
    value: float | None, low: float | None, high: float | None, expected: Verdict
) -> None:
    assert decide(metric(value, low, high, threshold=BAND)).verdict is expected


def test_without_a_threshold_there_is_no_verdict() -> None:
    assert decide(metric(1.0)).verdict is None


@pytest.mark.parametrize("verdict", [Verdict.SKIPPED, Verdict.INSUFFICIENT])
def test_what_the_check_said_stays(verdict: Verdict) -> None:
    said = metric(1.0, threshold=BAND, verdict=verdict, reason="why")
    assert decide(said) == said


@given(FINITE, FINITE, FINITE)
def test_passed_and_failed_are_never_said_of_an_interval_that_spans_a_bound(a: float, b: float, c: float) -> None:
    low, value, high = sorted((a, b, c))
    verdict = decide(metric(value, low, high, threshold=Threshold(max=0.0))).verdict
    assert (verdict is Verdict.PASSED) == (high <= 0)
    assert (verdict is Verdict.FAILED) == (low > 0)


@given(st.lists(st.sampled_from(list(Verdict))))
def test_the_whole_is_as_bad_as_its_worst_part(verdicts: list[Verdict]) -> None:
    order = [Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.INSUFFICIENT, Verdict.PASSED]
    counted = [verdict for verdict in verdicts if verdict is not Verdict.SKIPPED]
    expected = min(counted, key=order.index, default=Verdict.FAILED)
    assert worst(metric(1.0, verdict=verdict) for verdict in verdicts) is expected


def test_an_audit_that_checked_nothing_fails() -> None:
    complete = Metric(check="coverage", metric="missing_partitions", value=0.0, verdict=Verdict.PASSED)
    skipped = metric(None, verdict=Verdict.SKIPPED)
    unasked = metric(0.3)
    judged = with_nothing_checked_failed((complete, skipped, unasked))
    assert worst(judged) is Verdict.FAILED
    assert judged[-1].metric == "checked_metrics"


def test_an_audit_that_checked_something_is_left_alone() -> None:
    metrics = (metric(1.0, verdict=Verdict.PASSED),)
    assert with_nothing_checked_failed(metrics) == metrics
