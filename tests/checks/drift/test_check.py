"""Which distances are published of a feature, and which of them is judged."""

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from retroaudit.checks.drift import check as drift
from retroaudit.checks.metric import Metric, Threshold, Verdict
from retroaudit.judgement.verdicts import decide
from retroaudit.measures import categories
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Spec
from tests.checks.profiles import only, profile, spec

X = np.linspace(0, 1, 400)


def told(**more: Any) -> Spec:
    features = {"x": "numeric", "c": "categorical"}
    return spec(**{"columns": {"features": features}, "reference": {"path": "train/*.parquet"}, **more})


def rows(shift: float = 0.0, b: int = 100) -> dict[str, list[Any]]:
    return {"x": (X + shift).tolist(), "c": ["a"] * (400 - b) + ["b"] * b}


def of(categories: list[str]) -> dict[str, list[Any]]:
    return {"x": [0.0] * len(categories), "c": categories}


def run(about: Spec, now: dict[str, list[Any]], before: dict[str, list[Any]] | None = None) -> list[Metric]:
    return drift.check(about, profile(about, now), profile(about, before or rows()))


TESTS = ("chisquare", "chisquare_pvalue", "homogeneity", "homogeneity_pvalue")
DISTANCES = {
    "c": ["jensenshannon", "hellinger", "TVD", "psi", "kl_div", *TESTS],
    "x": ["wasserstein", "jensenshannon", "psi", "ks", "ks_pvalue", "kl_div", "hellinger"],
}
DEPARTURES = {
    "c": ["null_rate_difference", "unseen_rate", "vanished_rate"],
    "x": ["null_rate_difference", "nan_rate_difference", "inf_rate_difference", "out_of_reference_range_rate"],
}


def test_all_distances_are_published_and_the_specs_method_is_judged() -> None:
    metrics = [m for m in run(told(), rows(0.5, 200)) if m.verdict is not Verdict.SKIPPED]
    assert [(m.subject, m.metric) for m in metrics] == [
        (name, metric) for name in ("c", "x") for metric in DISTANCES[name] + DEPARTURES[name]
    ]
    assert {
        (m.subject, m.metric): m.threshold for m in metrics if m.threshold and m.metric in DISTANCES[m.subject]
    } == {
        ("c", "jensenshannon"): Threshold(max=0.1),
        ("x", "wasserstein"): Threshold(max=0.1),
    }
    assert all(m.verdict is None for m in metrics)
    # by hand: all of it lies 0.5 further, and the standard deviation is numpy's
    assert only(metrics, "wasserstein").value == pytest.approx(0.5 / np.std(X), rel=1e-9)


def test_identical_data_is_at_no_distance() -> None:
    metrics = run(told(), rows())
    of_tests = {m.value for m in metrics if m.metric.endswith("_pvalue")}
    others = {m.value for m in metrics if not m.metric.endswith("_pvalue") and m.verdict is not Verdict.SKIPPED}
    assert (of_tests, others) == ({1.0}, {0.0})


def test_a_test_is_judged_by_its_adjusted_p_value() -> None:
    metrics = run(told(drift={"categorical": {"method": "homogeneity", "threshold": 0.05}}), rows(b=150))
    origin = stats.chi2_contingency([[300, 100], [250, 150]], correction=False)
    assert only(metrics, "homogeneity").value == pytest.approx(origin.statistic)
    raw, judged = (only(metrics, name) for name in ("homogeneity_pvalue", "homogeneity_pvalue_adjusted"))
    assert raw.value == pytest.approx(origin.pvalue)
    assert raw.threshold is None
    assert (judged.value, judged.threshold) == (raw.value, Threshold(min=0.05))  # one test is its own family
    assert decide(judged).verdict is Verdict.FAILED


def test_what_is_skipped_or_insufficient_was_planned_too() -> None:
    """By hand: three tests were planned, one has a p-value: it is tripled."""
    features = dict.fromkeys(("c", "rare", "void"), "categorical")
    about = told(columns={"features": features}, drift={"categorical": {"method": "chisquare", "threshold": 0.05}})
    few: dict[str, list[Any]] = {"rare": ["a"] * 399 + ["b"], "void": [None] * 400}
    now, before = ({**rows(b=b), **few} for b in (115, 100))
    metrics = run(about, now, before)
    raw, judged = (only(metrics, name, subject="c") for name in ("chisquare_pvalue", "chisquare_pvalue_adjusted"))
    assert raw.value is not None
    assert judged.value == pytest.approx(3 * raw.value)
    assert judged.reason == "Benjamini-Hochberg over 3 planned tests"
    for name in ("rare", "void"):
        other = only(metrics, "chisquare_pvalue_adjusted", subject=name)
        assert (other.value, other.verdict) == (None, Verdict.INSUFFICIENT)


