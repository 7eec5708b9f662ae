"""Expectations as metrics: the verdict is Great Expectations' own wherever the states leave no doubt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retroaudit.checks.metric import Metric, Threshold, Verdict
from retroaudit.checks.quality import suite
from retroaudit.checks.quality.gx.batch import of_states
from retroaudit.checks.quality.gx.validate import validate
from retroaudit.judgement.suppression import withhold_small_cells
from retroaudit.judgement.verdicts import decide
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.measures.run import measure
from retroaudit.spec.model import Spec
from tests.checks.profiles import only, spec

COLUMNS = {"x": "double", "name": "string", "group": "string"}
PUBLIC: dict[str, Any] = {"privacy": {"min_cell": 0}}


def asked(*expectations: tuple[str, dict[str, Any]], **parts: Any) -> Spec:
    return spec(
        quality={"suite": {"name": "s", "expectations": [{"type": t, "kwargs": kwargs} for t, kwargs in expectations]}},
        **parts,
    )


def judged(told: Spec, frame: pl.DataFrame) -> list[Metric]:
    states = measure([frame], suite.needs(told, COLUMNS) | {Need("rows")})
    decided = [decide(metric) for metric in suite.check(told, Profile(states, columns=COLUMNS), None)]
    return list(withhold_small_cells(decided, told.privacy.min_cell))


def rows(x: Sequence[float | None], name: str = "a", group: str = "g") -> pl.DataFrame:
    return pl.DataFrame({"x": x}, schema={"x": pl.Float64}).with_columns(name=pl.lit(name), group=pl.lit(group))


values = st.lists(st.none() | st.integers(0, 9).map(float), min_size=1, max_size=40)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(values, st.integers(0, 9), st.integers(0, 20), st.booleans())
def test_the_verdict_is_that_of_great_expectations(
    x: list[float | None], bound: int, twentieths: int, strict: bool
) -> None:
    """Shares at the edge of `mostly` and numbers at strict bounds included: law of the interval and GX's own rule."""
    told = asked(
        (
            "expect_column_values_to_be_between",
            {"column": "x", "max_value": bound, "strict_max": strict, "mostly": twentieths / 20},
        ),
        ("expect_column_values_to_not_be_null", {"column": "x", "mostly": twentieths / 20}),
        ("expect_column_max_to_be_between", {"column": "x", "min_value": bound, "strict_min": strict}),
        ("expect_column_mean_to_be_between", {"column": "x", "max_value": bound, "strict_max": strict}),
        ("expect_column_unique_value_count_to_be_between", {"column": "x", "min_value": bound}),
        ("expect_column_distinct_values_to_contain_set", {"column": "x", "value_set": [bound]}),
        ("expect_table_row_count_to_equal", {"value": bound}),
        **PUBLIC,
    )
    assert told.quality.suite is not None
    states = measure([rows(x)], suite.needs(told, COLUMNS))
    documents = [each.model_dump(mode="json") for each in told.quality.suite.expectations]
    said = validate(documents, of_states(states, COLUMNS))
    found = judged(told, rows(x))
    for metric, outcome in zip(found, said, strict=True):
        if metric.verdict is Verdict.INSUFFICIENT:
            assert not [value for value in x if value is not None]
        else:
            assert (metric.verdict is Verdict.PASSED) == outcome.success, metric


def test_values_are_shares_and_numbers_with_their_bounds() -> None:
    """By hand: 3 of 4 values are at most 2, their mean is 2.5, one row of five is null."""
    told = asked(
        ("expect_column_values_to_be_between", {"column": "x", "max_value": 2, "mostly": 0.8}),
        ("expect_column_values_to_not_be_null", {"column": "x"}),
        ("expect_column_mean_to_be_between", {"column": "x", "min_value": 2.5, "strict_min": True}),
        **PUBLIC,
    )
    found = judged(told, rows([1, 1, 2, 6, None]))
    between, nulls, mean = found
    assert (between.value, between.n, between.threshold) == (0.75, 4, Threshold(min=0.8))
    assert (nulls.value, nulls.n, nulls.verdict) == (0.8, 5, Verdict.FAILED)
    assert (mean.value, mean.low, mean.high, mean.n, mean.verdict) == (2.5, 2.5, 2.5, 4, Verdict.FAILED)


def test_each_quantile_is_a_metric() -> None:
    ranges = {"quantiles": [0.5, 0.9], "value_ranges": [[40, 60], [None, 80]]}
    told = asked(("expect_column_quantile_values_to_be_between", {"column": "x", "quantile_ranges": ranges}), **PUBLIC)
    found = judged(told, rows([float(number) for number in range(101)]))
    assert [(dict(m.slice)["quantile"], m.value, m.verdict) for m in found] == [
        ("0.5", 50.0, Verdict.PASSED),
        ("0.9", 90.0, Verdict.FAILED),
    ]


