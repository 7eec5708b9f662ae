"""Measuring a partition slice by slice, so that memory is bounded by a slice and the states."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import EXCLUDED, Need, State


def measure(slices: Iterable[pl.DataFrame], needs: Iterable[Need]) -> dict[Need, State]:
    """The state of every need over all slices together, in the needs' order.

    `rows` sees every row, the others those whose `@excluded` is null (or absent). A column that a slice does not have
    counts as all null there. Slices may be cut anywhere and come in any order; without any, states are of no rows.
    """
    states = _states(pl.DataFrame({EXCLUDED: []}, schema={EXCLUDED: pl.String}), sorted(set(needs)))
    for rows in slices:
        partials = _states(rows, states)
        states = {need: MEASURES[need.measure].merge((states[need], partials[need])) for need in states}
    return states


def _states(rows: pl.DataFrame, needs: Iterable[Need]) -> dict[Need, State]:
    everything = rows.lazy()
    counted = rows.filter(pl.col(EXCLUDED).is_null()).lazy() if EXCLUDED in rows.columns else everything
    return {
        need: MEASURES[need.measure].partial(everything if need.measure == "rows" else counted, need.columns)
        for need in needs
    }
