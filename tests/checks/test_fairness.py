"""Group rates and comparisons, from a table small enough to compute by hand."""

from typing import Any

import pytest

from retroaudit.checks import fairness
from retroaudit.checks.intervals import newcombe, ratio, wilson
from retroaudit.checks.metric import Metric, Threshold, Verdict
from retroaudit.judgement.verdicts import decide
from retroaudit.spec.model import Spec
from tests.checks.profiles import only, profile, spec

Outcomes = dict[tuple[int | None, int | None], int]

# group: rows by (prediction, label). By hand, for "a": 300 rows, 100 selected, tpr 60/80, fpr 40/220
A: Outcomes = {(1, 1): 60, (1, 0): 40, (0, 1): 20, (0, 0): 180}
B: Outcomes = {(1, 1): 15, (1, 0): 10, (0, 1): 25, (0, 0): 150}
BOUNDED = {"impact_ratio", "selection_rate_difference", "tpr_difference", "fpr_difference"}
SMALL: Outcomes = {(1, 1): 2, (0, 0): 5}


def told(**more: Any) -> Spec:
    columns = {"prediction": "prediction", "label": "label"}
    return spec(**{"columns": columns, "groups": ["g"], "fairness": {"min_rows": 50}, **more})


def rows(**groups: Outcomes) -> dict[str, list[Any]]:
    """Rows of column g (a name "null" is the null group)."""
    flat = [
        (None if group == "null" else group, *outcome)
        for group, outcomes in groups.items()
        for outcome, count in outcomes.items()
        for _ in range(count)
    ]
    names, predictions, labels = zip(*flat, strict=True)
    return {"g": list(names), "@prediction": list(predictions), "@label": list(labels)}


def run(about: Spec, data: dict[str, list[Any]]) -> list[Metric]:
    return fairness.check(about, profile(about, data), None)


def test_rates_of_a_group_by_hand() -> None:
    metrics = run(told(), rows(a=A, b=B))
    where = (("g", "a"),)
    by_hand = {
        "n": 300,
        "tp": 60,
        "fp": 40,
        "fn": 20,
        "tn": 180,
        "selection_rate": 100 / 300,
        "tpr": 60 / 80,
        "fpr": 40 / 220,
        "fnr": 20 / 80,
        "tnr": 180 / 220,
        "precision": 60 / 100,
        "npv": 180 / 200,
        "fdr": 40 / 100,
        "false_omission_rate": 20 / 200,
        "accuracy": 240 / 300,
        "prevalence": 80 / 300,
    }
    assert {name: only(metrics, name, where).value for name in by_hand} == pytest.approx(by_hand)
    tpr = only(metrics, "tpr", where)
    assert (tpr.low, tpr.high) == wilson(60, 80, 0.95)
    assert (tpr.n, tpr.verdict, tpr.threshold) == (80, None, None)


def test_a_group_is_compared_with_the_largest() -> None:
    metrics = run(told(), rows(a=A, b=B))
    where = (("g", "b"),)
    impact = only(metrics, "impact_ratio", where)
    assert impact.value == pytest.approx((25 / 200) / (100 / 300))
    assert (impact.low, impact.high) == ratio(25, 200, 100, 300, 0.95)
    assert (impact.reference, impact.threshold) == (100 / 300, Threshold(min=0.8, max=1.25))
    assert impact.reason == 'compared with "g" = "a"'
    difference = only(metrics, "tpr_difference", where)
    assert difference.value == pytest.approx(15 / 40 - 60 / 80)
    assert (difference.low, difference.high) == newcombe(15, 40, 60, 80, 0.95)
    assert only(metrics, "fpr_difference", where).threshold == Threshold(min=-0.1, max=0.1)
    assert only(metrics, "fnr_difference", where).threshold is None
    assert only(metrics, "precision_ratio", where).value == pytest.approx((15 / 25) / (60 / 100))


def test_the_reference_group_is_not_judged() -> None:
    metrics = [m for m in run(told(), rows(a=A, b=B)) if m.slice == (("g", "a"),)]
    assert all(m.threshold is None and m.verdict is None for m in metrics)
    assert (
        only(metrics, "impact_ratio", (("g", "a"),)).value,
        only(metrics, "tpr_difference", (("g", "a"),)).value,
    ) == (1, 0)