def test_what_the_states_only_bound_may_be_inconclusive() -> None:
    """50,000 different values share 16,384 cells: a bound within the cell of a quantile cannot be decided."""
    numbers = [1 + number / 50_000 for number in range(50_000)]
    third = numbers[15_001]
    ranges = {"quantiles": [0.30002], "value_ranges": [[third, None]]}
    told = asked(("expect_column_quantile_values_to_be_between", {"column": "x", "quantile_ranges": ranges}), **PUBLIC)
    (found,) = judged(told, rows(numbers))
    assert found.low is not None
    assert found.high is not None
    assert found.low < third <= found.high
    assert found.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("x", "said"), [(6.0, Verdict.FAILED), (5.0, Verdict.PASSED)])
def test_the_value_of_one_row_is_withheld_and_its_verdict_is_not(x: float, said: Verdict) -> None:
    told = asked(("expect_column_max_to_be_between", {"column": "x", "max_value": 5}))
    (found,) = judged(told, rows([1.0] * 99 + [x]))
    assert (found.value, found.low, found.high, found.n, found.verdict) == (None, None, None, None, said)
    (public,) = judged(told.model_copy(update={"privacy": spec(**PUBLIC).privacy}), rows([1.0] * 99 + [x]))
    assert (public.value, public.verdict) == (x, said)


def test_a_quantile_that_few_values_lie_beyond_is_withheld() -> None:
    ranges = {"quantiles": [0.5, 0.99], "value_ranges": [[0, 1000], [0, 1000]]}
    told = asked(
        ("expect_column_quantile_values_to_be_between", {"column": "x", "quantile_ranges": ranges}),
        ("expect_column_median_to_be_between", {"column": "x", "min_value": 0}),
    )
    middle, far, median = judged(told, rows([float(number) for number in range(500)]))
    assert (middle.value, far.value, median.value) == (250.0, None, 249.5)  # 5 of 500 values lie beyond the second
    assert far.verdict is Verdict.PASSED
    few = judged(told, rows([float(number) for number in range(15)]))
    assert [metric.value for metric in few] == [None, None, None]


def test_numbers_about_a_group_are_withheld() -> None:
    """Even where all is as expected: `n` would tell how many people are in no group."""
    among = ("expect_column_values_to_be_in_set", {"column": "group", "value_set": ["g"]})
    told = asked(among, groups=["group"])
    frame = pl.concat([rows([1.0] * 50), rows([1.0] * 3, group="h")])
    for found, verdict in ((judged(told, rows([1.0] * 50)), "passed"), (judged(told, frame), "failed")):
        assert [(m.value, m.n, m.verdict) for m in found] == [(None, None, verdict)]


@pytest.mark.parametrize(("low", "withheld"), [(95, True), (89, False), (5, True), (10, False)])
def test_numbers_of_few_rows_or_of_all_but_few_are_withheld(low: int, withheld: bool) -> None:
    """Of 100 rows 100 - low, or low, are asked about: of the others the mean could be found by subtraction."""
    about = {"row_condition": f"x >= {low}", "condition_parser": "pandas"}
    told = asked(
        ("expect_column_mean_to_be_between", {"column": "x", "min_value": 0, **about}),
        ("expect_table_row_count_to_be_between", {"min_value": 0, **about}),
    )
    found = judged(told, rows([float(number) for number in range(100)]))
    assert [metric.value is None for metric in found] == [withheld] * 2
    assert [metric.verdict for metric in found] == [Verdict.PASSED] * 2


def test_equal_expectations_stand_at_places_of_their_own() -> None:
    twice = ("expect_column_values_to_be_in_set", {"column": "name", "value_set": ["a"]})
    pair = ("expect_column_pair_values_to_be_equal", {"column_A": "name", "column_B": "group"})
    found = judged(asked(twice, twice, pair), rows([1.0] * 20))
    assert [metric.slice for metric in found] == [(), (("expectation", "#2"),), (("column_B", "group"),)]
    assert len({(metric.metric, metric.subject, metric.slice) for metric in found}) == 3


def test_a_window_without_files_answers_nothing() -> None:
    told = asked(("expect_column_values_to_not_be_null", {"column": "x"}))
    assert suite.needs(told, {}) == frozenset()
    (found,) = suite.check(told, Profile({}), None)
    assert found.verdict is Verdict.INSUFFICIENT


def test_no_suite_asks_nothing_and_an_empty_one_has_failed() -> None:
    assert suite.check(spec(), Profile({}), None) == []
    found = only([decide(metric) for metric in suite.check(asked(), Profile({}), None)], "suite_expectations")
    assert found.verdict is Verdict.FAILED
