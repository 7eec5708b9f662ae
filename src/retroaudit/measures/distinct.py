"""How many values occur how often: what is left of `hashes` (`occurrences`) once values need not be told apart again.

State: `count` (Int64, ascending: how often a value occurs), `values` (Int64: how many values occur that often). It is
small whatever the rows are, and does not merge: the same value may be among two partitions. A window's is made of the
partitions' `hashes` by `reduce`, in bounded memory.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from retroaudit.measures.measure import Need, State
from retroaudit.measures.occurrences import Lines, Runs, lines_of, lines_of_rows, state_of, united
from retroaudit.measures.values import Readable, Rows, rows_of

FIT = 2**20  # lines that are gathered in memory
_PIECE = 2**16  # lines that are counted at once
_PREFIX = 12  # leading bits of a hash: what a piece has in common, or several pieces' worth
_LINE = 24  # bytes


@dataclass(frozen=True)
class Distinct:
    """Rows that have a value, how many different values they have, and how many of these occur once."""

    rows: int
    distinct: int
    unique: int


class Tally:
    """Counts how many values occur how often, among lines that are added in any order, in bounded memory.

    Beyond `fit` lines, they are written to a file below `spool` (by default the system's directory for such) that has
    no name. At the end, hashes are counted range by range: a range is of about 65,000 lines, at least of 1/4096 of all.
    Memory is bounded by what is added at once, by about twice `fit` lines of 24 bytes, and by a range's.
    """

    def __init__(self, spool: Path | None = None, fit: int = FIT) -> None:
        self._spool, self._fit = spool, fit
        self._held = Runs()
        self._file: int | None = None
        self._ends: list[NDArray[np.int64]] = []  # of each range of each run, in lines of the file

    def add(self, lines: Lines) -> None:
        """Take lines more, of hashes that may have come before."""
        self._held.add(lines)
        if len(self._held) > self._fit:
            self._spill()

    def state(self) -> State:
        """The `distinct` state of all lines."""
        if self._file is None:
            return _state(self._held.whole())
        self._spill()
        parts = [
            _state(united(np.concatenate(piece))) for piece in self._pieces(np.column_stack(self._ends), self._file)
        ]
        return pl.concat(parts).group_by("count").agg(pl.col("values").sum()).sort("count")

    def _spill(self) -> None:
        if self._file is None:
            self._file, path = tempfile.mkstemp(dir=self._spool)
            weakref.finalize(self, os.close, self._file)
            Path(path).unlink()
        lines, self._held = self._held.whole(), Runs()
        start = self._ends[-1][-1] if self._ends else 0
        firsts = np.arange(1, 2**_PREFIX, dtype=np.uint64) << np.uint64(64 - _PREFIX)
        self._ends.append(start + np.concatenate([[0], np.searchsorted(lines[:, 0], firsts), [len(lines)]]))
        data = lines.ravel().view(np.uint8).data
        while len(data):
            data = data[os.write(self._file, data) :]

    @staticmethod
    def _pieces(ends: NDArray[np.int64], file: int) -> Iterator[list[Lines]]:
        """The lines of each range of hashes, run by run."""
        total = (ends - ends[0]).sum(axis=1)
        first = 0
        while first < len(ends) - 1:
            last = max(first + 1, int(np.searchsorted(total, total[first] + _PIECE, "right")) - 1)
            yield [_read(file, *run) for run in zip(ends[first].tolist(), ends[last].tolist(), strict=True)]
            first = last


class Occurrences:
    """Gathers `hashes` and `distinct` of the same columns: each value is hashed once for both.

    Where only `distinct` is asked for, memory is bounded (`Tally`).
    """

    def __init__(self, needs: Sequence[Need]) -> None:
        self._needs = needs
        self._columns = needs[0].columns
        kept = {need.question for need in needs if need.measure == "hashes"}
        self._gathered = {need.question: Runs() if need.question in kept else Tally() for need in needs}

    def add(self, rows: Rows) -> None:
        """Take one slice more."""
        for question, gathered in self._gathered.items():
            gathered.add(lines_of_rows(rows, self._columns, question))

    def states(self) -> dict[Need, State]:
        """The state of every need over all slices so far."""
        return {need: self._state(need, self._gathered[need.question]) for need in self._needs}

    @staticmethod
    def _state(need: Need, gathered: Runs | Tally) -> State:
        if isinstance(gathered, Tally):
            return gathered.state()
        return state_of(gathered.whole()) if need.measure == "hashes" else _state(gathered.whole())


def partial(rows: Readable, need: Need) -> State:
    """How many values of the need's columns occur how often."""
    return _state(lines_of_rows(rows_of(rows), need.columns, need.question))


def of(hashes: State) -> State:
    """What is left of one state of hashes."""
    return _state(lines_of(hashes))


def merge(states: Sequence[State]) -> State:
    """Only where at most one of the states has lines, else raises `ValueError`: `reduce` merges hashes instead."""
    first, *others = sorted(states, key=len, reverse=True)
    if any(map(len, others)):
        raise ValueError("how many values occur how often does not merge; their hashes do")
    return first


def reduce(hashes: Iterable[State], spool: Path, *, fit: int = FIT) -> State:
    """The `distinct` state of all these states of hashes together, whatever their order; they are taken one by one.

    Memory is bounded as `Tally` says; the disk below `spool` takes 24 bytes a line of all parts.
    """
    tally = Tally(spool, fit)
    for state in hashes:
        tally.add(lines_of(state))
    return tally.state()


def finish(state: State) -> Distinct:
    """The counts as numbers."""
    count, values = state["count"], state["values"]
    return Distinct(int((count * values).sum()), int(values.sum()), int(values.filter(count == 1).sum()))


def _read(file: int, start: int, end: int) -> Lines:
    data = os.pread(file, (end - start) * _LINE, start * _LINE)
    return np.frombuffer(data, np.uint64).reshape(-1, 3)


def _state(lines: Lines) -> State:
    count, values = np.unique(lines[:, 2], return_counts=True)
    return pl.DataFrame({"count": count.astype(np.int64), "values": values.astype(np.int64)})
