"""Categories: every value while there are few, hash prefixes once there are many."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.measures import categories
from retroaudit.measures.categories import Categories
from retroaudit.measures.hashes import hash64
from retroaudit.measures.measure import State

VALUES = st.lists(st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["a", "b", "<script>", "\n"])), max_size=40)


def state_of(values: list[str | None], cap: int = categories.CAP) -> State:
    return categories.partial(pl.LazyFrame({"x": values}, schema={"x": pl.String}), ("x",), cap=cap)


def test_counts_by_hand() -> None:
    found = categories.finish(state_of(["b", "a", None, "b", "", None]))
    assert found == Categories({None: 2, "": 1, "a": 1, "b": 2}, exact=True)
    assert list(found.counts) == [None, "", "a", "b"]


@given(VALUES, st.integers(2, 12))
def test_levels_are_those_of_the_definition(values: list[str | None], cap: int) -> None:
    texts = [value for value in values if value is not None]
    state = state_of(values, cap)
    found = categories.finish(state)
    assert found.exact == (len(set(texts)) <= cap)
    assert found.counts.get(None, 0) == values.count(None)
    assert sum(found.counts.values()) == len(values)
    if not found.exact:
        hashes = [int(each) for each in hash64(pl.Series(texts, dtype=pl.String))]
        dropped = next(bits for bits in range(1, 64) if len({each >> bits for each in hashes}) <= cap)
        buckets = [f"#{each >> dropped:x}" for each in hashes]
        assert {key: count for key, count in found.counts.items() if key is not None} == {
            bucket: buckets.count(bucket) for bucket in buckets
        }


def test_the_hash_is_the_same_in_every_process_and_year() -> None:
    # std::_Hash_bytes of libstdc++, seed 0: a, b, c, d give hashes that start with 071, ea8, d87, 17d.
    # Their first two bits are 00, 11, 11, 00, their first three 000, 111, 110, 000; four would tell all apart.
    values: list[str | None] = ["a", "b", "b", "c", "d"]
    assert categories.finish(state_of(values, cap=2)) == Categories({"#0": 2, "#3": 3}, exact=False)
    assert categories.finish(state_of(values, cap=3)) == Categories({"#0": 2, "#6": 1, "#7": 2}, exact=False)


def test_identifiers_are_a_small_state() -> None:
    state = state_of([f"user-{number}" for number in range(30_000)])
    assert categories.CAP / 2 < len(state) <= categories.CAP
    assert not categories.finish(state).exact
    assert state.estimated_size() < 300_000


def test_align_compares_like_with_like() -> None:
    few, many = state_of(["a", "b", "b", None]), state_of(["a", "b", "c", "d", None, None], cap=3)
    coarse_few, coarse_many = categories.align(few, many)
    assert not coarse_few.exact
    assert not coarse_many.exact
    assert set(coarse_few.counts) <= set(coarse_many.counts)
    assert (sum(coarse_few.counts.values()), sum(coarse_many.counts.values())) == (4, 6)
    assert (coarse_few.counts[None], coarse_many.counts[None]) == (1, 2)
    assert categories.align(few, few) == (categories.finish(few), categories.finish(few))


def test_align_of_nothing_with_too_much() -> None:
    nothing, many = categories.align(state_of([]), state_of(["a", "b", "c"], cap=2))
    assert nothing == Categories({}, exact=False)
    assert not many.exact


def test_types_that_hold_the_same_categories_have_the_same_state() -> None:
    columns = [
        pl.Series("x", [1, 2, None, 1]),
        pl.Series("x", [1.0, 2.0, None, 1.0]),
        pl.Series("x", ["1", "2", None, "1"]),
        pl.Series("x", ["1", "2", None, "1"], dtype=pl.Categorical),
        pl.Series("x", ["1", "2", None, "1"], dtype=pl.Enum(["2", "1"])),
    ]
    states = [categories.partial(column.to_frame().lazy(), ("x",)) for column in columns]
    assert all(state.equals(states[0]) for state in states)


@pytest.mark.parametrize("column", [pl.Series("x", [[1], None]), pl.Series("x", [{"a": 1}])])
def test_nested_columns_have_no_categories(column: pl.Series) -> None:
    state = categories.partial(column.to_frame().lazy(), ("x",))
    assert categories.finish(state) == Categories({}, exact=True)
    assert state.schema == state_of(["a"]).schema


def test_absent_and_empty_columns() -> None:
    assert categories.finish(categories.partial(pl.LazyFrame({"y": [1, 2]}), ("x",))).counts == {None: 2}
    assert categories.finish(state_of([])) == Categories({}, exact=True)


def test_floats_with_one_text_are_one_category() -> None:
    values = np.array([0.0, -0.0, 1.5, np.nan, np.float64.fromhex("0x1p-1074")])
    found = categories.finish(categories.partial(pl.LazyFrame({"x": values}), ("x",)))
    assert found.counts == {"0": 2, "1.5": 1, "NaN": 1, "5e-324": 1}


@given(st.lists(st.none() | st.sampled_from(["", "a", "b", "é" * 2_000, "c"]), max_size=30), st.integers(2, 4))
def test_coded_text_gives_the_state_of_its_text(values: list[str | None], cap: int) -> None:
    texts = pl.Series("x", values, pl.String)
    kept = texts.head(len(values) // 2)  # codes that do not occur are no categories
    for kind in (pl.Categorical(), pl.Categorical(pl.Categories.random())):
        coded = texts.cast(kind)
        for column, plain in ((coded, texts), (coded.head(len(kept)), kept)):
            found = categories.partial(column.to_frame(), ("x",), cap=cap)
            assert found.equals(categories.partial(plain.to_frame(), ("x",), cap=cap))
