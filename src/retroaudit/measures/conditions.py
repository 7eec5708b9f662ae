"""How many rows are not as a row-level expectation would have them (`predicates`).

State: one row of `rows` (of the domain: those that count and where `where` holds), `ignored` (a null in the column, or
as `ignore_row_if` says for several columns) and `unexpected` (Int64), of which no row is in both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from retroaudit.measures.measure import EXCLUDED, Need, State
from retroaudit.measures.predicates import conditions_of
from retroaudit.measures.predicates.columns import positional
from retroaudit.measures.values import Readable, Rows, rows_of

_SCHEMA = dict.fromkeys(("rows", "ignored", "unexpected"), pl.Int64)


@dataclass(frozen=True)
class Conditions:
    """Rows asked; of them those that are not judged, and those that are not as expected."""

    rows: int
    ignored: int
    unexpected: int


class Gathered:
    """Every condition on the same columns, asked of each slice in one pass (`gathering`)."""

    def __init__(self, needs: Sequence[Need]) -> None:
        self._columns = needs[0].columns
        self._questions = {need: json.loads(need.question) for need in needs}
        self._rows = 0
        self._counts = np.zeros((len(needs), 2), np.int64)
        self._asked: dict[tuple[pl.DataType, ...], list[pl.Expr]] = {}

    def add(self, rows: Rows) -> None:
        """Ask one slice more; its columns may be of other types than before."""
        self._rows += len(rows.column(EXCLUDED))  # an absent column is all null: there is one always
        columns = [rows.column(name) for name in self._columns]
        if len(columns) == 1 and isinstance(columns[0].dtype, pl.Categorical):
            self._add_coded(columns[0].to_physical(), columns[0].dtype.categories.to_series())
            return
        frame = positional(columns)
        found = frame.select(each.sum() for each in self._expressions(frame.dtypes)).row(0)
        self._counts += np.reshape(found, (-1, 2)).astype(np.int64)

    def _add_coded(self, codes: pl.Series, known: pl.Series) -> None:
        """Ask each known value once, and count its rows."""
        counts = np.bincount(codes.drop_nulls().to_numpy(), minlength=len(known))
        values = positional([known.extend_constant(None, 1)])
        holds = values.select(self._expressions(values.dtypes)).to_numpy().astype(np.int64)
        self._counts += (np.append(counts, codes.null_count()) @ holds).reshape(-1, 2)

    def _expressions(self, dtypes: Sequence[pl.DataType]) -> list[pl.Expr]:
        """For each need whether a row is ignored, and whether it is unexpected."""
        key = tuple(dtypes)
        if key not in self._asked:
            pairs = [conditions_of(question, dtypes) for question in self._questions.values()]
            each = (expression for pair in pairs for expression in pair)
            self._asked[key] = [expression.alias(str(place)) for place, expression in enumerate(each)]
        return self._asked[key]

    def states(self) -> dict[Need, State]:
        """What was found over all slices so far."""
        found = zip(self._questions, self._counts.tolist(), strict=True)
        return {need: pl.DataFrame([(self._rows, *counts)], schema=_SCHEMA, orient="row") for need, counts in found}


def partial(rows: Readable, need: Need) -> State:
    """Ask one need of all the rows."""
    gathered = Gathered([need])
    gathered.add(rows_of(rows))
    return gathered.states()[need]


def merge(states: Sequence[State]) -> State:
    """Sum each count."""
    return pl.concat(states).sum()


def finish(state: State) -> Conditions:
    """The counts as numbers."""
    return Conditions(*state.row(0))
