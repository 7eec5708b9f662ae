"""Law 1: merging states is associative and commutative, has an identity, and knows nothing of files, order or threads.

States are compared by `digest`: names, types and every bit of every value.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import retroaudit
from retroaudit.measures import categories, cells, counts, grid, moments, rows, scores
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import EXCLUDED, LABEL, PREDICTION, VERSION, Need, State
from retroaudit.measures.run import measure
from retroaudit.measures.store import digest
from retroaudit.measures.values import Readable


@dataclass(frozen=True)
class Case:
    """A measure on columns of `SCHEMA`; some with a cap so small that a handful of rows exceeds it."""

    partial: Callable[[Readable, tuple[str, ...]], State]
    merge: Callable[[Sequence[State]], State]
    columns: tuple[str, ...] = ()

    def of(self, frame: pl.DataFrame) -> State:
        return self.partial(frame, self.columns)


CASES = {
    "rows": Case(rows.partial, rows.merge),
    "counts": Case(counts.partial, counts.merge, ("x",)),
    "grid": Case(grid.partial, grid.merge, ("x",)),
    "grid of integers": Case(grid.partial, grid.merge, ("i",)),
    "grid, cap 2": Case(partial(grid.partial, cap=2), partial(grid.merge, cap=2), ("x",)),
    "grid, cap 5": Case(partial(grid.partial, cap=5), partial(grid.merge, cap=5), ("x",)),
    "moments": Case(moments.partial, moments.merge, ("x",)),
    "moments of integers": Case(moments.partial, moments.merge, ("i",)),
    "categories": Case(categories.partial, categories.merge, ("s",)),
    "categories of floats": Case(categories.partial, categories.merge, ("x",)),
    "categories, cap 2": Case(partial(categories.partial, cap=2), partial(categories.merge, cap=2), ("s",)),
    "categories, cap 4": Case(partial(categories.partial, cap=4), partial(categories.merge, cap=4), ("s",)),
    "cells": Case(cells.partial, cells.merge, ("s", "i")),
    "cells, no group": Case(cells.partial, cells.merge),
    "cells, cap 6": Case(partial(cells.partial, cap=6), partial(cells.merge, cap=6), ("s",)),
    "scores": Case(scores.partial, scores.merge, ("x", "s")),
    "scores of integers, no group": Case(scores.partial, scores.merge, ("i",)),
    "scores, cap 7": Case(partial(scores.partial, cap=7), partial(scores.merge, cap=7), ("x",)),
    "scores, cap 3": Case(partial(scores.partial, cap=3), partial(scores.merge, cap=3), ("x", "s")),
}
SCHEMA = {
    "x": pl.Float64,
    "i": pl.Int64,
    "s": pl.String,
    EXCLUDED: pl.String,
    VERSION: pl.String,
    PREDICTION: pl.Int8,
    LABEL: pl.Int8,
}
NAN, INF = float("nan"), float("inf")
FLOATS = st.sampled_from([NAN, INF, -INF, 0.0, -0.0, 5e-324, -5e-324, 2.2e-308, 1e308, -1e308, 0.1, -0.1, 1.0, -1.0])
INTEGERS = st.sampled_from([0, 1, -1, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)])
TEXTS = st.sampled_from(["", "a", "b", "A", "<script>", "'\"\n\r\x00", "é", "é", "x" * 1001, "x" * 1001 + "y"])
BINARY = st.sampled_from([0, 1, None])
ROWS = st.tuples(
    st.one_of(st.none(), FLOATS, st.floats()),
    st.one_of(st.none(), INTEGERS, st.integers(-(2**63), 2**63 - 1)),
    st.one_of(st.none(), TEXTS, st.text()),
    st.sampled_from([None, None, "outside_partition", "score_domain"]),
    st.sampled_from(["1.4.0", "1.5.0", None]),
    BINARY,
    BINARY,
)
FRAMES = st.lists(ROWS, max_size=12).map(lambda lines: pl.DataFrame(lines, schema=SCHEMA, orient="row"))
LAW = settings(max_examples=15, deadline=None)
EVERY_CASE = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def test_every_measure_is_under_the_laws() -> None:
    elsewhere = {"conditions", "distinct", "extremes", "hashes"}  # test_conditions.py, test_distinct_laws.py
    assert {name.partition(" ")[0].rstrip(",") for name in CASES} == set(MEASURES) - elsewhere


@EVERY_CASE
@LAW
@given(a=FRAMES, b=FRAMES)
def test_commutative(case: Case, a: pl.DataFrame, b: pl.DataFrame) -> None:
    assert digest(case.merge([case.of(a), case.of(b)])) == digest(case.merge([case.of(b), case.of(a)]))


@EVERY_CASE
@LAW
@given(a=FRAMES, b=FRAMES, c=FRAMES)
def test_associative(case: Case, a: pl.DataFrame, b: pl.DataFrame, c: pl.DataFrame) -> None:
    x, y, z = case.of(a), case.of(b), case.of(c)
    together = digest(case.merge([x, y, z]))
    assert digest(case.merge([case.merge([x, y]), z])) == together
    assert digest(case.merge([x, case.merge([y, z])])) == together


@EVERY_CASE
@LAW
@given(a=FRAMES)
def test_identity(case: Case, a: pl.DataFrame) -> None:
    state, nothing = case.of(a), case.of(a.clear())
    assert digest(case.merge([state])) == digest(state)
    assert digest(case.merge([state, nothing])) == digest(state)
    assert digest(case.of(pl.DataFrame())) == digest(nothing)


@EVERY_CASE
@LAW
@given(a=FRAMES, data=st.data())
def test_independent_of_files_and_of_the_order_of_rows(case: Case, a: pl.DataFrame, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(a))))
    cuts = sorted({0, len(a), *data.draw(st.lists(st.integers(0, len(a)), max_size=4))})
    shuffled = a[order]
    files = [shuffled[start:end] for start, end in pairwise(cuts)] or [shuffled]
    assert digest(case.merge([case.of(file) for file in files])) == digest(case.of(a))


THREADS = """
import numpy as np, polars as pl
from retroaudit.measures.measure import Need
from retroaudit.measures.run import measure
from retroaudit.measures.store import digest
seed = np.random.default_rng(1)
frame = pl.DataFrame({"x": seed.normal(size=60_000), "s": seed.integers(0, 30_000, 60_000),
                      "@prediction": seed.integers(0, 2, 60_000), "@excluded": [None] * 59_000 + ["late"] * 1_000})