def test_bounds_need_enough_rows_on_both_sides() -> None:
    """40 labels of "b" are positive, fewer than 50: the group is large enough, that denominator is not."""
    tpr = only(run(told(), rows(a=A, b=B)), "tpr_difference", (("g", "b"),))
    assert tpr.verdict is Verdict.INSUFFICIENT
    assert tpr.value == pytest.approx(-0.375)
    assert tpr.reason.endswith("40 rows are too few: 50 are needed")
    assert only(run(told(), rows(a=A, b=B)), "fpr_difference", (("g", "b"),)).verdict is None


def test_a_small_group_is_insufficient_throughout_and_printed_all_the_same() -> None:
    metrics = [m for m in run(told(), rows(a=A, c=SMALL)) if m.slice == (("g", "c"),)]
    counted = {"n", "tp", "fp", "fn", "tn"}
    assert all(
        m.verdict is Verdict.INSUFFICIENT and "50 are needed" in m.reason for m in metrics if m.metric not in counted
    )
    assert all(m.verdict is None and m.value is not None for m in metrics if m.metric in counted)
    assert only(metrics, "selection_rate", (("g", "c"),)).value == pytest.approx(2 / 7)


def test_nothing_over_nothing_has_no_value() -> None:
    never: Outcomes = {(0, 1): 30, (0, 0): 170}
    metrics = run(told(fairness={"min_rows": 50, "reference_group": {"g": "z"}}), rows(a=A, z=never))
    where = (("g", "a"),)
    assert only(metrics, "precision", (("g", "z"),)).value is None
    precision = only(metrics, "precision_ratio", where)
    assert (precision.value, precision.verdict) == (None, None)  # nothing was asked of it
    assert precision.reason.endswith("one of the two has no rows that count")


def test_a_ratio_to_a_rate_of_zero_has_a_low_end_alone() -> None:
    """450 of 5,000 against 0 of 20,000: from 468 on, as Koopman's statistic gives it (checks.intervals)."""
    never: Outcomes = {(0, 0): 20_000}
    some: Outcomes = {(1, 1): 450, (0, 0): 4_550}
    impact = only(run(told(), rows(a=some, z=never)), "impact_ratio", (("g", "a"),))
    assert (impact.value, impact.high, impact.verdict) == (None, None, None)
    assert impact.low == pytest.approx(ratio(450, 5_000, 0, 20_000, 0.95)[0])
    assert impact.reason == 'compared with "g" = "z"; the rate there is 0'
    assert decide(impact).verdict is Verdict.FAILED
    nobody = only(run(told(), rows(a={(0, 0): 300}, z=never)), "impact_ratio", (("g", "a"),))
    assert (nobody.low, decide(nobody).verdict) == (None, Verdict.INSUFFICIENT)


def test_null_is_a_group_but_not_the_reference() -> None:
    metrics = run(told(), rows(a=B, null=A))
    impact = only(metrics, "impact_ratio", (("g", None),))
    assert impact.value == pytest.approx((100 / 300) / (25 / 200))
    assert impact.reason == 'compared with "g" = "a"'


def test_ties_go_to_the_smallest_name() -> None:
    assert only(run(told(), rows(b=A, a=A)), "impact_ratio", (("g", "b"),)).reason == 'compared with "g" = "a"'


def test_a_reference_group_that_does_not_occur_is_said() -> None:
    metrics = run(told(fairness={"reference_group": {"g": "absent"}}), rows(a=A, b=B, c=SMALL))
    assert {
        m.metric: m.reason for m in metrics if m.verdict is Verdict.INSUFFICIENT and m.slice == ()
    } == dict.fromkeys(
        BOUNDED, 'the reference group, "g" = "absent", has no rows; there are "g" = "a", "g" = "b"'
    )  # seven people are not named: privacy.min_cell is 10
    assert only(metrics, "impact_ratio", (), "g").threshold == Threshold(min=0.8, max=1.25)
    assert only(metrics, "selection_rate", (("g", "a"),)).value == pytest.approx(1 / 3)


def test_one_group_alone_cannot_be_compared() -> None:
    metrics = run(told(), rows(a=A))
    alone = {m.metric for m in metrics if m.verdict is Verdict.INSUFFICIENT and "only one group" in m.reason}
    assert alone == BOUNDED


