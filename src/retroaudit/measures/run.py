"""Measuring a partition slice by slice, so that memory is bounded by two slices and the states."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby

import polars as pl

from retroaudit.measures import counts, grid, moments
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import EXCLUDED, Need, State
from retroaudit.measures.numeric import Numeric
from retroaudit.measures.values import Rows

_OF_NUMERIC: Mapping[str, Callable[[Numeric], State]] = {
    "counts": counts.of,
    "grid": grid.of,
    "moments": moments.of,
}
_HELD = 8  # states of slices that wait to be merged with what came before


def measure(slices: Iterable[pl.DataFrame], needs: Iterable[Need], *, threads: int | None = None) -> dict[Need, State]:
    """The state of every need over all slices together, in the needs' order.

    `rows` sees every row, the others those whose `@excluded` is null (or absent). A column that a slice does not have
    counts as all null there. Slices may be cut anywhere and come in any order; without any, states are of no rows.
    A slice is taken while the one before is measured, on `threads` threads (None: one a core), which changes no bit.
    """
    wanted = sorted(set(needs))
    by_columns = sorted(wanted, key=lambda need: need.columns)
    columns = [_Columns(tuple(group)) for _, group in groupby(by_columns, key=lambda need: need.columns)]
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        jobs: list[Future[None]] = []
        for frame in slices:
            for job in jobs:
                job.result()
            counted = _counted(frame)
            jobs = [pool.submit(each.add, frame, counted) for each in columns]
        for job in jobs:
            job.result()
        found = {need: state for states in pool.map(_Columns.states, columns) for need, state in states.items()}
    return {need: found[need] for need in wanted}


def _counted(frame: pl.DataFrame) -> pl.Series | None:
    """Which rows of a slice count; None: all of them."""
    if EXCLUDED not in frame.columns or frame[EXCLUDED].null_count() == frame.height:
        return None
    return frame[EXCLUDED].is_null()


class _Columns:
    """What is measured of the same columns: in one pass what `Numeric` gathers, the rest state by state."""

    def __init__(self, needs: Sequence[Need]) -> None:
        self._of_numeric = [need for need in needs if need.measure in _OF_NUMERIC]
        self._held: dict[Need, list[State]] = {need: [] for need in needs if need.measure not in _OF_NUMERIC}
        self._numeric = Numeric()
        self.add(pl.DataFrame(schema={EXCLUDED: pl.String}), None)

    def add(self, frame: pl.DataFrame, counted: pl.Series | None) -> None:
        """Measure one slice more; of all its rows, or those that are `counted`."""
        everything, rows = Rows(frame), Rows(frame, counted)
        for need in self._of_numeric[:1]:
            (column,) = need.columns
            self._numeric.add(rows.column(column))
        for need, states in self._held.items():
            states.append(MEASURES[need.measure].partial(everything if need.measure == "rows" else rows, need))
            if len(states) > _HELD:
                self._held[need] = [_merged(need, states)]

    def states(self) -> dict[Need, State]:
        """The states of all slices so far."""
        numeric = {need: _OF_NUMERIC[need.measure](self._numeric) for need in self._of_numeric}
        return numeric | {need: _merged(need, states) for need, states in self._held.items()}


def _merged(need: Need, states: Sequence[State]) -> State:
    return MEASURES[need.measure].merge(states)
