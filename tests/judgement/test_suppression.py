"""Law 5: what would describe few people is withheld, and what would give it away by subtraction too."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from retroaudit.checks.metric import Metric, Slice, Verdict
from retroaudit.judgement.suppression import withhold_small_cells


def size(n: int, **slice_: str) -> Metric:
    where: Slice = tuple(slice_.items())
    return Metric(check="fairness", metric="n", slice=where, value=float(n), n=n)


def withheld(metrics: tuple[Metric, ...]) -> set[Slice]:
    return {metric.slice for metric in metrics if metric.value is None}


def test_a_small_group_goes_and_the_next_smallest_with_it() -> None:
    metrics = (size(900, race="a"), size(50, race="b"), size(9, race="c"))
    assert withheld(withhold_small_cells(metrics, 10)) == {(("race", "b"),), (("race", "c"),)}


def test_two_small_groups_hide_each_other() -> None:
    metrics = (size(900, race="a"), size(8, race="b"), size(9, race="c"))
    assert withheld(withhold_small_cells(metrics, 10)) == {(("race", "b"),), (("race", "c"),)}


def test_zero_publishes_all() -> None:
    metrics = (size(1, race="a"), size(2, race="b"))
    assert withhold_small_cells(metrics, 0) == metrics


def test_a_rate_over_few_people_goes_with_what_would_give_its_class_away() -> None:
    race = (("race", "a"),)
    tpr = Metric(check="fairness", metric="tpr", slice=race, value=0.5, n=4)
    fpr = replace(tpr, metric="fpr", n=400)
    tp, tn = replace(tpr, metric="tp", n=404, value=2.0), replace(tpr, metric="tn", n=404, value=390.0)
    judged = withhold_small_cells((size(404, race="a"), tpr, fpr, tp, tn), 10)
    assert [metric.value for metric in judged] == [404.0, None, 0.5, None, None]
    assert judged[1].n is None
    assert judged[1].verdict is Verdict.INSUFFICIENT
    assert "10" in judged[1].reason


def test_a_comparison_with_a_withheld_group_goes_too() -> None:
    """With the ratio and its own rate, the rate of the small group that it is compared with would be known."""
    a, b, c = ((("race", name),) for name in "abc")
    rate = Metric(check="fairness", metric="selection_rate", slice=a, value=0.25, n=9)
    ratio = Metric(check="fairness", metric="impact_ratio", slice=c, value=2.0, n=500, reference=0.25)
    other = replace(ratio, slice=b, reference=0.5)
    metrics = (size(9, race="a"), size(8, race="b"), size(500, race="c"), rate, ratio, other)
    assert [metric.value for metric in withhold_small_cells(metrics, 10)[3:]] == [None, None, None]
    elsewhere = replace(ratio, reference=0.5)
    assert withhold_small_cells((*metrics, elsewhere), 10)[-1] == elsewhere


def test_drift_and_totals_are_not_about_a_group() -> None:
    drift = Metric(check="drift", metric="ks", value=0.1, n=5)
    total = Metric(check="fairness", metric="n", value=5.0, n=5)
    assert withhold_small_cells((drift, total), 10) == (drift, total)


@given(st.dictionaries(st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz")), st.integers(0, 40), min_size=2))
def test_no_line_of_a_crossed_table_has_a_single_gap(cells: dict[tuple[str, str], int]) -> None:
    metrics = tuple(size(n, one=one, two=two) for (one, two), n in cells.items())
    gone = {(slice_[0][1], slice_[1][1]) for slice_ in withheld(withhold_small_cells(metrics, 10))}
    assert {cell for cell, n in cells.items() if 0 < n < 10} <= gone
    people = [cell for cell, n in cells.items() if n > 0]
    for axis in (0, 1):
        for value in {cell[axis] for cell in people}:
            line = [cell for cell in people if cell[axis] == value]
            assert len(line) == 1 or sum(cell in gone for cell in line) != 1
