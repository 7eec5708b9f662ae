"""Measuring a partition slice by slice, so that memory is bounded by two slices and the states."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby

import polars as pl

from retroaudit.measures import conditions, counts, grid, moments
from retroaudit.measures.all import MEASURES
from retroaudit.measures.distinct import Occurrences
from retroaudit.measures.gathering import Gathering
from retroaudit.measures.measure import EXCLUDED, Need, State
from retroaudit.measures.numeric import Numeric
from retroaudit.measures.values import Rows
from retroaudit.measures.where import mask

_OF_NUMERIC: Mapping[str, Callable[[Numeric], State]] = {
    "counts": counts.of,
    "grid": grid.of,
    "moments": moments.of,
}
_HELD = 8  # states of slices that wait to be merged with what came before


def measure(slices: Iterable[pl.DataFrame], needs: Iterable[Need], *, threads: int | None = None) -> dict[Need, State]:
    """The state of every need over all slices together, in the needs' order.

    `rows` sees every row, the others those whose `@excluded` is null (or absent) and where the need's `where` holds.
    A column that a slice does not have counts as all null there. Slices may be cut anywhere and come in any order;
    without any, states are of no rows. A slice is taken while the one before is measured, on `threads` threads (None:
    one a core), which changes no bit.
    """
    wanted = sorted(set(needs))
    asked = sorted(wanted, key=_asked)
    groups = [_Group(tuple(group)) for _, group in groupby(asked, key=_asked)]
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        jobs: list[Future[None]] = []
        for frame in slices:
            for job in jobs:
                job.result()
            counted = _counted(frame)
            jobs = [pool.submit(each.add, frame, counted) for each in groups]
        for job in jobs:
            job.result()
        found = {need: state for states in pool.map(_Group.states, groups) for need, state in states.items()}
    return {need: found[need] for need in wanted}


def _asked(need: Need) -> tuple[tuple[str, ...], str, bool]:
    """What needs share that are measured together: their columns, and which rows they are asked of."""
    return need.columns, need.where, need.measure == "rows"


def _counted(frame: pl.DataFrame) -> pl.Series | None:
    """Which rows of a slice count; None: all of them."""
    if EXCLUDED not in frame.columns or frame[EXCLUDED].null_count() == frame.height:
        return None
    return frame[EXCLUDED].is_null()


class _Group:
    """What is asked of the same columns and rows: these are filtered once, and every gathering sees them."""

    def __init__(self, needs: Sequence[Need]) -> None:
        _, self._where, self._everything = _asked(needs[0])
        by_maker: dict[Callable[[Sequence[Need]], Gathering], list[Need]] = {}
        for need in needs:
            by_maker.setdefault(_GATHERINGS.get(need.measure, _Merged), []).append(need)
        self._gatherings = [make(group) for make, group in by_maker.items()]
        self.add(pl.DataFrame(schema={EXCLUDED: pl.String}), None)

    def add(self, frame: pl.DataFrame, counted: pl.Series | None) -> None:
        """Measure one slice more; of all its rows, or those that are `counted`."""
        asked = None if self._everything else counted
        if self._where:
            holds = mask(Rows(frame), self._where)
            asked = holds if asked is None else holds & asked
        rows = Rows(frame, asked)
        for gathering in self._gatherings:
            gathering.add(rows)

    def states(self) -> dict[Need, State]:
        """The states of all slices so far."""
        return {need: state for gathering in self._gatherings for need, state in gathering.states().items()}


class _OneColumn:
    """Gathers what `Numeric` finds in one pass."""

    def __init__(self, needs: Sequence[Need]) -> None:
        self._needs = needs
        (self._column,) = needs[0].columns
        self._numeric = Numeric()

    def add(self, rows: Rows) -> None:
        self._numeric.add(rows.column(self._column))

    def states(self) -> dict[Need, State]:
        return {need: _OF_NUMERIC[need.measure](self._numeric) for need in self._needs}


class _Merged:
    """Gathers any measures, state by state."""

    def __init__(self, needs: Sequence[Need]) -> None:
        self._held: dict[Need, list[State]] = {need: [] for need in needs}

    def add(self, rows: Rows) -> None:
        for need, states in self._held.items():
            states.append(MEASURES[need.measure].partial(rows, need))
            if len(states) > _HELD:
                self._held[need] = [MEASURES[need.measure].merge(states)]

    def states(self) -> dict[Need, State]:
        return {need: MEASURES[need.measure].merge(states) for need, states in self._held.items()}


_GATHERINGS: Mapping[str, Callable[[Sequence[Need]], Gathering]] = {
    **dict.fromkeys(_OF_NUMERIC, _OneColumn),
    **dict.fromkeys(("hashes", "distinct"), Occurrences),
    "conditions": conditions.Gathered,
}
"""By measure; the others are measured slice by slice and merged."""
