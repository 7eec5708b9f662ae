"""What distances do not see: missing values, values outside the reference's range, unseen and vanished categories."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from retroaudit.checks.drift import check as drift
from retroaudit.checks.intervals import newcombe, wilson
from retroaudit.checks.metric import Metric, Verdict
from retroaudit.judgement.suppression import withhold_small_cells
from retroaudit.judgement.verdicts import decide
from retroaudit.measures import grid
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Spec
from tests.checks.profiles import only, profile, spec

N = 1_000
INF, NAN = float("inf"), float("nan")


def told(kind: str = "numeric", **more: Any) -> Spec:
    return spec(columns={"features": {"x": kind}}, reference={"path": "train/*.parquet"}, **more)


def run(about: Spec, now: list[Any], before: list[Any]) -> list[Metric]:
    return drift.check(about, profile(about, {"x": now}), profile(about, {"x": before}))


def test_missing_values_are_told_apart_and_compared_with_the_reference() -> None:
    numbers = np.linspace(0, 1, N).tolist()
    metrics = run(told(), [None] * 200 + [NAN] * 30 + [-INF] * 60 + numbers[290:], [None] * 10 + numbers[10:])
    for name, now, before in (("null", 200, 10), ("nan", 30, 0), ("inf", 60, 0)):
        found = only(metrics, f"{name}_rate_difference")
        assert found.value == pytest.approx((now - before) / N)
        assert (found.low, found.high) == newcombe(now, N, before, N, 0.95)
        assert found.reference == before / N
    verdicts = [decide(only(metrics, f"{name}_rate_difference")).verdict for name in ("null", "nan", "inf")]
    assert verdicts == [Verdict.FAILED, Verdict.PASSED, Verdict.INCONCLUSIVE]


def test_fewer_missing_values_are_drift_too() -> None:
    found = only(run(told(), [1.0] * N, [None] * 300 + [1.0] * 700), "null_rate_difference")
    assert (found.value, decide(found).verdict) == (-0.3, Verdict.FAILED)


def test_values_outside_the_references_range_are_counted() -> None:
    found = only(
        run(told(), [-1.0] * 100 + [0.0, 1.0] * 400 + [2.0] * 100, [0.0, 1.0] * 500), "out_of_reference_range_rate"
    )
    assert found.value == 0.2
    assert (found.low, found.high) == wilson(200, N, 0.95)
    assert decide(found).verdict is Verdict.FAILED


def test_a_range_inside_a_cell_is_bounded() -> None:
    """A cell of ten values from 0 to 3, of which the reference has seen those up to 2: from 1 to 9 lie beyond."""
    coarse = pl.DataFrame({"shift": [60], "cell": [0], "count": [1_000], "min": [0.0], "max": [3.0]})
    about = told()
    before = profile(about, {"x": [0.0, 2.0] * 500})
    state = coarse.cast({"shift": pl.Int8, "cell": pl.Int64, "count": pl.Int64})
    now = Profile({**profile(about, {"x": [0.0] * 1_000}).states, Need("grid", ("x",)): state})
    found = only(drift.check(about, now, before), "out_of_reference_range_rate")
    assert found.low == pytest.approx(wilson(1, 1_000, 0.95)[0])
    assert found.high == pytest.approx(wilson(999, 1_000, 0.95)[1])
    assert grid.finish(state).n == 1_000


def test_a_small_reference_has_not_seen_the_range() -> None:
    """Of 60 values, a new one lies outside with a chance of 2/61; 0.079 is Beta(2, 59)'s 95 % (tables)."""
    about = told(fairness={"min_rows": 50})
    metrics = run(about, np.linspace(0.02, 0.98, N).tolist(), np.linspace(0, 1, 60).tolist())
    found = only(metrics, "out_of_reference_range_rate")
    assert (found.value, found.verdict) == (0.0, Verdict.INSUFFICIENT)
    assert found.reason.startswith("0.077 of pure noise")


def test_unseen_and_vanished_categories_are_named() -> None:
    metrics = run(told("categorical"), ["a"] * 800 + ["new"] * 195 + ["rare"] * 5, ["a"] * 900 + ["old"] * 100)
    unseen, vanished = only(metrics, "unseen_rate"), only(metrics, "vanished_rate")
    assert (unseen.value, unseen.low, unseen.high) == (0.2, *wilson(200, N, 0.95))
    assert (vanished.value, vanished.n) == (0.1, N)
    assert unseen.reason == '"new"'  # a category of five people is not named
    assert vanished.reason == '"old"'
    assert [decide(m).verdict for m in (unseen, vanished)] == [Verdict.FAILED, Verdict.FAILED]


def test_the_new_values_of_an_identifier_are_no_drift() -> None:
    now, before = ([f"{side}{i}" for i in range(N)] for side in "nb")
    metrics = run(told("categorical"), now, before)
    for name in ("unseen_rate", "vanished_rate"):
        found = only(metrics, name)
        assert (found.value, found.verdict) == (1.0, Verdict.INSUFFICIENT)
        assert found.reason.startswith("1 of pure noise is expected")


def test_of_more_categories_than_can_be_told_apart_the_shares_are_bounded() -> None:
    metrics = run(told("categorical"), [f"n{i}" for i in range(10_001)], [f"b{i}" for i in range(10_001)])
    found = only(metrics, "unseen_rate")
    assert found.value is not None
    assert found.value < 1.0 == found.high
    assert found.reason.endswith("at least this: there are more categories than can be told apart")


def test_null_limits_publish_without_a_verdict() -> None:
    about = told(drift={"missing": None, "out_of_range": None})
    metrics = run(about, [None] * N, [1.0] * N)
    found = only(metrics, "null_rate_difference")
    assert (found.value, found.threshold, decide(found).verdict) == (1.0, None, None)


def test_a_small_unseen_group_of_people_is_withheld() -> None:
    """The feature is a group column too: three people of a new gender would be told by the share."""
    about = told("categorical", groups=["x"])
    metrics = run(about, ["a"] * (N - 3) + ["b"] * 3, ["a"] * N)
    assert only(metrics, "unseen_rate").value == 0.003
    published = withhold_small_cells(metrics, 10)
    assert only(published, "unseen_rate").value is None
