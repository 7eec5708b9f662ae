"""Looking at rows again: samples of failing values, and what only pandas can compute.

GX's pandas providers make both. For samples they get a frame of nothing but failing rows, under their numbers in the
table; else a frame of the columns that the metric takes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import polars as pl
from great_expectations.exceptions import MetricResolutionError
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.registry import get_metric_provider
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.metrics_calculator import MetricsCalculator

from retroaudit.checks.quality.gx.batch import Batch
from retroaudit.checks.quality.gx.domains import asked_by, types_of
from retroaudit.checks.quality.questions import QUESTIONS, Asked
from retroaudit.checks.quality.typed import kind
from retroaudit.measures.predicates.columns import positional
from retroaudit.measures.predicates.table import PREDICATES, conditions_of
from retroaudit.measures.values import Rows
from retroaudit.measures.where import columns_of, mask

_LOOKED_AT = 2**12  # rows among which repeated ones are looked for first
SAMPLED = 200  # failing rows that are looked at, as many as GX lists
SAMPLES: Mapping[str, Callable[[], Any]] = {
    "unexpected_values": list,
    "unexpected_index_list": list,
    "unexpected_index_query": lambda: "df.filter(items=[], axis=0)",
    "unexpected_rows": pd.DataFrame,
}
"""What metrics that list failing rows say where there are none, by the end of their name."""

Rule = Callable[[str, Asked, pl.DataFrame], pl.Series]


def sample(metric: MetricConfiguration, batch: Batch, unexpected: int, engine: PandasExecutionEngine) -> Any:
    """What GX lists of the first failing rows, of which there are `unexpected`."""
    name, _, end = metric.metric_name.rpartition(".")
    wanted = metric.metric_value_kwargs.get("result_format") or {}
    some = wanted.get("result_format") == "COMPLETE" or wanted.get("partial_unexpected_count", 1)
    if batch.read is None or not unexpected or not some:
        return SAMPLES[end]()
    asked = asked_by(metric, batch.columns)
    if name not in {*_RULES, *_OF_ALL_ROWS, *PREDICATES} or "other" in map(kind, types_of(asked)):
        return by_pandas(metric, batch)
    others = batch.columns if end == "unexpected_rows" else wanted.get("unexpected_index_column_names") or ()
    frame = _failing(name, asked, batch, tuple(dict.fromkeys((*asked.columns, *others))))
    return _listed(metric, frame, batch, engine)


def head(metric: MetricConfiguration, batch: Batch) -> pd.DataFrame:
    """The first rows, of all columns."""
    first = next(batch.slices(batch.columns))
    return _pandas(first.head(metric.metric_value_kwargs.get("n_rows") or 5))


def by_pandas(metric: MetricConfiguration, batch: Batch) -> Any:
    """A metric as GX's pandas engine computes it, of a frame with the columns that it takes and no others.

    Raises:
        MetricResolutionError: With GX's message, where it raises; it may name values of rows.
    """
    asked = asked_by(metric, batch.columns)
    frame = _pandas(_whole(batch, {*asked.columns, *columns_of(asked.where)}))
    engine = PandasExecutionEngine(batch_data_dict={metric.metric_domain_kwargs.get("batch_id") or "rows": frame})
    plain = MetricConfiguration(metric.metric_name, metric.metric_domain_kwargs, metric.metric_value_kwargs)
    graph = MetricsCalculator(execution_engine=engine).build_metric_dependency_graph(metric_configurations=[plain])
    found, failed = graph.resolve(show_progress_bars=False)
    for each in failed.values():
        raise MetricResolutionError(message=each["exception_info"].exception_message, failed_metrics=[metric])
    return found[plain.id]


def _failing(name: str, asked: Asked, batch: Batch, columns: Sequence[str]) -> pd.DataFrame:
    """The first rows that fail, under their numbers in the table, with these columns."""
    reads = {*columns, *asked.columns, *columns_of(asked.where)}
    repeated = _first_repeated(asked, batch) if name in _OF_ALL_ROWS else None
    parts: list[pl.DataFrame] = []
    numbers: list[int] = []
    start = 0
    for frame in batch.slices(reads):
        places = _places(name, asked, frame) if repeated is None else _within(repeated, start, frame.height)
        places = places.head(SAMPLED - len(numbers))
        parts.append(pl.DataFrame({column: frame[column].gather(places) for column in columns}))
        numbers += (places.cast(pl.Int64) + start).to_list()
        start += frame.height
        if len(numbers) == (SAMPLED if repeated is None else len(repeated)):
            break
    return _pandas(pl.concat(parts, how="vertical_relaxed")).set_axis(pd.Index(numbers), axis=0)


def _places(name: str, asked: Asked, frame: pl.DataFrame) -> pl.Series:
    """Where the rows are that fail, among those of the domain."""
    places = pl.int_range(frame.height, eager=True)
    if asked.where:
        places = places.filter(mask(Rows(frame), asked.where))
    rows = positional([frame[column].gather(places) for column in asked.columns])
    return places.filter(_RULES.get(name, _by_predicate)(name, asked, rows))


def _by_predicate(name: str, asked: Asked, rows: pl.DataFrame) -> pl.Series:
    (need,) = QUESTIONS[f"{name}.unexpected_count"].needs(asked)
    _, unexpected = conditions_of(json.loads(need.question), rows.dtypes)
    return rows.select(unexpected.alias("unexpected")).to_series()


def _first_repeated(asked: Asked, batch: Batch) -> pl.Series:
    """The numbers of the first rows whose values another row has, by 64 bits of a hash.

    Rows are looked for among the first few thousand, and among more only where these do not have enough: memory is
    that of those rows, not of the table.
    """
    some = _LOOKED_AT
    while True:
        found, rows = _repeated(asked, batch, some)
        if len(found) == SAMPLED or rows <= some:
            return found
        some *= 64


def _repeated(asked: Asked, batch: Batch, some: int) -> tuple[pl.Series, int]:
    """The numbers of the first repeated rows among the first `some`, and how many rows there are."""
    first = pl.Series("hash", dtype=pl.UInt64)
    held: list[pl.Series] = []
    counts: list[pl.DataFrame] = []
    rows = 0
    for hashes in _hashes(asked, batch):
        if rows < some:
            first = first.append(hashes.head(some - rows))
        rows += len(hashes)
        held.append(hashes)
        if rows >= some:
            counts += [each.filter(each.is_in(first.drop_nulls().implode())).value_counts() for each in held]
            held.clear()
    counts += [each.filter(each.is_in(first.drop_nulls().implode())).value_counts() for each in held]
    total = pl.concat(counts).group_by("hash").agg(pl.col("count").sum())
    again = total.filter(pl.col("count") > 1)["hash"]
    return first.is_in(again.implode()).fill_null(value=False).arg_true().head(SAMPLED), rows


def _hashes(asked: Asked, batch: Batch) -> Iterator[pl.Series]:
    """A hash of each row's values; null where the row is not asked about."""
    for frame in batch.slices({*asked.columns, *columns_of(asked.where)}):
        rows = positional([frame[column] for column in asked.columns])
        counted = ~_ignored(asked, rows)
        if asked.where:
            counted &= mask(Rows(frame), asked.where)
        nothing = pl.repeat(None, len(rows), dtype=pl.UInt64, eager=True)
        yield rows.hash_rows().zip_with(counted, nothing).alias("hash")


