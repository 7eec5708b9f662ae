"""Rows by group, version, prediction, label and score: what calibration, AUC and concept drift are computed from.

The score's cells are those of a nested dyadic grid (`grid`) at one shift for the whole state: the finest with at most
65,536 lines in all. Rows without a finite score are not here; `counts` knows how many.

State: the group columns (String, null kept), `@version` (String), `@prediction`, `@label` (Int8), `@shift` (Int8, one
value), `@cell`, `@count` (Int64), `@min`, `@max` (Float64) of the line's scores, in the order of the keys, null first.
Where groups, versions, predictions and labels alone (a group with scores of both signs is two) are more than 65,536,
they are people: the state then is one line whose `@count` is null, and stays so whatever is merged into it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from retroaudit.faults import BadInput, Fault
from retroaudit.measures.grid import keys as float_keys
from retroaudit.measures.measure import LABEL, PREDICTION, VERSION, State
from retroaudit.measures.nested import finest_shift
from retroaudit.measures.values import Readable, floats, read, text

CAP = 65_536
_LINE = ("@shift", "@cell", "@count", "@min", "@max")  # no column of a user's file starts with "@"
_NAMES = ("shift", "cell", "count", "min", "max")
_KEYS = (VERSION, PREDICTION, LABEL)
_NONE = 64  # no shift leaves few enough lines


def partial(rows: Readable, columns: tuple[str, ...], *, cap: int = CAP) -> State:
    """Count rows by group columns, version, prediction, label and score cell; the first of `columns` is the score.

    Raises `BadInput` for a group column called `shift`, `cell`, `count`, `min` or `max`.
    """
    for name in columns[1:]:
        if name in _NAMES:
            raise BadInput(Fault("a group column", f'the name "{name}"', "another name", "Rename it in the archive."))
    score, *groups = read(rows, (*columns, VERSION, PREDICTION, LABEL))
    score = floats(score)
    there = score.is_finite().fill_null(value=False)
    value = score.filter(there).to_numpy() + 0.0  # which makes 0.0 of -0.0
    lines = _unnamed([each.filter(there) for each in groups])
    lines = lines.with_columns(
        pl.Series("cell", float_keys(value)), pl.lit(1, pl.Int64).alias("count"), pl.Series("min", value), max=value
    )
    names = (*columns[1:], *_KEYS)
    shift = min(_finest(_told(lines.gather_every(max(1, len(lines) // (2 * cap)))), cap), _NONE - 1)
    return _within(_told(_summed(_coarser(lines, shift))), shift, names, cap)


def merge(states: Sequence[State], *, cap: int = CAP) -> State:
    """Unite lines at the coarsest shift among the states, then coarsen to at most `cap` of them."""
    lines = pl.concat(states)
    names = tuple(lines.columns[: -len(_LINE)])
    shift = int(lines["@shift"].to_numpy().max(initial=0)) if not lines["@count"].has_nulls() else _NONE
    if shift == _NONE:
        return _too_many(lines)
    keyed = _unnamed(lines.get_columns()[: len(names)])
    rest = lines.select(_LINE[1:]).rename(lambda name: name[1:])
    cell = rest["cell"].to_numpy() >> (shift - lines["@shift"].to_numpy().astype(np.int64))
    return _within(keyed.hstack(rest.with_columns(pl.Series("cell", cell))), shift, names, cap)


def finish(state: State) -> pl.DataFrame | None:
    """The lines, with columns `shift`, `cell`, `count`, `min` and `max`; None where they were too many to keep."""
    if state["@count"].has_nulls():
        return None
    return state.rename({name: name[1:] for name in _LINE})


def _within(lines: pl.DataFrame, shift: int, names: Sequence[str], cap: int) -> State:
    """Coarsen lines of one shift to at most `cap`."""
    lines = _summed(lines)
    more = _finest(lines, cap)
    state = _summed(_coarser(lines, min(more, _NONE - 1)))
    state = state.sort(state.columns[:-3])
    state.insert_column(len(names), pl.repeat(min(shift + more, _NONE - 1), len(state), dtype=pl.Int8, eager=True))
    named = pl.DataFrame(dict(zip((*names, *_LINE), state.get_columns(), strict=True)))
    return named if more < _NONE else _too_many(named)


def _finest(lines: pl.DataFrame, cap: int) -> int:
    """The least shift at which at most `cap` lines are left of these; `_NONE` where there is none."""
    groups = lines.columns[:-4]
    ordered = lines.select(*groups, "cell").sort(*groups, "cell")
    new = ordered.select(pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in groups))
    return finest_shift(ordered["cell"].to_numpy(), cap, new.to_series().cum_sum().to_numpy())


def _coarser(lines: pl.DataFrame, more: int) -> pl.DataFrame:
    return lines.with_columns(pl.Series("cell", lines["cell"].to_numpy() >> more))


def _told(lines: pl.DataFrame) -> pl.DataFrame:
    """The same lines with groups and version as text, prediction and label as Int8; equal keys may then repeat."""
    *groups, prediction, label = lines.columns[:-4]
    texts = [text(lines[name]).alias(name) for name in groups]
    return lines.with_columns(*texts, lines[prediction].cast(pl.Int8), lines[label].cast(pl.Int8))


def _summed(lines: pl.DataFrame) -> pl.DataFrame:
    sums = (pl.col("count").sum(), pl.col("min").min(), pl.col("max").max())
    return lines.group_by(lines.columns[:-3]).agg(*sums)


def _too_many(state: State) -> State:
    return state.clear(1)


def _unnamed(columns: Sequence[pl.Series]) -> pl.DataFrame:
    """Columns named by their places, since a group may be called `*`, which an expression would expand."""
    return pl.DataFrame({str(place): column for place, column in enumerate(columns)})
