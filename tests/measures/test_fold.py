"""Merging many parts: the same as merging all of them at once, in bounded memory."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.measures.all import MEASURES
from retroaudit.measures.fold import TOGETHER, fold
from retroaudit.measures.measure import EXCLUDED, PREDICTION, Need, State
from retroaudit.measures.run import measure
from retroaudit.measures.store import digest

NEEDS = (Need("rows"), Need("cells", ("s",)), *(Need(m, ("x",)) for m in ("counts", "grid", "moments", "categories")))
SCHEMA = {"x": pl.Float64, "s": pl.String, PREDICTION: pl.Int8, EXCLUDED: pl.String}
LINE = st.tuples(
    st.none() | st.floats(),
    st.sampled_from(["a", "b", None]),
    st.sampled_from([0, 1, None]),
    st.sampled_from([None, "x"]),
)
FRAMES = st.lists(LINE, max_size=5).map(lambda lines: pl.DataFrame(lines, schema=SCHEMA, orient="row"))
NOTHING = measure((), NEEDS)


def digests(states: Mapping[Need, State]) -> list[str]:
    return [digest(states[need]) for need in NEEDS]


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_a_fold_is_one_measurement_of_all_rows_in_any_order(data: st.DataObject) -> None:
    frames = data.draw(st.lists(FRAMES, max_size=2 * TOGETHER + 1))
    parts = [measure([frame], NEEDS) for frame in data.draw(st.permutations(frames))]
    assert digests(fold(NOTHING, parts)) == digests(measure(frames, NEEDS))


def test_no_parts_are_the_start() -> None:
    assert digests(fold(NOTHING, ())) == digests(NOTHING)
    assert fold({}, [NOTHING]) == {}


def test_a_part_without_a_need_adds_nothing_to_it() -> None:
    part = measure([pl.DataFrame({"x": [1.0], "s": ["a"]})], NEEDS)
    some = {need: state for need, state in part.items() if need.measure != "grid"}
    found = fold(NOTHING, [some, part])
    assert MEASURES["rows"].merge([part[NEEDS[0]]] * 2).equals(found[NEEDS[0]])
    assert digest(found[Need("grid", ("x",))]) == digest(part[Need("grid", ("x",))])


def test_no_more_parts_are_held_than_are_merged_together() -> None:
    taken: list[weakref.ref[State]] = []

    def parts() -> Iterator[dict[Need, State]]:
        for number in range(5 * TOGETHER):
            state = measure([pl.DataFrame({"x": [float(number)]})], [NEEDS[0]])[NEEDS[0]]
            taken.append(weakref.ref(state))
            assert sum(earlier() is not None for earlier in taken) <= TOGETHER + 1
            yield {NEEDS[0]: state}

    fold({NEEDS[0]: NOTHING[NEEDS[0]]}, parts())
    assert len(taken) == 5 * TOGETHER


def test_an_error_of_a_part_is_the_folds() -> None:
    def parts() -> Iterator[dict[Need, State]]:
        yield NOTHING
        raise ValueError("gone")

    with pytest.raises(ValueError, match="gone"):
        fold(NOTHING, parts())
