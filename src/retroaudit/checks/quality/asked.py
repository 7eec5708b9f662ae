"""What a metric of Great Expectations asks of a table, and the shape of its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from retroaudit.checks.quality.typed import Unanswerable, kind
from retroaudit.measures.measure import Need


@dataclass(frozen=True)
class Answer:
    """A metric's value; `low` and `high` where it is only known to lie between them, else None or equal to it."""

    value: Any
    low: Any = None
    high: Any = None

    @property
    def exact(self) -> bool:
        """Whether it is known without bounds; NaN is, where it is both."""
        return self.low is None or _alike(self.low, self.high)


@dataclass(frozen=True)
class Asked:
    """What is asked of which rows: `columns` of the metric's domain, its `values`, and the `types` of all columns."""

    columns: tuple[str, ...]
    types: Mapping[str, str]
    values: Mapping[str, Any]
    where: str = ""
    ignore_row_if: str = ""

    @property
    def kind(self) -> str:
        """Of the only column's values (`typed.kind`)."""
        return kind(self.types[self.columns[0]])


def _alike(low: Any, high: Any) -> bool:
    if isinstance(low, list):
        return all(map(_alike, low, high))
    return bool(low == high or (low != low and high != high))  # noqa: PLR0124  # NaN


Needs = Callable[[Asked], tuple[Need, ...]]


def of(*measures: str, kinds: Sequence[str] = ()) -> Needs:
    """These measures of the columns; where `kinds` are named, `Unanswerable` is raised for values of another."""

    def needs(asked: Asked) -> tuple[Need, ...]:
        if kinds and asked.kind not in {*kinds, "nothing"}:
            (column,) = asked.columns
            raise Unanswerable(f"column {column!r} is of type {asked.types[column]}, which has no such metric")
        return tuple(Need(measure, asked.columns, where=asked.where) for measure in measures)

    return needs


def condition(metric: str) -> Needs:
    """What `conditions` is asked: the metric's values as they are, without those that say nothing."""

    def needs(asked: Asked) -> tuple[Need, ...]:
        asks = {**asked.values, "ignore_row_if": asked.ignore_row_if or None, "result_format": None}
        values = {key: value for key, value in asks.items() if value is not None}
        return (Need("conditions", asked.columns, canonical({"metric": metric, "values": values}), asked.where),)

    return needs


def together(asked: Asked) -> tuple[Need, ...]:
    """How many combinations of the columns' values there are."""
    return (Need("distinct", asked.columns, canonical({"ignore_row_if": asked.ignore_row_if}), asked.where),)


def canonical(value: Any) -> str:
    """Canonical JSON; dates and times as ISO 8601."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_iso)


def _iso(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise Unanswerable(f"{value!r} is no value of a suite")