@pytest.mark.parametrize("method", ["jensenshannon", "psi", "ks", "kl_div", "hellinger"])
def test_another_method_has_the_threshold(method: str) -> None:
    metrics = run(told(drift={"numeric": {"method": method, "threshold": 0.2}}), rows(0.1))
    assert [m.metric for m in metrics if m.subject == "x" and m.threshold == Threshold(max=0.2)] == [method]


def test_without_a_reference_every_feature_is_skipped() -> None:
    about = told()
    metrics = drift.check(about, profile(about, rows()), None)
    assert [(m.subject, m.metric, m.verdict, m.reason) for m in metrics] == [
        ("c", "jensenshannon", Verdict.SKIPPED, "no reference"),
        ("x", "wasserstein", Verdict.SKIPPED, "no reference"),
    ]
    assert drift.needs(told(reference=None)) == frozenset()


def test_too_few_values_are_insufficient_and_printed() -> None:
    few = {"x": [1.0] * 99 + [None] * 301, "c": rows()["c"]}
    metrics = run(told(), few)
    found = only(metrics, "wasserstein")
    assert found.verdict is Verdict.INSUFFICIENT
    assert found.value is not None
    assert found.reason == "window: 99 rows are too few: 100 are needed"
    assert only(metrics, "psi", subject="c").verdict is None


@pytest.mark.parametrize("swap", [False, True])
def test_an_all_null_column_is_insufficient_on_either_side(swap: bool) -> None:
    null: dict[str, list[Any]] = {"x": [None] * 400, "c": [None] * 400}
    metrics = run(told(), rows(), null) if swap else run(told(), null, rows())
    distances = [m for m in metrics if m.metric in DISTANCES.get(m.subject, ())]
    assert {m.value for m in distances} == {None}
    assert {m.verdict for m in distances if m.threshold} == {Verdict.INSUFFICIENT}
    assert {m.verdict for m in distances if not m.threshold} == {None}  # a metric without threshold has no verdict
    assert only(metrics, "ks").reason.startswith("reference: 0 rows" if swap else "window: 0 rows")
    assert only(metrics, "null_rate_difference", subject="x").value == (-1.0 if swap else 1.0)


def test_more_categories_than_a_state_tells_apart_are_not_compared() -> None:
    """All of them are new, which their buckets show: the distance is at least so much, and fails."""
    metrics = [decide(m) for m in run(told(), of([str(i) for i in range(10_001)])) if m.subject == "c"]
    found = only(metrics, "jensenshannon")
    assert found.value == found.low == pytest.approx(0.83, abs=0.005)
    assert found.high == pytest.approx(math.sqrt(math.log(2)))
    assert found.verdict is Verdict.FAILED
    assert found.reason == "at least this: there are more categories than can be told apart"
    unknown = [only(metrics, name) for name in ("psi", "kl_div", "chisquare", "chisquare_pvalue", "homogeneity")]
    assert {(m.value, m.reason) for m in unknown} == {(None, "there are more categories than can be told apart")}


def test_buckets_that_are_alike_do_not_pass() -> None:
    about = told(columns={"features": {"c": "categorical"}})
    names = pl.LazyFrame({"c": [str(i) for i in range(10_001)]})
    state = categories.partial(names, ("c",)).with_columns(pl.col("count") * 1_000)  # so many that noise is none
    many = Profile({Need("categories", ("c",)): state})
    found = only(drift.check(about, many, many), "jensenshannon")
    assert (found.value, found.low) == (0.0, 0.0)
    assert decide(found).verdict is Verdict.INCONCLUSIVE


def test_infinite_distances_have_no_value() -> None:
    far = {"x": [1.7e308] * 200 + [-1.7e308] * 200, "c": rows()["c"]}
    found = only(run(told(), far), "wasserstein")
    assert (found.value, found.verdict) == (None, Verdict.INSUFFICIENT)
    assert found.reason == "the values are too far apart for their distance to be computed"


def test_identical_data_whose_variance_is_beyond_the_floats_is_not_failed() -> None:
    huge = {"x": [-1e200, 1e200] * 200, "c": rows()["c"]}
    found = only(run(told(), huge, huge), "wasserstein")
    assert (found.value, found.verdict) == (None, Verdict.INSUFFICIENT)
    assert found.reason == "the reference's variance is beyond the largest float"


