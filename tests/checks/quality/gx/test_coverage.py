"""Our tables against what Great Expectations registers: an upgrade that adds or renames something fails here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import great_expectations as gx
import pytest
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.registry import (
    get_expectation_impl,
    list_registered_expectation_implementations,
)
from great_expectations.validator.metrics_calculator import MetricsCalculator

from retroaudit.checks.quality.gx import rows
from retroaudit.checks.quality.gx.batch import of_states
from retroaudit.checks.quality.gx.engine import OF_SCHEMA, UNSEEN, PolarsExecutionEngine
from retroaudit.checks.quality.gx.validate import SKIPPED, compile  # noqa: A004
from retroaudit.checks.quality.questions import COMPOSED, QUESTIONS

README = Path(__file__).parents[4] / "expectations" / "README.md"

KWARGS: dict[str, Any] = {
    "column": "a",
    "column_A": "a",
    "column_B": "b",
    "column_list": ["a", "b"],
    "column_set": ["a"],
    "value_set": [1, 2],
    "value_pairs_set": [[1, 2]],
    "min_value": 0,
    "max_value": 1,
    "regex": "a",
    "regex_list": ["a"],
    "like_pattern": "a%",
    "like_pattern_list": ["a%"],
    "strftime_format": "%Y",
    "json_schema": {},
    "type_": "int64",
    "type_list": ["int64"],
    "value": 1,
    "threshold": 1,
    "double_sided": True,
    "sum_total": 3,
    "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 1]]},
    "partition_object": {"values": [1, 2], "weights": [0.5, 0.5]},
    "method": "iqr",
    "multiplier": 1.5,
}
OF_TEXT = ("pattern", "regex", "json", "strftime", "dateutil")
BY_PANDAS = {"expect_column_values_to_be_decreasing", "expect_column_values_to_be_increasing"}
"""What has no line in our tables, and is computed by pandas where there are rows."""


def registered() -> dict[str, type[Expectation]]:
    """GX's own expectations by type."""
    found = {name: get_expectation_impl(name) for name in list_registered_expectation_implementations()}
    return {name: each for name, each in found.items() if each.__module__.startswith("great_expectations.")}


def native() -> list[str]:
    """Those that an audit judges."""
    return sorted(set(registered()) - set(SKIPPED))


def document(name: str) -> dict[str, Any]:
    fields = registered()[name].__fields__
    kwargs = {key: value for key, value in KWARGS.items() if key in fields}
    return {"type": name, "kwargs": kwargs}


def metrics(name: str) -> set[str]:
    """Every metric that the expectation depends on, with all that its fullest result takes."""
    engine = PolarsExecutionEngine()
    engine.load_batch_data("batch", of_states({}, {"a": "int64", "b": "int64"}))
    runtime = {"result_format": {"result_format": "COMPLETE", "include_unexpected_rows": True}}
    expectation = ExpectationConfiguration(type=name, kwargs=document(name)["kwargs"]).to_domain_obj()
    wanted = expectation.get_validation_dependencies(execution_engine=engine, runtime_configuration=runtime)
    graph = MetricsCalculator(execution_engine=engine).build_metric_dependency_graph(
        metric_configurations=wanted.get_metric_configurations(), runtime_configuration=runtime
    )
    return {metric.metric_name for edge in graph.edges for metric in (edge.left, edge.right) if metric is not None}


def known(metric: str) -> bool:
    return (
        metric in QUESTIONS
        or metric in COMPOSED
        or metric in OF_SCHEMA
        or metric.endswith(UNSEEN)
        or metric.rpartition(".")[2] in rows.SAMPLES
    )


def test_the_version_is_the_one_that_was_read() -> None:
    assert gx.__version__ == "1.24.1"
    assert len(registered()) == 59


def test_what_is_skipped_is_registered() -> None:
    assert set(registered()) >= set(SKIPPED)


@pytest.mark.parametrize("name", native())
def test_every_metric_that_an_expectation_depends_on_is_in_the_table(name: str) -> None:
    assert {metric for metric in metrics(name) if not known(metric)} == set()


@pytest.mark.parametrize("name", native())
def test_every_other_expectation_is_judged_from_states(name: str) -> None:
    (compiled,) = compile(
        [document(name)], {"a": "string" if any(word in name for word in OF_TEXT) else "int64", "b": "int64"}
    )
    assert (compiled.refused, compiled.skipped) == ("", "")


@pytest.mark.parametrize("name", sorted(SKIPPED))
def test_the_rest_is_skipped_with_its_reason(name: str) -> None:
    (compiled,) = compile([{"type": name, "kwargs": {}}], {"a": "int64"})
    assert compiled.skipped == SKIPPED[name]


@pytest.mark.parametrize("name", sorted(BY_PANDAS))
def test_what_needs_the_order_of_rows_is_computed_by_pandas_where_there_are_some(name: str) -> None:
    metric = name.replace("expect_column_values_to_be_", "column_values.")
    assert {metric for metric in metrics(name) if not known(metric)} == {f"{metric}.unexpected_count"}


def test_the_documents_table_names_every_expectation_once() -> None:
    named = re.findall(r"^\| `(\w+)`", README.read_text(), flags=re.MULTILINE)
    assert sorted(named) == sorted(registered())