needs = [Need("rows"), Need("cells", ("s",)), Need("scores", ("x",)),
         *(Need(m, ("x",)) for m in ("counts", "grid", "moments", "categories"))]
for threads in (1, 2, 8):
    print(*(digest(state) for state in measure(frame.iter_slices(7_000), needs, threads=threads).values()))
"""


def test_independent_of_threads() -> None:
    source = str(Path(retroaudit.__file__).parents[1])
    answers = {
        subprocess.run(
            [sys.executable, "-c", THREADS],
            env={**os.environ, "POLARS_MAX_THREADS": threads, "PYTHONPATH": source},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for threads in ("1", "3")
    }
    assert len(answers) == 1
    one, two, eight = answers.pop().splitlines()
    assert one == two == eight
    assert len(set(one.split())) == 7


@LAW
@given(a=FRAMES, width=st.integers(1, 12))
def test_measuring_slice_by_slice_is_measuring_at_once(a: pl.DataFrame, width: int) -> None:
    needs = [Need("rows"), Need("cells", ("s",)), Need("grid", ("x",)), Need("moments", ("i",)), Need("counts", ("x",))]
    at_once, in_slices = measure([a], needs), measure(a.iter_slices(width), needs)
    assert list(at_once) == list(in_slices) == sorted(needs)
    assert [digest(at_once[need]) for need in needs] == [digest(in_slices[need]) for need in needs]
