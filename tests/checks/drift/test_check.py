"""Which distances are published of a feature, and which of them is judged."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from retroaudit.checks.drift import check as drift
from retroaudit.checks.metric import Metric, Threshold, Verdict
from retroaudit.spec.model import Spec
from tests.checks.profiles import only, profile, spec

X = np.linspace(0, 1, 400)


def told(**more: Any) -> Spec:
    features = {"x": "numeric", "c": "categorical"}
    return spec(**{"columns": {"features": features}, "reference": {"path": "train/*.parquet"}, **more})


def rows(shift: float = 0.0, b: int = 100) -> dict[str, list[Any]]:
    return {"x": (X + shift).tolist(), "c": ["a"] * (400 - b) + ["b"] * b}


def run(about: Spec, now: dict[str, list[Any]], before: dict[str, list[Any]] | None = None) -> list[Metric]:
    return drift.check(about, profile(about, now), profile(about, before or rows()))


def test_all_distances_are_published_and_the_specs_method_is_judged() -> None:
    metrics = run(told(), rows(0.5, 200))
    assert [(m.subject, m.metric) for m in metrics] == [
        ("c", "jensenshannon"),
        ("c", "psi"),
        ("c", "chi2"),
        ("c", "chi2_pvalue"),
        ("x", "wasserstein"),
        ("x", "jensenshannon"),
        ("x", "psi"),
        ("x", "ks"),
    ]
    assert {(m.subject, m.metric): m.threshold for m in metrics if m.threshold} == {
        ("c", "jensenshannon"): Threshold(max=0.1),
        ("x", "wasserstein"): Threshold(max=0.1),
    }
    assert all(m.verdict is None for m in metrics)
    # by hand: all of it lies 0.5 further, and the standard deviation is numpy's
    assert only(metrics, "wasserstein").value == pytest.approx(0.5 / np.std(X), rel=1e-9)


def test_identical_data_is_at_no_distance() -> None:
    metrics = run(told(), rows())
    found = {(m.subject, m.metric): m.value for m in metrics}
    assert found.pop(("c", "chi2_pvalue")) == 1.0
    assert set(found.values()) == {0.0}


def test_chi_square_is_judged_by_its_p_value() -> None:
    metrics = run(told(drift={"categorical": {"method": "chi2", "threshold": 0.05}}), rows(b=150))
    found = only(metrics, "chi2_pvalue")
    origin = stats.chi2_contingency([[300, 100], [250, 150]], correction=False)
    assert found.value == pytest.approx(origin.pvalue)
    assert found.threshold == Threshold(min=0.05)
    assert only(metrics, "chi2").value == pytest.approx(origin.statistic)
    assert only(metrics, "chi2").threshold is None


@pytest.mark.parametrize("method", ["jensenshannon", "psi", "ks"])
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
    assert {(m.value, m.verdict) for m in metrics} == {(None, Verdict.INSUFFICIENT)}
    assert only(metrics, "ks").reason.startswith("reference: 0 rows" if swap else "window: 0 rows")


def test_more_categories_than_a_state_tells_apart_are_not_compared() -> None:
    many: dict[str, list[Any]] = {"x": [0.0] * 10_001, "c": [str(i) for i in range(10_001)]}
    (found,) = [m for m in run(told(), many) if m.subject == "c"]
    assert (found.verdict, found.reason) == (
        Verdict.INSUFFICIENT,
        "there are more categories than can be told apart",
    )


def test_infinite_distances_have_no_value() -> None:
    far = {"x": [1.7e308] * 200 + [-1.7e308] * 200, "c": rows()["c"]}
    found = only(run(told(), far), "wasserstein")
    assert (found.value, found.verdict) == (None, Verdict.INSUFFICIENT)


def test_unmeasured_columns_are_said() -> None:
    about = told()
    empty = type(profile(about))(states={})
    metrics = drift.check(about, empty, profile(about, rows()))
    assert {(m.verdict, m.reason) for m in metrics} == {(Verdict.INSUFFICIENT, "no rows were measured")}
