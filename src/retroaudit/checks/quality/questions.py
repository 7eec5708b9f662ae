"""The table: Great Expectations' metrics by name, which states each needs, and how these answer it.

Answers are those of GX's pandas engine on the same rows: NaN is null, quantiles are observed values, deviations divide
by n - 1. What no line names is computed by GX itself from other metrics (`COMPOSED`), or needs rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from retroaudit.checks.quality import numbers, tallies
from retroaudit.checks.quality.asked import Answer, Asked, Needs, condition, of, together
from retroaudit.checks.quality.typed import NUMBERS, Unanswerable
from retroaudit.measures import conditions, counts, distinct, extremes
from retroaudit.measures.measure import Need, State
from retroaudit.measures.predicates.table import PREDICATES

__all__ = ["COMPOSED", "QUESTIONS", "Answer", "Asked", "Question", "Unanswerable"]

_TIMES = (*NUMBERS, "time")


@dataclass(frozen=True)
class Question:
    """`answer` takes what is asked, and the states of `needs` in their order. Both raise `Unanswerable`."""

    needs: Needs
    answer: Callable[..., Answer]


def _rows(_: Asked, state: State) -> Answer:
    return Answer(conditions.finish(state).rows)


def _unexpected(_: Asked, state: State) -> Answer:
    return Answer(conditions.finish(state).unexpected)


def _filtered(_: Asked, state: State) -> Answer:
    found = conditions.finish(state)
    return Answer(found.rows - found.ignored)


def _missing(_: Asked, state: State) -> Answer:
    found = counts.finish(state)
    return Answer(found.nulls + found.nan)


def _present(_: Asked, state: State) -> Answer:
    found = counts.finish(state)
    return Answer(found.rows - found.nulls - found.nan)


def _differing(_: Asked, state: State) -> Answer:
    return Answer(distinct.finish(state).distinct)


def _repeated(_: Asked, state: State) -> Answer:
    found = distinct.finish(state)
    return Answer(found.rows - found.unique)


def _combined(_: Asked, state: State) -> Answer:
    return Answer(distinct.finish(state).rows)


_OBJECTS = {"decimal": "Decimal", "date": "date", "bytes": "bytes"}  # what pandas' columns of objects hold


def _other_types(asked: Asked, state: State) -> Answer:
    """How many values are of no such type: all of the column's, or none."""
    wanted = asked.values.get("type_list") or [asked.values.get("type_")]
    return Answer(0) if _OBJECTS.get(asked.kind) in wanted else _present(asked, state)


def _end(asked: Asked) -> tuple[Need, ...]:
    return (of("extremes") if asked.kind == "text" else of("counts", "grid", kinds=(*_TIMES, "date")))(asked)


def _least(asked: Asked, *states: State) -> Answer:
    return Answer(extremes.finish(*states).low) if asked.kind == "text" else numbers.least(asked, *states)


def _greatest(asked: Asked, *states: State) -> Answer:
    return Answer(extremes.finish(*states).high) if asked.kind == "text" else numbers.greatest(asked, *states)


ROWWISE = tuple(name for name in PREDICATES if name != "table.row_count")
_ROWS = condition("table.row_count")
_COUNTS, _DISTINCT, _VALUES = of("counts"), of("distinct"), of("categories")
_ORDER = of("counts", "grid", kinds=_TIMES)
_NUMBERS = of("counts", "grid", kinds=NUMBERS)
_SPREAD = of("counts", "moments", kinds=NUMBERS)
_FAR = of("counts", "grid", "moments", kinds=NUMBERS)

QUESTIONS: Mapping[str, Question] = {
    "table.row_count": Question(lambda asked: _ROWS(Asked((), {}, {}, asked.where)), _rows),
    **{f"{name}.unexpected_count": Question(condition(name), _unexpected) for name in ROWWISE},
    **{f"{name}.filtered_row_count": Question(condition(name), _filtered) for name in ROWWISE},
    "column_values.nonnull.unexpected_count": Question(_COUNTS, _missing),
    "column_values.null.unexpected_count": Question(_COUNTS, _present),
    "column.non_null_count": Question(_COUNTS, _present),
    "column_values.of_type.unexpected_count": Question(_COUNTS, _other_types),
    "column_values.in_type_list.unexpected_count": Question(_COUNTS, _other_types),
    "column.mean": Question(of("counts", "moments", kinds=_TIMES), numbers.mean),
    "column.sum": Question(_SPREAD, numbers.total),
    "column.standard_deviation": Question(_SPREAD, numbers.deviation),
    "column.min": Question(_end, _least),
    "column.max": Question(_end, _greatest),
    "column.median": Question(_ORDER, numbers.median),
    "column.quantile_values": Question(_ORDER, numbers.quantiles),
    "column.histogram": Question(_NUMBERS, numbers.bins),
    "column_values.between.count": Question(_NUMBERS, numbers.one_sided),
    "column_values.z_score.under_threshold.unexpected_count": Question(_FAR, numbers.far),
    "column_values.not_outliers.unexpected_count": Question(_FAR, numbers.outliers),
    "column.distinct_values": Question(_VALUES, tallies.members),
    "column.value_counts": Question(_VALUES, tallies.value_counts),
    "column.most_common_value": Question(_VALUES, tallies.most_common),
    "column.distinct_values.not_in_set": Question(_VALUES, tallies.listed(tallies.unknown)),
    "column.distinct_values.not_in_set.count": Question(_VALUES, tallies.how_many(tallies.unknown)),
    "column.distinct_values.missing_from_column": Question(_VALUES, tallies.listed(tallies.absent)),
    "column.distinct_values.missing_from_column.count": Question(_VALUES, tallies.how_many(tallies.absent)),
    "column.distinct_values.count": Question(_DISTINCT, _differing),
    "column_values.unique.unexpected_count": Question(_DISTINCT, _repeated),
    "compound_columns.unique.unexpected_count": Question(together, _repeated),
    "compound_columns.unique.filtered_row_count": Question(together, _combined),
}

COMPOSED = frozenset(
    {
        "column.descriptive_stats",
        "column.non_null_proportion",
        "column.partition",
        "column.unique_proportion",
        "column_values.nonnull.count",
        "column_values.null.count",
        "table.column_count",
    }
)
"""What GX computes from other metrics alone."""
