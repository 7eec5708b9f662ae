"""Expectations of a suite that failed, as questions to single rows.

Only those are that judge rows by themselves. What takes all rows together (uniqueness, means, z-scores, value sets of a
whole column) points at no row, and no row is drawn for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from retroaudit.checks.metric import Metric
from retroaudit.checks.quality import suite
from retroaudit.measures import conditions, counts
from retroaudit.measures.measure import Need
from retroaudit.measures.predicates import conditions_of
from retroaudit.measures.predicates.columns import positional
from retroaudit.measures.values import Rows
from retroaudit.measures.where import mask
from retroaudit.reviewing.conditions import Condition, Fails, Question
from retroaudit.spec.model import Spec

_OF_NULLS = {"expect_column_values_to_not_be_null": True, "expect_column_values_to_be_null": False}


def expectations(spec: Spec, metrics: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> tuple[Question, ...]:
    """The expectations that the report has as failed; `columns` are those of the logs with their types.

    A number that was withheld has its verdict all the same. Great Expectations is imported where there is a suite.
    """
    if spec.quality.suite is None:
        return ()
    failed = {_place(each) for each in metrics if each["check"] == suite.CHECK and each["verdict"] == "failed"}
    return tuple(
        question
        for metric, needs in suite.asked(spec, columns)
        if _told(metric) in failed
        for question in _questions(metric.metric, _name(metric.metric, dict(metric.slice)), needs)
    )


def without_rows(spec: Spec, metrics: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> tuple[str, ...]:
    """The failed expectations that point at no row, by their names: nothing is drawn for them."""
    failed = [each for each in metrics if each["metric"].startswith("expect_") and each["verdict"] == "failed"]
    asked = {_told(metric): tuple(_questions(metric.metric, "", needs)) for metric, needs in suite.asked(spec, columns)}
    pointless = (each for each in failed if not asked.get(_place(each)))
    return tuple(sorted(f"{_name(each['metric'], each['slice'])}({each['subject']})" for each in pointless))


def _told(metric: Metric) -> str:
    return _place({"metric": metric.metric, "subject": metric.subject, "slice": dict(metric.slice)})


def _place(metric: Mapping[str, Any]) -> str:
    return json.dumps([metric["metric"], metric["subject"], metric["slice"]], sort_keys=True)


def _name(metric: str, where: Mapping[str, Any]) -> str:
    """What it is called, short of its columns; `where` tells apart what would be called the same."""
    return metric + "".join(f" {name}={value}" for name, value in where.items() if not name.startswith("column"))


def _questions(metric: str, name: str, needs: Iterable[Need]) -> Iterator[Question]:
    for need in needs:
        called = f"{name}({', '.join(need.columns)})"
        if need.measure == "conditions" and need.columns:
            yield Question(Condition(called, need.reads, _unexpected(need)), need, _count_unexpected)
        elif need.measure == "counts" and metric in _OF_NULLS:
            missing = _OF_NULLS[metric]
            count = _count_missing if missing else _count_there
            yield Question(Condition(called, need.reads, _nulls(need, missing=missing)), need, count)


def _unexpected(need: Need) -> Fails:
    question = json.loads(need.question)

    def fails(rows: pl.DataFrame) -> pl.Series:
        frame = _columns(rows, need)
        _, unexpected = conditions_of(question, frame.dtypes)
        return frame.select(unexpected.alias("fails")).to_series() & _asked(rows, need)

    return fails


def _nulls(need: Need, *, missing: bool) -> Fails:
    return lambda rows: (_columns(rows, need)["0"].is_null() == missing) & _asked(rows, need)


def _columns(rows: pl.DataFrame, need: Need) -> pl.DataFrame:
    """The columns by place, as conditions see them: NaN is null."""
    return positional([rows[name] for name in need.columns])


def _asked(rows: pl.DataFrame, need: Need) -> pl.Series:
    """The rows that are asked at all."""
    return mask(Rows(rows), need.where) if need.where else pl.repeat(value=True, n=rows.height, eager=True)


def _count_unexpected(state: pl.DataFrame) -> int:
    return conditions.finish(state).unexpected


def _count_missing(state: pl.DataFrame) -> int:
    found = counts.finish(state)
    return found.nulls + found.nan


def _count_there(state: pl.DataFrame) -> int:
    return counts.finish(state).rows - _count_missing(state)
