"""What a row can break: what the report's quality metrics failed for, as questions to single rows.

A condition also knows, from the partitions' own states, where there are rows that break it: only these are read for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from retroaudit.artefacts import Work
from retroaudit.measures import counts, grid
from retroaudit.measures.measure import Need, State
from retroaudit.measures.store import StateStore
from retroaudit.measures.values import floats
from retroaudit.measuring import from_states, take
from retroaudit.spec.features import range_for
from retroaudit.spec.model import Spec
from retroaudit.storage.protocol import Erasable

Fails = Callable[[pl.DataFrame], pl.Series]


@dataclass(frozen=True)
class Condition:
    """Something that a row holds or breaks.

    `fails` gives of a slice's rows, of which `columns` are asked, which ones break it (Boolean, without nulls).
    `failing` counts them by partition's key, none too few; a partition that it does not name may have any.
    """

    name: str
    columns: tuple[str, ...]
    fails: Fails
    failing: Mapping[str, int] = field(default_factory=dict)

    def broken_in(self, partition: str) -> bool:
        """Whether the partition may have rows that break it."""
        return self.failing.get(partition) != 0


@dataclass(frozen=True)
class Question:
    """A condition that is still to be counted: the state that knows how many rows break it, and its reader."""

    condition: Condition
    need: Need
    count: Callable[[State], int]


def limits(spec: Spec, metrics: Iterable[Mapping[str, Any]]) -> tuple[Question, ...]:
    """The spec's limits of null, NaN and infinite values and of ranges that the report has as failed."""
    failed = (each for each in metrics if each["check"] == "quality" and each["verdict"] == "failed")
    asked = (_limit(spec, each["metric"], each["subject"]) for each in failed if not each["slice"])
    return tuple(question for question in asked if question is not None)


def counted(
    spec: Spec, questions: Iterable[Question], work: Sequence[Work], states: Erasable | None
) -> tuple[Condition, ...]:
    """The conditions with what the partitions' states say of them; without states they know nothing."""
    if states is None:
        return tuple(question.condition for question in questions)
    return tuple(replace(each.condition, failing=_failing(spec, each, work, states)) for each in questions)


def _failing(spec: Spec, question: Question, work: Sequence[Work], states: Erasable) -> dict[str, int]:
    found = {}
    for each in work:
        measured = from_states(spec, replace(each, needs=(question.need,)), states)
        if measured is not None:
            state = take(StateStore(states), measured.states)[question.need]
            found[each.partition.key] = question.count(state)
    return found


def _limit(spec: Spec, metric: str, column: str) -> Question | None:
    name, need = f"{metric}({column})", Need("counts", (column,))
    if metric in _MISSING:
        fails, count = _MISSING[metric]
        condition = Condition(name, (column,), lambda rows: fails(_unnamed(rows, column)))
        return Question(condition, need, lambda state: count(counts.finish(state)))
    allowed = range_for(spec, column)
    if metric != "out_of_range_rate" or allowed is None:
        return None
    condition = Condition(name, (column,), lambda rows: _outside(_unnamed(rows, column), allowed))
    return Question(condition, Need("grid", (column,)), lambda state: _count_outside(grid.finish(state), allowed))


def _unnamed(rows: pl.DataFrame, column: str) -> pl.Series:
    """The column under a name of ours: many methods of a series take its name for a pattern."""
    return rows[column].alias("v")


def _nan(values: pl.Series) -> pl.Series:
    return floats(values).is_nan().fill_null(value=False)


def _infinite(values: pl.Series) -> pl.Series:
    return floats(values).is_infinite().fill_null(value=False)


def _outside(values: pl.Series, allowed: tuple[float, float]) -> pl.Series:
    """Finite values below or above what is allowed, as `out_of_range_rate` counts them."""
    numbers, (low, high) = floats(values), allowed
    return (numbers.is_finite() & ((numbers < low) | (numbers > high))).fill_null(value=False)


def _count_outside(found: grid.Grid, allowed: tuple[float, float]) -> int:
    """All values of cells that reach beyond what is allowed: some of them may be within."""
    return int(found.count[(found.low < allowed[0]) | (found.high > allowed[1])].sum())


_MISSING: Mapping[str, tuple[Callable[[pl.Series], pl.Series], Callable[[counts.Counts], int]]] = {
    "null_rate": (pl.Series.is_null, lambda found: found.nulls),
    "nan_rate": (_nan, lambda found: found.nan),
    "inf_rate": (_infinite, lambda found: found.pos_inf + found.neg_inf),
}