def test_a_distance_over_the_floor_of_the_norm_does_not_pass() -> None:
    """By hand: 5e-5 over the floor of 0.001 is 0.05, over the deviation of 1e-5 it is 5."""
    tiny = np.array([0.0, 2e-5] * 10_000)
    before, now = of(["a"] * 20_000), of(["a"] * 20_000)
    before["x"], now["x"] = tiny.tolist(), (tiny + 5e-5).tolist()
    found = decide(only(run(told(), now, before), "wasserstein"))
    assert (found.value, found.high) == pytest.approx((0.05, 5.0))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason == "divided by the floor of 0.001: the reference's standard deviation is 1e-05"
    same = decide(only(run(told(), before, before), "wasserstein"))
    assert (same.verdict, same.reason) == (Verdict.PASSED, found.reason)


@pytest.mark.parametrize(
    ("moved", "verdict"), [(0.0, Verdict.PASSED), (1e-5, Verdict.INSUFFICIENT), (1, Verdict.FAILED)]
)
def test_a_constant_reference_has_no_deviation_to_compare_with(moved: float, verdict: Verdict) -> None:
    before, now = ({"x": [2.0 + shift] * 400, "c": rows()["c"]} for shift in (0.0, moved))
    found = only(run(told(), now, before), "wasserstein")
    assert (decide(found).verdict, found.high is None) == (verdict, moved > 0)


def test_noise_of_few_rows_is_neither_a_pass_nor_a_failure() -> None:
    """120 rows of 20 categories against 20,000 of the same: chi-square's 95 % of 19 degrees is 30.14 (tables)."""
    names = [f"{i:02}" for i in range(20)]
    before, now = of(names * 6), of(names * 1_000)
    found = only(run(told(), now, before), "jensenshannon", subject="c")
    spread = 1 / 120 + 1 / 20_000
    floor = math.sqrt(30.1435 * spread / 8)
    needed = math.ceil(1 / (0.1**2 * 8 / 30.1435 - 1 / 20_000))  # the spread at which the floor is 0.1
    assert (found.value, found.verdict) == (0.0, Verdict.INSUFFICIENT)
    assert found.reason == (
        f"{floor:.2g} of pure noise is expected with 120 reference rows: at least {needed} are needed"
    )
    enough = of(names * math.ceil(needed / 20))
    assert decide(only(run(told(), now, enough), "jensenshannon", subject="c")).verdict is Verdict.PASSED


def test_what_noise_cannot_explain_fails_with_few_rows() -> None:
    """Other categories altogether: √ln 2 = 0.83, where noise explains 0.18 beyond the 0.1 that are allowed."""
    names = [f"{i:02}" for i in range(20)]
    before, now = of(names * 6), of([f"new {i}" for i in range(20)] * 1_000)
    found = decide(only(run(told(), now, before), "jensenshannon", subject="c"))
    assert (found.verdict, found.reason) == (Verdict.FAILED, "")


def test_new_categories_are_drift_and_no_noise() -> None:
    """By hand: a tenth of the rows are new, which is 0.05 ln 2 + ½ (ln(1 / 0.95) + 0.9 ln(0.9 / 0.95)), squared."""
    before, now = of(["a"] * 20_000), of(["a"] * 18_000 + [str(i) for i in range(2_000)])
    found = decide(only(run(told(), now, before), "jensenshannon", subject="c"))
    square = 0.05 * math.log(2) + (math.log(1 / 0.95) + 0.9 * math.log(0.9 / 0.95)) / 2
    assert found.value == pytest.approx(math.sqrt(square))
    assert found.verdict is Verdict.FAILED


def test_a_table_of_tiny_expected_counts_has_no_p_value_to_trust() -> None:
    about = told(drift={"categorical": {"method": "chisquare", "threshold": 0.01}})
    rare = {"x": X.tolist(), "c": ["a"] * 398 + ["b", "c"]}
    metrics = run(about, rare, rare)
    assert only(metrics, "chisquare_pvalue").value == 1.0
    found = only(metrics, "chisquare_pvalue_adjusted")
    assert (found.value, found.verdict) == (None, Verdict.INSUFFICIENT)
    assert "(Cochran 1954)" in found.reason


def test_unmeasured_columns_are_said() -> None:
    about = told()
    empty = type(profile(about))(states={})
    metrics = drift.check(about, empty, profile(about, rows()))
    found = {(m.verdict, m.reason) for m in metrics if m.subject != "model"}
    assert found == {(Verdict.INSUFFICIENT, "no rows were measured")}
