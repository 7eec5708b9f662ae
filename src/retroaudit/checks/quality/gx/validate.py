"""Great Expectations' own verdicts, from states or rows: what each expectation needs, and what became of it."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from great_expectations.exceptions import ExpectationNotFoundError
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.registry import (
    get_expectation_impl,
    list_registered_expectation_implementations,
)
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.metrics_calculator import MetricsCalculator
from great_expectations.validator.validation_graph import ValidationGraph

from retroaudit.checks.quality.gx import rows
from retroaudit.checks.quality.gx.batch import Batch, of_states
from retroaudit.checks.quality.gx.domains import needs_of
from retroaudit.checks.quality.gx.engine import OF_SCHEMA, UNSEEN, PolarsExecutionEngine, answer
from retroaudit.checks.quality.gx.types import known_as, polars_type
from retroaudit.checks.quality.questions import COMPOSED, QUESTIONS, Answer, Unanswerable
from retroaudit.checks.quality.row_conditions import Unsupported, where_of
from retroaudit.checks.quality.typed import Insufficient, Unread, readable
from retroaudit.measures import where
from retroaudit.measures.measure import Need
from retroaudit.measures.predicates import table
from retroaudit.spec.wording import did_you_mean

COUNTS_ONLY = {"result_format": {"result_format": "BASIC", "partial_unexpected_count": 0}}
SKIPPED: Mapping[str, str] = {
    "expect_column_values_to_be_decreasing": "it needs the order of rows, which an audit does not keep",
    "expect_column_values_to_be_increasing": "it needs the order of rows, which an audit does not keep",
    "expect_query_results_to_match_comparison": "it needs SQL",
    "expect_table_row_count_to_equal_other_table": "it needs another table",
    "unexpected_rows_expectation": "it needs SQL",
}
"""Expectations of GX that are not judged in an audit, each with the reason."""


@dataclass(frozen=True)
class Compiled:
    """What an expectation needs to be judged; where it never can be, why: `refused` is a fault, `skipped` is none.

    `by_row` names the fall-back that looks at values one by one, where there is one.
    """

    needs: tuple[Need, ...] = ()
    refused: str = ""
    skipped: str = ""
    by_row: str = ""


@dataclass(frozen=True)
class Outcome:
    """GX's verdict (None: there is none, for the reason `error`), and its result without samples of rows.

    `answers` are those of its metrics by name. `bounds` are the low and high of the number that is judged: of map
    expectations how many values are unexpected, of others the observed value (lists for quantiles, times for times);
    None where it is exact, or no number. `inexact` says that any answer that the verdict rests on is only bounded.
    `insufficient` says that there is no verdict because the states keep too little, which is nobody's fault.
    """

    success: bool | None
    error: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    bounds: tuple[Any, Any] | None = None
    inexact: bool = False
    insufficient: bool = False


class _Refused(Exception):
    """An expectation that is at fault."""


class _Skipped(Exception):
    """An expectation that has no meaning here."""


def compile(expectations: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> tuple[Compiled, ...]:  # noqa: A001
    """What each expectation (GX's JSON form) needs of a table with these columns (name -> type); reads no data."""
    return _compiled_suite(json.dumps(list(expectations)), tuple(columns.items()))


@lru_cache(maxsize=8)
def _compiled_suite(expectations: str, columns: tuple[tuple[str, str], ...]) -> tuple[Compiled, ...]:
    """The same of plain text: an audit asks it more than once, and a backfill of every window."""
    engine = _engine(of_states({}, dict(columns)))
    with _quiet():
        return tuple(_compiled(expectation, dict(columns), engine) for expectation in json.loads(expectations))


def validate(expectations: Sequence[Mapping[str, Any]], batch: Batch) -> tuple[Outcome, ...]:
    """GX's verdict on each expectation; one that raises leaves the others as they are.

    Rows, where the batch has them, are read once for all, and again for what states only bound.
    """
    compiled = compile(expectations, batch.columns)
    if batch.read is not None:
        batch.states({need for each in compiled for need in each.needs if need.measure != "hashes"})
    engine = _engine(batch)
    with _quiet():
        return tuple(_outcome(*each, batch, engine) for each in zip(expectations, compiled, strict=True))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what GX says to those who write suites, and NumPy of divisions by nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _engine(batch: Batch) -> PolarsExecutionEngine:
    engine = PolarsExecutionEngine()
    engine.load_batch_data("batch", batch)
    return engine


# --- what is needed -------------------------------------------------------------------------------------------------


def _compiled(document: Mapping[str, Any], columns: Mapping[str, str], engine: PolarsExecutionEngine) -> Compiled:
    try:
        expectation = _read(document, columns)
        metrics = list(_metrics(_graph(expectation, engine)))
        needs = dict.fromkeys(need for metric in metrics for need in _needs(metric, columns))
    except (_Skipped, Unread) as error:
        return Compiled(skipped=str(error))
    except Exception as error:  # noqa: BLE001  # GX raises what it likes; no data is read, so it tells of none
        return Compiled(refused=_first_line(error))
    conditions = [json.loads(need.question) for need in needs if need.measure == "conditions"]
    by_row = next(filter(None, map(table.by_row, conditions)), "")
    return Compiled(tuple(needs), by_row=by_row)


def _read(document: Mapping[str, Any], columns: Mapping[str, str]) -> Expectation:
    """The expectation as GX has it, once nothing speaks against it."""
    name, kwargs = str(document.get("type")), _kwargs(document)
    _known(name)
    if name in SKIPPED:
        raise _Skipped(SKIPPED[name])
    if name == "expect_column_kl_divergence_to_be_less_than" and not kwargs.get("partition_object"):
        raise _Skipped("its bins would come from the data: name a partition_object")
    _consistent(kwargs)
    if name != "expect_column_to_exist":
        _there(kwargs, columns)
    _asks_rows(kwargs, columns)
    return ExpectationConfiguration(type=name, kwargs=kwargs).to_domain_obj()


def _kwargs(document: Mapping[str, Any]) -> dict[str, Any]:
    """Its kwargs, with the names of types that pandas knows, and as much of a result as an audit keeps."""
    kwargs = {
        key: value for key, value in document.get("kwargs", {}).items() if key not in {"result_format", "batch_id"}
    }
    if isinstance(kwargs.get("type_"), str):
        kwargs["type_"] = known_as(kwargs["type_"])
    if isinstance(kwargs.get("type_list"), list):
        kwargs["type_list"] = [known_as(each) for each in kwargs["type_list"]]
    return kwargs


def _known(name: str) -> None:
    try:
        get_expectation_impl(name)
    except ExpectationNotFoundError:
        near = did_you_mean(name, list_registered_expectation_implementations())
        raise _Refused(f"Great Expectations has no {name!r}. {near}".strip()) from None


def _consistent(kwargs: Mapping[str, Any]) -> None:
    least, most = kwargs.get("min_value"), kwargs.get("max_value")
    if any(isinstance(value, dict) and "$PARAMETER" in value for value in kwargs.values()):
        raise _Refused("it takes a suite parameter, of which an audit has none")
    if least is not None and most is not None and type(least) is type(most) and least > most:
        raise _Refused(f"min_value {least!r} is above max_value {most!r}")


def _there(kwargs: Mapping[str, Any], columns: Mapping[str, str]) -> None:
    listed = kwargs.get("column_list")
    several = listed if isinstance(listed, list) else []  # else GX refuses it
    named = [kwargs.get("column"), kwargs.get("column_A"), kwargs.get("column_B"), *several]
    for name in named:
        if isinstance(name, str) and name not in columns:
            raise _Refused(f"there is no column {name!r}. {did_you_mean(name, columns)}".strip())


def _asks_rows(kwargs: Mapping[str, Any], columns: Mapping[str, str]) -> None:
    """Read the row condition; columns that it names are there."""
    try:
        text = where_of(kwargs.get("row_condition"), kwargs.get("condition_parser"))
    except Unsupported as error:
        raise _Skipped(str(error)) from error
    for name in where.columns_of(text):
        _there({"column": name}, columns)
        readable(columns[name])
    where.check(text, {name: polars_type(columns[name]) for name in where.columns_of(text)})


def _graph(expectation: Expectation, engine: PolarsExecutionEngine) -> ValidationGraph:
    wanted = expectation.get_validation_dependencies(execution_engine=engine, runtime_configuration=dict(COUNTS_ONLY))
    return MetricsCalculator(execution_engine=engine).build_metric_dependency_graph(
        metric_configurations=wanted.get_metric_configurations(), runtime_configuration=dict(COUNTS_ONLY)
    )


def _metrics(graph: ValidationGraph) -> Iterator[MetricConfiguration]:
    """The metrics that have to be answered: those that GX does not make of others, and that list no rows."""
    seen = {metric.id: metric for edge in graph.edges for metric in (edge.left, edge.right) if metric is not None}
    for metric in seen.values():
        name = metric.metric_name
        if name in QUESTIONS:
            yield metric
        elif not (name.endswith(UNSEEN) or name.rpartition(".")[2] in rows.SAMPLES or name in {*COMPOSED, *OF_SCHEMA}):
            raise _Skipped(f"its metric {name} needs rows, which an audit does not keep")


def _needs(metric: MetricConfiguration, columns: Mapping[str, str]) -> Iterator[Need]:
    """What a metric needs, and the hashes that a window's `distinct` is made of."""
    for need in needs_of(metric, columns):
        if need.measure == "distinct":
            yield Need("hashes", need.columns, need.question, need.where)
        yield need


# --- what became of it ----------------------------------------------------------------------------------------------


def _outcome(document: Mapping[str, Any], compiled: Compiled, batch: Batch, engine: PolarsExecutionEngine) -> Outcome:
    reason = compiled.refused or compiled.skipped
    if reason:
        return Outcome(None, reason)
    try:
        return _judged(_read(document, batch.columns), batch, engine)
    except Unanswerable as error:
        return Outcome(None, _first_line(error), insufficient=isinstance(error, Insufficient))
    except Exception as error:  # noqa: BLE001  # whatever it is, the other expectations stand
        return Outcome(None, f"Great Expectations raised {type(error).__name__}")  # its text may hold a row's value


def _judged(expectation: Expectation, batch: Batch, engine: PolarsExecutionEngine) -> Outcome:
    graph = _graph(expectation, engine)
    found, failed = graph.resolve(runtime_configuration=dict(COUNTS_ONLY), show_progress_bars=False)
    for metric in failed:
        raise batch.answers[metric]
    verdict = expectation.metrics_validate(found, execution_engine=engine, runtime_configuration=dict(COUNTS_ONLY))
    answers = [(metric.metric_name, _answer(metric, batch)) for metric in _metrics(graph)]
    result = verdict.to_json_dict()["result"]
    return Outcome(
        bool(verdict.success),
        result={k: v for k, v in result.items() if k not in _OF_ROWS},
        answers=dict(answers),
        bounds=_bounds(expectation, dict(answers)),
        inexact=not all(each.exact for _, each in answers),
    )


def _bounds(expectation: Expectation, answers: Mapping[str, Answer]) -> tuple[Any, Any] | None:
    """The low and high of the number that it is judged by, where that is one metric's and not exact."""
    of_map = getattr(expectation, "map_metric", None)
    judged = [f"{of_map}.unexpected_count"] if of_map else getattr(expectation, "metric_dependencies", ())
    bounded = (answers[name] for name in judged if name in answers and not answers[name].exact)
    return next(((each.low, each.high) for each in bounded), None)


def _answer(metric: MetricConfiguration, batch: Batch) -> Answer:
    if batch.read is not None:
        return Answer(batch.answers[metric.id])
    return answer(metric, batch)


_OF_ROWS = frozenset({"partial_unexpected_list"})


def _first_line(error: Exception) -> str:
    """What GX says, in one line: pydantic lists its faults below a heading, each with a name of its own."""
    said = re.sub(r"^\d+ validation errors? for \w+\s*|\s*\(type=[^)\n]*\)|__root__\s*", "", str(error).strip())
    named = re.sub(r"[ \t]*\n[ \t]+", ": ", said.strip())
    return re.sub(r"\s*\n\s*", "; ", named) or type(error).__name__
