"""The least and the greatest text."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.measures import extremes
from retroaudit.measures.extremes import Extremes
from retroaudit.measures.measure import State

TEXTS = st.lists(st.one_of(st.none(), st.text()), max_size=20)


def state_of(values: pl.Series) -> State:
    return extremes.partial(values.to_frame("*"), ("*",))


@given(TEXTS, st.sampled_from([pl.String, pl.Categorical]))
def test_ends_are_those_of_pythons_order(texts: list[str | None], kind: pl.DataType) -> None:
    present = [text for text in texts if text is not None]
    found = extremes.finish(state_of(pl.Series(texts, dtype=pl.String).cast(kind)))
    assert found == Extremes(min(present, default=None), max(present, default=None))


@given(TEXTS, TEXTS)
def test_merging_is_of_all_rows(a: list[str | None], b: list[str | None]) -> None:
    states = [state_of(pl.Series(texts, dtype=pl.String)) for texts in (a, b, [*a, *b])]
    assert extremes.merge(states[:2]).equals(states[2])


def test_of_long_texts_the_start_is_kept() -> None:
    found = extremes.finish(state_of(pl.Series(["é" * 2_000 + "a", "é" * 2_000 + "b"])))
    assert found == Extremes("é" * 1_000, "é" * 1_000)


@pytest.mark.parametrize("values", [[1, 2], [None, None], [["a"]], []])
def test_what_is_no_text_has_no_ends(values: list[object]) -> None:
    assert extremes.finish(state_of(pl.Series(values))) == Extremes(None, None)
