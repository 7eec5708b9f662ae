"""Great Expectations' metrics as `questions` takes them: what is asked of which rows, and what that needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from great_expectations.validator.metric_configuration import MetricConfiguration

from retroaudit.checks.quality.gx.types import polars_type
from retroaudit.checks.quality.questions import QUESTIONS, Asked, Unanswerable
from retroaudit.checks.quality.row_conditions import Unsupported, where_of
from retroaudit.checks.quality.typed import readable
from retroaudit.measures.measure import Need
from retroaudit.measures.predicates import table
from retroaudit.measures.where import columns_of


def asked_by(metric: MetricConfiguration, types: Mapping[str, str]) -> Asked:
    """What a metric asks of a table with columns of these types.

    Raises:
        Unanswerable: There is no such column, or its row condition cannot be asked.
    """
    domain = metric.metric_domain_kwargs
    named = [domain.get("column"), domain.get("column_A"), domain.get("column_B"), *(domain.get("column_list") or ())]
    columns = tuple(name for name in named if name is not None)
    for name in columns:
        if name not in types:
            raise Unanswerable(f"there is no column {name!r}")
    values = dict(metric.metric_value_kwargs)
    return Asked(columns, types, values, _where(domain), domain.get("ignore_row_if") or "")


def needs_of(metric: MetricConfiguration, types: Mapping[str, str]) -> tuple[Need, ...]:
    """What the metric needs of a table with columns of these types.

    Raises:
        Unanswerable: No state answers it, or it cannot be asked of such columns.
        Unread: A column is of a type that no audit reads.
    """
    question = QUESTIONS.get(metric.metric_name)
    if question is None:
        raise Unanswerable(f"{metric.metric_name} is computed from rows alone")
    asked = asked_by(metric, types)
    readable(*types_of(asked))
    needs = question.needs(asked)
    for need in needs:
        if need.measure == "conditions":
            table.check(json.loads(need.question), [polars_type(types[name]) for name in need.columns])
    return needs


def types_of(asked: Asked) -> tuple[str, ...]:
    """The types of all columns that are looked at; of a row condition those that are there."""
    named = dict.fromkeys((*asked.columns, *columns_of(asked.where)))
    return tuple(asked.types[name] for name in named if name in asked.types)


def _where(domain: Mapping[str, Any]) -> str:
    try:
        return where_of(domain.get("row_condition"), domain.get("condition_parser"))
    except Unsupported as error:
        raise Unanswerable(str(error)) from error
