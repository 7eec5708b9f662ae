"""Law 5: what would tell of few people is withheld, and what would give it away; no verdict is (law 4)."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.checks import fairness, performance, versions
from retroaudit.checks.metric import Metric, Slice, Threshold, Verdict
from retroaudit.checks.quality import check as quality
from retroaudit.judgement.findings import findings
from retroaudit.judgement.suppression import withhold_small_cells
from retroaudit.judgement.verdicts import decide, worst
from retroaudit.spec.model import Spec
from tests.checks.profiles import only, profile, spec

Outcomes = dict[tuple[int | None, int | None], int]
LARGE: Outcomes = {(1, 1): 60, (1, 0): 40, (0, 1): 20, (0, 0): 180}
OTHER: Outcomes = {(1, 1): 15, (1, 0): 12, (0, 1): 25, (0, 0): 150}
HARSH: Outcomes = {(1, 1): 60, (1, 0): 240, (0, 1): 20, (0, 0): 30}
JUST_ONE: Outcomes = {(1, 0): 1}
NAME = "Alice Smith"


def told(**more: Any) -> Spec:
    columns = {"prediction": "prediction", "label": "label"}
    return spec(**{"columns": columns, "groups": ["race"], "fairness": {"min_rows": 50}, **more})


def judged(about: Spec, groups: dict[str | None, Outcomes]) -> tuple[Metric, ...]:
    """What an audit decides about these groups' rows."""
    rows = [(name, *o) for name, outcomes in groups.items() for o, n in outcomes.items() for _ in range(n)]
    names, predictions, labels = zip(*rows, strict=True)
    about_rows = profile(about, {"race": names, "@prediction": predictions, "@label": labels})
    checks = (quality.check, fairness.check, performance.check)
    return tuple(decide(metric) for check in checks for metric in check(about, about_rows, None))


def where(name: str | None) -> Slice:
    return (("race", name),)


def text(metrics: tuple[Metric, ...]) -> str:
    return repr([replace(metric, discloses=(), reveals=()) for metric in metrics])


def test_zero_publishes_all() -> None:
    metrics = judged(told(), {"a": LARGE, NAME: JUST_ONE})
    assert withhold_small_cells(metrics, 0) == metrics


def test_one_person_more_hides_a_group_and_no_verdict() -> None:
    """A group of one takes a second group's numbers along; that one failed, and still fails."""
    metrics = judged(told(), {"a": LARGE, "b": HARSH, NAME: JUST_ONE})
    published = withhold_small_cells(metrics, 10)
    assert only(metrics, "impact_ratio", where("a")).verdict is Verdict.FAILED  # 100/300 against 300/350
    assert worst(published) is worst(metrics) is Verdict.FAILED
    before, after = findings(told(), metrics), findings(told(), published)
    assert len(after) == len(before) > 0
    assert all("failed, allowed is" in finding.message and "withheld" in finding.message for finding in after)


def test_a_small_group_has_no_name_anywhere() -> None:
    published = withhold_small_cells(judged(told(), {"a": LARGE, "b": OTHER, NAME: JUST_ONE}), 10)
    assert "Alice" not in text(published)
    groups = only(published, "withheld_groups", where("withheld"))
    assert (groups.value, groups.verdict) == (2, Verdict.INSUFFICIENT)  # the one person, and 202 to hide them
    assert {metric.slice for metric in published if metric.check == "fairness"} >= {where("a")}


def test_withheld_groups_that_failed_stay_apart_and_apart_from_a_group_of_that_name() -> None:
    metrics = judged(told(privacy={"min_cell": 400}), {"a": dict.fromkeys(LARGE, 500), "b": HARSH, "c": HARSH})
    other = judged(told(), {"a": LARGE, "withheld": HARSH})
    published = (*withhold_small_cells(metrics, 400), *other)
    prints = [finding.fingerprint for finding in findings(told(), published)]
    assert len(prints) == len(findings(told(), metrics)) + len(findings(told(), other))
    assert (("race", "withheld"), ("@withheld", "1")) in {metric.slice for metric in published}


def test_what_is_known_of_a_thin_class_goes_as_one() -> None:
    """Three positives: precision times its n would tell, so all that needs labels goes; the selection stays."""
    thin: Outcomes = {(1, 1): 3, (1, 0): 97, (0, 0): 200}
    published = withhold_small_cells(judged(told(), {"a": LARGE, "b": OTHER, "c": thin}), 10)
    of_thin = {metric.metric: metric for metric in published if metric.slice == where("c")}
    known = {"n", "selection_rate", "impact_ratio", "selection_rate_difference"}
    assert {name for name, metric in of_thin.items() if metric.value is not None} == known
    assert of_thin["tpr_difference"].threshold == Threshold(min=-0.1, max=0.1)
    assert of_thin["fpr_difference"].verdict is Verdict.INCONCLUSIVE  # 97/297 less 40/220: 0.15
    companion = only(published, "tp", where("b"))  # else all 78 less 60 less 15 were the 3
    assert (companion.value, companion.n, companion.low) == (None, None, None)


