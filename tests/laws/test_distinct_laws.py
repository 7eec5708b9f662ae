"""Law 1 for what is told apart: hashes and extremes merge like every measure; a window's `distinct` knows no parts."""

from collections.abc import Sequence
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.measures import distinct
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import EXCLUDED, Need, State
from retroaudit.measures.run import measure
from retroaudit.measures.store import digest

TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "b", "1", "<script>", "x" * 1001]), st.text(max_size=3))
NUMBERS = st.one_of(st.none(), st.sampled_from([float("nan"), -0.0, 0.0, 1.0]), st.floats())
ROWS = st.lists(st.tuples(TEXTS, NUMBERS, st.sampled_from([None, None, "late"])), max_size=12)
FRAMES = ROWS.map(lambda rows: pl.DataFrame(rows, {"*": pl.String, "x": pl.Float64, EXCLUDED: pl.String}, orient="row"))
NEVER, WHERE = '{"ignore_row_if":"never"}', '{"column":"x","operator":">=","value":0}'
NEEDS = (
    Need("hashes", ("*",)),
    Need("hashes", ("x",), where=WHERE),
    Need("hashes", ("*", "x"), NEVER),
    Need("extremes", ("*",)),
)
LAW = settings(max_examples=25, deadline=None)


def of(frame: pl.DataFrame, need: Need) -> State:
    return measure([frame], [need])[need]


def pieces(frame: pl.DataFrame, data: st.DataObject) -> Sequence[pl.DataFrame]:
    """The rows in another order, cut anywhere."""
    cuts = data.draw(st.lists(st.integers(0, len(frame)), max_size=4))
    shuffled = frame[data.draw(st.permutations(range(len(frame))))]
    return [shuffled[start:end] for start, end in pairwise(sorted({0, len(frame), *cuts}))] or [shuffled]


@pytest.mark.parametrize("need", NEEDS, ids=str)
@LAW
@given(a=FRAMES, b=FRAMES, c=FRAMES)
def test_merging_is_associative_and_commutative_with_an_identity(
    need: Need, a: pl.DataFrame, b: pl.DataFrame, c: pl.DataFrame
) -> None:
    merge = MEASURES[need.measure].merge
    x, y, z, nothing = (of(frame, need) for frame in (a, b, c, a.clear()))
    together = digest(merge([x, y, z]))
    assert digest(merge([merge([y, x]), z])) == together
    assert digest(merge([x, merge([z, y])])) == together
    assert digest(merge([nothing, x])) == digest(x) == digest(merge([x]))


@pytest.mark.parametrize("need", NEEDS, ids=str)
@LAW
@given(frame=FRAMES, data=st.data())
def test_neither_files_nor_the_order_of_rows_show(need: Need, frame: pl.DataFrame, data: st.DataObject) -> None:
    parts = pieces(frame, data)
    whole = digest(of(frame, need))
    assert digest(MEASURES[need.measure].merge([of(part, need) for part in parts])) == whole
    assert digest(measure(parts, [need])[need]) == whole


@LAW
@given(frame=FRAMES, data=st.data(), fit=st.integers(1, 20))
def test_a_window_of_parts_is_one_of_its_rows(
    frame: pl.DataFrame, data: st.DataObject, fit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hashes, counted = Need("hashes", ("*",)), Need("distinct", ("*",))
    parts = [of(part, hashes) for part in pieces(frame, data)]
    reduced = distinct.reduce(parts, tmp_path_factory.getbasetemp(), fit=fit)
    assert digest(reduced) == digest(of(frame, counted)) == digest(distinct.of(of(frame, hashes)))