def _within(numbers: pl.Series, start: int, height: int) -> pl.Series:
    """Those of the rows' numbers that are in a slice, as its own."""
    return numbers.filter((numbers >= start) & (numbers < start + height)).cast(pl.Int64) - start


def _ignored(asked: Asked, rows: pl.DataFrame) -> pl.Series:
    if asked.ignore_row_if == "never":
        return pl.repeat(value=False, n=len(rows), eager=True)
    missing = pl.any_horizontal if asked.ignore_row_if in {"", "any_value_is_missing"} else pl.all_horizontal
    return rows.select(missing(pl.all().is_null()).alias("ignored")).to_series()


_RULES: Mapping[str, Rule] = {
    "column_values.nonnull": lambda _, __, rows: rows["0"].is_null(),
    "column_values.null": lambda _, __, rows: rows["0"].is_not_null(),
}
_OF_ALL_ROWS = {"column_values.unique", "compound_columns.unique"}


def _listed(metric: MetricConfiguration, failing: pd.DataFrame, batch: Batch, engine: PandasExecutionEngine) -> Any:
    """What the metric's provider for pandas says of a frame in which every row fails."""
    domain = {key: value for key, value in metric.metric_domain_kwargs.items() if key not in _CONDITIONS}
    accessor = {key: domain.pop(key) for key in _ACCESSORS if key in domain}
    domain["batch_id"] = "failing"
    all_rows = pd.Series(data=True, index=failing.index)
    provider, make = get_metric_provider(metric.metric_name, engine)
    return make(
        cls=provider,
        execution_engine=PandasExecutionEngine(batch_data_dict={"failing": failing}),
        metric_domain_kwargs=domain | accessor,
        metric_value_kwargs=metric.metric_value_kwargs,
        metrics={"unexpected_condition": (all_rows, domain, accessor), "table.columns": list(batch.columns)},
        runtime_configuration={},
    )


_CONDITIONS = {"row_condition", "condition_parser"}
_ACCESSORS = ("column", "column_A", "column_B", "column_list")


def _whole(batch: Batch, columns: set[str]) -> pl.DataFrame:
    return pl.concat(batch.slices(columns), how="vertical_relaxed")


def _pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """As pandas reads the same columns of a Parquet file."""
    return frame.to_arrow().to_pandas()