def test_a_comparison_with_a_withheld_group_goes_too() -> None:
    """The reference group is named, and small: its rate would follow from any comparison with it."""
    about = told(fairness={"min_rows": 1, "reference_group": {"race": "c"}})
    published = withhold_small_cells(judged(about, {"a": LARGE, "b": OTHER, "c": {(1, 1): 4, (0, 0): 5}}), 10)
    assert only(published, "selection_rate", where("a")).value is not None
    assert only(published, "impact_ratio", where("a")).value is None
    assert '"c"' not in text(published)


def test_a_window_of_three_people_publishes_nothing_of_them() -> None:
    published = withhold_small_cells(judged(told(), {"a": {(1, 1): 3}}), 10)
    people = [metric for metric in published if metric.check in {"fairness", "performance"}]
    assert {metric.metric for metric in people if metric.value is not None} == {"withheld_groups"}


def test_the_share_of_nulls_of_an_attribute_is_the_size_of_a_group() -> None:
    about = told(quality={"null_rate": 0.0})
    published = withhold_small_cells(judged(about, {"a": LARGE, "b": OTHER, None: {(1, 1): 4}}), 10)
    rate = only(published, "null_rate", (), "race")
    assert (rate.value, rate.n, rate.verdict) == (None, None, Verdict.FAILED)
    crossed = told(groups=[["race", "sex"]], quality={"null_rate": 0.0})
    assert (
        only(withhold_small_cells(judged(crossed, {"a": LARGE, None: {(1, 1): 4}}), 10), "null_rate", (), "race").value
        is None
    )
    many = withhold_small_cells(judged(about, {"a": LARGE, "b": OTHER, None: LARGE}), 10)
    assert only(many, "null_rate", (), "race").value == pytest.approx(300 / 802)


def test_versions_of_few_rows_are_neither_named_nor_counted() -> None:
    about = spec(columns={"version": "v"}, versions=[{"name": "1", "from": "2026-01-01"}])
    served = profile(about, {"@version": ["1"] * 99 + [NAME]}, days={"2026-07-01": {"1": 99, NAME: 1}})
    metrics = tuple(decide(m) for check in (versions, performance) for m in check.check(about, served, None))
    published = withhold_small_cells(metrics, 10)
    assert "Alice" in text(metrics)
    assert "Alice" not in text(published)
    stray = only(published, "undeclared_version_rate", (("date", "2026-07-01"),))
    assert (stray.value, stray.n, stray.verdict) == (None, None, Verdict.FAILED)
    assert only(published, "n").value == 100
    assert len(findings(about, published)) == len(findings(about, metrics)) == 1  # days are left out


def test_versions_of_many_rows_are() -> None:
    about = spec(columns={"version": "v"}, versions=[{"name": "1", "from": "2026-01-01"}])
    served = profile(about, {"@version": ["1"] * 80 + ["2"] * 20}, days={"2026-07-01": {"1": 80, "2": 20}})
    metrics = tuple(decide(m) for check in (versions, performance) for m in check.check(about, served, None))
    assert withhold_small_cells(metrics, 10)[0] == metrics[0]
    assert metrics[0].value == pytest.approx(0.2)


def test_drift_is_about_everybody_and_withheld_where_they_are_few() -> None:
    many, few = (Metric(check="drift", metric="ks", value=0.1, n=n) for n in (10, 5))
    assert withhold_small_cells((many,), 10) == (many,)
    (hidden,) = withhold_small_cells((few,), 10)
    assert (hidden.value, hidden.n, "withheld" in hidden.reason) == (None, None, True)


OUTCOMES = st.dictionaries(
    st.tuples(st.sampled_from([0, 1, None]), st.sampled_from([0, 1, None])), st.integers(1, 60), min_size=1
)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d", None]), OUTCOMES, min_size=1))
def test_no_verdict_and_no_finding_changes(groups: dict[str | None, Outcomes]) -> None:
    about = told(fairness={"min_rows": 5}, quality={"null_rate": 0.1})
    metrics = judged(about, groups)
    published = withhold_small_cells(metrics, 10)
    assert worst(published) is worst(metrics)
    assert len(findings(about, published)) == len(findings(about, metrics))
    decided = {Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE}
    assert Counter(m.verdict for m in published if m.verdict in decided) == Counter(
        m.verdict for m in metrics if m.verdict in decided
    )
    keys = [(m.check, m.metric, m.subject, m.slice) for m in published]
    assert len(keys) == len(set(keys))


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d", None]), OUTCOMES, min_size=1))
def test_no_count_of_a_group_is_small_and_none_is_by_subtraction(groups: dict[str | None, Outcomes]) -> None:
    """All rows less the published groups, class by class: nobody, everybody, or enough."""
    published = withhold_small_cells(judged(told(), groups), 10)
    for name in ("n", "tp", "fp", "fn", "tn"):
        shown = [m.value for m in published if (m.check, m.metric) == ("fairness", name) and m.value is not None]
        assert not any(0 < value < 10 for value in shown)
        total = only([m for m in published if m.check == "performance"], name).value
        if total is not None and total >= 10:
            assert not 0 < total - sum(shown) < 10