def test_predictions_that_are_all_absent_are_insufficient() -> None:
    metrics = run(told(), rows(a={(None, 1): 200, (None, 0): 200}, b={(None, 0): 100}))
    bounded = [m for m in metrics if m.threshold]
    assert {m.metric for m in bounded} == BOUNDED
    assert {m.verdict for m in bounded} == {Verdict.INSUFFICIENT}


def test_crossed_groups_and_their_margins_come_from_the_same_cells() -> None:
    about = told(groups=["sex", "age", ["sex", "age"]], fairness={"min_rows": 1})
    data: dict[str, list[Any]] = {
        "sex": ["f", "f", "m", "m", "m"],
        "age": ["old", "young", "old", "old", "young"],
        "@prediction": [1, 0, 1, 0, 1],
        "@label": [1, 0, 0, 1, 1],
    }
    metrics = run(about, data)
    assert only(metrics, "selection_rate", (("sex", "m"),)).value == pytest.approx(2 / 3)
    assert only(metrics, "selection_rate", (("age", "old"),)).value == pytest.approx(2 / 3)
    assert only(metrics, "n", (("sex", "m"), ("age", "old"))).value == 2
    assert only(metrics, "impact_ratio", (("sex", "f"), ("age", "old"))).reason.endswith(
        '"sex" = "m" and "age" = "old"'
    )


def test_selective_labels_allow_only_what_is_given_the_prediction() -> None:
    about = told(labels={"path": "labels/*.parquet", "observed_when": {"prediction": 0}})
    metrics = run(about, rows(a={(1, None): 100, (0, 1): 20, (0, 0): 180}, b={(1, None): 50, (0, 1): 60, (0, 0): 90}))
    published = {m.metric for m in metrics if m.verdict is not Verdict.SKIPPED}
    assert {"npv", "false_omission_rate", "selection_rate", "fn", "tn"} <= published
    assert not published & {"tpr", "fpr", "fnr", "tnr", "precision", "fdr", "accuracy", "prevalence", "tp", "fp"}
    assert only(metrics, "false_omission_rate_difference", (("g", "b"),)).threshold == Threshold(min=-0.1, max=0.1)
    assert only(metrics, "npv_difference", (("g", "b"),)).threshold is None  # the same number, negated
    assert only(metrics, "accuracy").reason == "labels exist only where the prediction is 0"


def test_without_labels_only_selection_is_published() -> None:
    one: Outcomes = {(1, None): 60, (0, None): 60}
    metrics = run(told(columns={"prediction": "prediction"}), rows(a=one, b=one))
    assert {m.metric for m in metrics if m.verdict is not Verdict.SKIPPED} == {
        "n",
        "selection_rate",
        "selection_rate_difference",
        "impact_ratio",
    }
    assert only(metrics, "tpr_difference").reason == "the spec names no labels"


def test_hostile_names_are_short_in_reasons_and_whole_in_slices() -> None:
    name = '<script>"\n' + "x" * 900
    metrics = run(told(), rows(**{name: A, "b": B}))
    assert len(only(metrics, "impact_ratio", (("g", "b"),)).reason) < 100
    assert only(metrics, "n", (("g", name),)).value == 300


def test_no_groups_no_metrics_and_no_rows_are_said() -> None:
    assert fairness.needs(told(groups=[])) == frozenset()
    assert run(told(groups=[]), rows(a=A)) == []
    about = told()
    empty = fairness.check(about, profile(about), None)
    assert {(m.metric, m.verdict, m.reason) for m in empty} == {
        (metric, Verdict.INSUFFICIENT, "there are no rows") for metric in BOUNDED
    }


def test_too_many_groups_cannot_be_judged() -> None:
    about = told()
    many = 70_000
    data: dict[str, list[Any]] = {"g": [str(i) for i in range(many)], "@prediction": [1] * many, "@label": [1] * many}
    metrics = run(about, data)
    assert {(m.metric, m.verdict) for m in metrics} == {(metric, Verdict.INSUFFICIENT) for metric in BOUNDED}
    assert {m.reason for m in metrics} == {'there are more combinations of "g", "version" than can be told apart'}
