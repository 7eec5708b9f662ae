"""Great Expectations' metrics, answered from a batch: its pandas engine, with another way to resolve them.

GX looks for the provider of a metric along the engine's base classes, so the providers for pandas say what each metric
depends on, and nothing has to be registered but what pandas does not have (LIKE patterns).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from great_expectations.core.batch import BatchData
from great_expectations.exceptions import MetricResolutionError
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial
from great_expectations.validator.metric_configuration import MetricConfiguration

from retroaudit.checks.quality.gx import rows, types
from retroaudit.checks.quality.gx.batch import Batch
from retroaudit.checks.quality.gx.domains import asked_by, needs_of
from retroaudit.checks.quality.questions import COMPOSED, QUESTIONS, Answer, Unanswerable
from retroaudit.measures.measure import Need

UNSEEN = (".condition", ".map", "column.outlier_statistics")
"""Ends of metrics that only say what others count: those are answered, and these have nothing to say."""

Metrics = Mapping[Any, Any]


class Held(BatchData):  # type: ignore[misc]
    """A batch as GX holds it."""

    def __init__(self, engine: PandasExecutionEngine, batch: Batch) -> None:
        super().__init__(execution_engine=engine)
        self.batch = batch


class PolarsExecutionEngine(PandasExecutionEngine):  # type: ignore[misc]
    """Answers from states what `questions` knows, and has the rest computed by pandas on just the columns it takes."""

    def load_batch_data(self, batch_id: str, batch_data: Any) -> None:
        """Take a `Batch`, or one that GX holds already."""
        held = batch_data if isinstance(batch_data, Held) else Held(self, batch_data)
        self.batch_manager.save_batch_data(batch_id=batch_id, batch_data=held)

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[MetricConfiguration],
        metrics: Metrics | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[Any, Any]:
        """Each metric's value by its id, what was found before from the batch.

        Raises:
            MetricResolutionError: Naming one that has none. GX asks again; what was found is kept, and not made twice.
        """
        asked = tuple(metrics_to_resolve)
        found = {metric: self._found(metric, metrics or {}, runtime_configuration) for metric in self._measured(asked)}
        for metric, value in found.items():
            if isinstance(value, Exception):
                raise MetricResolutionError(message=str(value), failed_metrics=[metric]) from value
        return {metric.id: value for metric, value in found.items()}

    def _measured(self, asked: tuple[MetricConfiguration, ...]) -> tuple[MetricConfiguration, ...]:
        """The same metrics, after all that they need (or what will count them) was measured in one pass."""
        by_batch: dict[int, tuple[Batch, set[Need]]] = {}
        for metric in asked:
            batch = self._batch(metric)
            by_batch.setdefault(id(batch), (batch, set()))[1].update(_foreseen(metric, batch))
        for batch, needs in by_batch.values():
            if batch.read is not None:
                batch.states(needs)
        return asked

    def _found(self, metric: MetricConfiguration, metrics: Metrics, runtime: dict[str, Any] | None) -> Any:
        """A metric's value, or the exception that it raised."""
        answers = self._batch(metric).answers
        if metric.id not in answers:
            try:
                answers[metric.id] = self._resolved(metric, metrics, runtime)
            except Exception as error:  # noqa: BLE001  # whatever it is, the other metrics stand
                answers[metric.id] = error
        return answers[metric.id]

    def _resolved(self, metric: MetricConfiguration, metrics: Metrics, runtime: dict[str, Any] | None) -> Any:
        name, batch = metric.metric_name, self._batch(metric)
        if name.endswith(UNSEEN):
            return None
        if name in COMPOSED:
            return super().resolve_metrics([metric], dict(metrics), runtime)[metric.id]
        if name in OF_SCHEMA:
            return OF_SCHEMA[name](batch)
        base, _, end = name.rpartition(".")
        if end in rows.SAMPLES:
            counted = MetricConfiguration(
                f"{base}.unexpected_count", metric.metric_domain_kwargs, metric.metric_value_kwargs
            )
            return rows.sample(metric, batch, self._value(counted, batch), self)
        if name == "table.head":
            return rows.head(metric, batch)
        return self._value(metric, batch)

    def _value(self, metric: MetricConfiguration, batch: Batch) -> Any:
        """From states where they say it exactly, or where there is nothing else; from pandas on its columns else."""
        try:
            found = answer(metric, batch)
        except Unanswerable:
            if batch.read is None:
                raise
        else:
            if found.exact or batch.read is None:
                return found.value
        return rows.by_pandas(metric, batch)

    def _batch(self, metric: MetricConfiguration) -> Batch:
        name = metric.metric_domain_kwargs.get("batch_id") or self.batch_manager.active_batch_data_id
        held: Held = self.batch_manager.batch_data_cache[name]
        return held.batch


def answer(metric: MetricConfiguration, batch: Batch) -> Answer:
    """A metric's answer from the batch's states, with its bounds. Raises `Unanswerable`."""
    needs = needs_of(metric, batch.columns)
    states = batch.states(needs)
    return QUESTIONS[metric.metric_name].answer(asked_by(metric, batch.columns), *(states[need] for need in needs))


def _foreseen(metric: MetricConfiguration, batch: Batch) -> Iterator[Need]:
    """What a metric needs, or what those that count the rows of its condition will need."""
    name, _, end = metric.metric_name.rpartition(".")
    for counted in (
        (f"{name}.unexpected_count", f"{name}.filtered_row_count") if end == "condition" else (metric.metric_name,)
    ):
        like = MetricConfiguration(counted, metric.metric_domain_kwargs, metric.metric_value_kwargs)
        with suppress(Unanswerable):
            yield from needs_of(like, batch.columns)


OF_SCHEMA: Mapping[str, Callable[[Batch], Any]] = {
    "table.columns": lambda batch: list(batch.columns),
    "table.column_types": lambda batch: [
        {"name": name, "type": types.pandas_type(kind)} for name, kind in batch.columns.items()
    ],
}


def _never(*_: Any, **__: Any) -> Any:
    raise Unanswerable("patterns of LIKE are counted, row by row they are not judged")


def _register(name: str, values: tuple[str, ...]) -> None:
    """Name a metric's dependencies for this engine alone: GX has it for databases only."""
    condition = column_condition_partial(engine=PolarsExecutionEngine)(_never)
    body = {"condition_metric_name": name, "condition_value_keys": values, "_polars": condition}
    type(f"Polars_{name}", (ColumnMapMetricProvider,), body)


for _negation in ("match", "not_match"):
    _register(f"column_values.{_negation}_like_pattern", ("like_pattern", "escape"))
_register("column_values.match_like_pattern_list", ("like_pattern_list", "match_on", "escape"))
_register("column_values.not_match_like_pattern_list", ("like_pattern_list", "escape"))
