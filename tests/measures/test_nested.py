"""Nested cells: the finest shift, against its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.measures.nested import finest_shift, first_shift, some, starts

KEYS = st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-9, 9)), max_size=30)


def by_definition(keys: list[int], cap: int) -> int:
    return next(shift for shift in range(64) if len({key >> shift for key in keys}) <= cap)


@given(keys=KEYS, cap=st.integers(2, 12))
def test_finest_shift_of_signed_keys(keys: list[int], cap: int) -> None:
    assert finest_shift(np.array(sorted(keys), np.int64), cap) == by_definition(keys, cap)


@given(keys=KEYS.map(lambda keys: [key + 2**63 for key in keys]), cap=st.integers(2, 12))
def test_finest_shift_of_unsigned_keys(keys: list[int], cap: int) -> None:
    assert finest_shift(np.array(sorted(keys), np.uint64), cap) == by_definition(keys, cap)


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), KEYS.map(lambda keys: keys[0] if keys else 7)), max_size=30),
    cap=st.integers(2, 12),
)
def test_keys_of_different_groups_share_no_cell(rows: list[tuple[int, int]], cap: int) -> None:
    least = (s for s in range(64) if len({(group, key >> s) for group, key in rows}) <= cap)
    groups, keys = np.array(sorted(rows), np.int64).reshape(-1, 2).T
    assert finest_shift(np.ascontiguousarray(keys), cap, groups) == next(least, 64)


@given(keys=KEYS, cap=st.integers(2, 5))
def test_the_first_shift_is_never_too_coarse(keys: list[int], cap: int) -> None:
    assert first_shift(np.array(keys, np.int64), cap) <= by_definition(keys, cap)
    assert set(some(np.array(keys, np.int64), cap).tolist()) <= set(keys)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [([], []), ([7], [0]), ([1, 1, 2, 2, 2, 5], [0, 2, 5])],
)
def test_starts_of_runs(keys: list[int], expected: list[int]) -> None:
    assert starts(np.array(keys, np.int64)).tolist() == expected
