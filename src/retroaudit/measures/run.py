"""Measuring a partition slice by slice, so that memory is bounded by two slices and the states."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby

import polars as pl

from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import EXCLUDED, Need, State
from retroaudit.measures.values import Rows

_HELD = 8  # states of slices that wait to be merged with what came before
_Held = dict[Need, list[State]]


def measure(slices: Iterable[pl.DataFrame], needs: Iterable[Need], *, threads: int | None = None) -> dict[Need, State]:
    """The state of every need over all slices together, in the needs' order.

    `rows` sees every row, the others those whose `@excluded` is null (or absent). A column that a slice does not have
    counts as all null there. Slices may be cut anywhere and come in any order; without any, states are of no rows.
    A slice is taken while the one before is measured, on `threads` threads (None: one a core), which changes no bit.
    """
    wanted = sorted(set(needs), key=lambda need: (need.columns, need.measure))
    groups = [tuple(group) for _, group in groupby(wanted, key=lambda need: need.columns)]
    held: _Held = {need: [] for need in wanted}
    _add(pl.DataFrame(schema={EXCLUDED: pl.String}), wanted, held)
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        jobs: list[Future[None]] = []
        for frame in slices:
            for job in jobs:
                job.result()
            jobs = [pool.submit(_add, frame, group, held) for group in groups]
        for job in jobs:
            job.result()
        merged = pool.map(_merged, sorted(wanted), (held[need] for need in sorted(wanted)))
        return dict(zip(sorted(wanted), merged, strict=True))


def _add(frame: pl.DataFrame, needs: Sequence[Need], held: _Held) -> None:
    """Hold the states of one slice, of needs of the same columns; they share what is made of a column."""
    counted = frame[EXCLUDED].is_null() if EXCLUDED in frame.columns else None
    everything = Rows(frame)
    rows = everything if counted is None or counted.all() else Rows(frame, counted)
    for need in needs:
        state = MEASURES[need.measure].partial(everything if need.measure == "rows" else rows, need.columns)
        held[need].append(state)
        if len(held[need]) > _HELD:
            held[need] = [_merged(need, held[need])]


def _merged(need: Need, states: Sequence[State]) -> State:
    return MEASURES[need.measure].merge(states)
