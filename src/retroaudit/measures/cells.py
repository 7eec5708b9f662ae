"""Rows by group, version, prediction and label: what fairness and performance are computed from.

State: the group columns (String, null kept), `@version` (String), `@prediction`, `@label` (Int8), `@count` (Int64), in
the order of the keys, null first. More than 65,536 cells are no groups any more but people: the state then is one
line whose `@count` is null, and stays so whatever is merged into it.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from retroaudit.faults import BadInput, Fault
from retroaudit.measures.measure import LABEL, PREDICTION, VERSION, State
from retroaudit.measures.values import Readable, read, text

CAP = 65_536
_COUNT = "@count"  # no column of a user's file starts with "@"


def partial(rows: Readable, columns: tuple[str, ...], *, cap: int = CAP) -> State:
    """Count rows by the group columns (none is allowed: all rows are one group), version, prediction and label.

    Raises `BadInput` for a group column called `count`, which the table of cells has of its own.
    """
    if "count" in columns:
        raise BadInput(Fault("a group column", 'the name "count"', "another name", "Rename the column in the archive."))
    keys = (*columns, VERSION, PREDICTION, LABEL)
    distinct = _unnamed(read(rows, keys))
    distinct = distinct.group_by(pl.all()).agg(pl.len().cast(pl.Int64).alias(_COUNT))
    texts = [text(distinct[str(place)]) for place in range(len(columns) + 1)]
    numbers = distinct.select(pl.col(str(place)).cast(pl.Int8) for place in range(len(columns) + 1, len(keys)))
    return _within([*texts, *numbers, distinct[_COUNT]], keys, cap)


def merge(states: Sequence[State], *, cap: int = CAP) -> State:
    """Sum counts by cell; too many in one state, or in all together, are too many."""
    lines = pl.concat(states)
    return _within(lines.get_columns(), lines.columns[:-1], cap)


def finish(state: State) -> pl.DataFrame | None:
    """The cells with their number in a column `count`, or None where they were too many to keep."""
    if state[_COUNT].has_nulls():
        return None
    return state.rename({_COUNT: "count"})


def _within(columns: Sequence[pl.Series], keys: Sequence[str], cap: int) -> State:
    """Sum equal cells; one line of nulls where there are more than `cap`, or too many were already."""
    lines = _unnamed(columns)
    places = lines.columns[:-1]
    count = pl.col(lines.columns[-1])
    state = lines.group_by(places).agg(count.sum()).sort(places)
    if len(state) > cap or columns[-1].has_nulls():
        state = state.clear(1)
    return pl.DataFrame(dict(zip((*keys, _COUNT), state.get_columns(), strict=True)))


def _unnamed(columns: Sequence[pl.Series]) -> pl.DataFrame:
    """Columns named by their places, since a group may be called `*`, which an expression would expand."""
    return pl.DataFrame({str(place): column for place, column in enumerate(columns)})
