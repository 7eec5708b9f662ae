"""Histograms: nothing is lost, and nothing small is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.measures.categories import Categories
from retroaudit.measures.grid import Grid
from retroaudit.report.histograms import categorical, numeric
from retroaudit.report.rounding import round_numbers

numbers = st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-30, 30).map(float), max_size=200)
names = st.dictionaries(st.none() | st.text(max_size=3), st.integers(0, 40), max_size=40)
cells = st.integers(0, 30)


@given(numbers, numbers, cells)
def test_a_numeric_histogram_has_all_rows_and_no_small_cell(
    current: list[float], past: list[float], least: int
) -> None:
    found = numeric("x", grid(current), grid(past), least)
    assert found["edges"] == sorted(set(found["edges"]))
    for side, values in (("current", current), ("reference", past)):
        counts = found[side]
        if 0 < len(values) < least:
            assert counts is None
        else:
            assert sum(counts) == len(values)
            assert len(counts) == len(found["edges"]) + 1
            assert all(count == 0 or count >= least for count in counts)


@given(names, names, cells)
def test_a_categorical_histogram_has_all_rows_and_no_small_cell(
    current: dict[str | None, int], past: dict[str | None, int], least: int
) -> None:
    found = categorical("x", Categories(current, exact=True), Categories(past, exact=True), least)
    assert len(found["values"]) <= 20
    for side, values in (("current", current), ("reference", past)):
        counts = found[side]
        if 0 < sum(values.values()) < least:
            assert counts is None
        else:
            assert sum(counts) == sum(values.values())
            assert all(count == 0 or count >= least for count in counts)
            shown = dict(zip(found["values"], counts[:-1], strict=True))
            assert all(count == values.get(value, 0) for value, count in shown.items())


@given(st.floats(-1e300, 1e300), st.floats(0, 1e300), st.integers(1, 40))
def test_round_numbers_enclose_their_range(low: float, length: float, most: int) -> None:
    found = round_numbers(low, low + length, most)
    assert found[0] <= low
    assert found[-1] >= low + length
    assert len(found) <= most + 3  # `most` steps between, and a part of one at each end


def test_edges_are_round_and_about_thirty() -> None:
    # by hand: 0.5 % and 99.5 % of 0..9999 are 49.. and 9949..; (9949 - 49) / 30 = 330, so the step is 500
    found = numeric("x", grid([float(value) for value in range(10_000)]), None, 0)
    assert found["edges"] == [500.0 * step for step in range(21)][: len(found["edges"])]
    assert found["current"][1:-1] == [500] * (len(found["edges"]) - 1)
    assert found["reference"] is None


def test_a_constant_column_has_one_bin() -> None:
    found = numeric("x", grid([1000.0] * 50), grid([1000.0] * 40), 10)
    assert [count for count in found["current"] if count] == [50]
    assert [count for count in found["reference"] if count] == [40]


def test_a_column_without_a_number_has_no_rows() -> None:
    assert numeric("x", grid([]), None, 10) == {
        "column": "x",
        "kind": "numeric",
        "edges": [],
        "current": [0],
        "reference": None,
    }


def test_a_rare_value_hides_among_others_and_takes_a_second_one_with_it() -> None:
    found = categorical("x", Categories({"a": 90, "b": 12, "c": 3}, exact=True), None, 10)
    # "c" alone would be the others' only value, 3 rows: "b" goes too
    assert (found["values"], found["current"]) == (["a"], [90, 15])


def grid(values: Sequence[float]) -> Grid:
    """A lossless grid."""
    counts = sorted(Counter(value + 0.0 for value in values).items())
    at = np.array([value for value, _ in counts], dtype=np.float64)
    return Grid(0, np.array([count for _, count in counts], dtype=np.int64), at, at)
