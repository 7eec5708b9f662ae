"""Measuring slices: which rows are seen by whom, and columns that come and go."""

import weakref
from collections.abc import Iterator

import polars as pl
import pytest

from retroaudit.faults import BadInput
from retroaudit.measures import categories, cells, counts, grid, moments, rows, run
from retroaudit.measures.counts import Counts
from retroaudit.measures.measure import EXCLUDED, PREDICTION, Need
from retroaudit.measures.moments import Moments
from retroaudit.measures.run import measure

NEEDS = [
    Need("rows"),
    Need("cells", ()),
    *(Need(name, ("x",)) for name in ("counts", "grid", "moments", "categories")),
]
FIRST = pl.DataFrame({"x": [1.0, 2.0, 9.0], PREDICTION: [1, 0, 1], EXCLUDED: [None, None, "score_domain"]})
SECOND = pl.DataFrame({"y": ["a"], PREDICTION: [1], EXCLUDED: [None]}, schema_overrides={EXCLUDED: pl.String})
THIRD = pl.DataFrame({"x": [3], PREDICTION: [None], EXCLUDED: [None]})


def test_only_rows_sees_what_is_excluded_and_absent_columns_are_null() -> None:
    states = measure([FIRST, SECOND, THIRD], NEEDS)
    assert rows.finish(states[Need("rows")]) == {None: 4, "score_domain": 1}
    assert counts.finish(states[Need("counts", ("x",))]) == Counts(4, 1, 0, 0, 0)
    assert moments.finish(states[Need("moments", ("x",))]) == Moments(3, 2.0, 2 / 3, 1.0)
    assert grid.finish(states[Need("grid", ("x",))]).low.tolist() == [1.0, 2.0, 3.0]
    assert categories.finish(states[Need("categories", ("x",))]).counts == {None: 1, "1": 1, "2": 1, "3": 1}
    found = cells.finish(states[Need("cells")])
    assert found is not None
    assert found.select(PREDICTION, "count").rows() == [(None, 1), (0, 1), (1, 2)]


def test_no_slices_are_no_rows() -> None:
    states = measure([], NEEDS)
    assert list(states) == sorted(NEEDS)
    assert rows.finish(states[Need("rows")]) == {}
    assert counts.finish(states[Need("counts", ("x",))]) == Counts(0, 0, 0, 0, 0)
    assert grid.finish(states[Need("grid", ("x",))]).n == 0
    assert measure([FIRST], []) == {}


def test_where_every_row_is_excluded_nothing_is_measured() -> None:
    states = measure([FIRST.filter(pl.col(EXCLUDED).is_not_null())], NEEDS)
    assert rows.finish(states[Need("rows")]) == {"score_domain": 1}
    assert counts.finish(states[Need("counts", ("x",))]).rows == 0


def test_a_slice_is_taken_while_the_one_before_is_measured_and_no_sooner() -> None:
    taken: list[weakref.ref[pl.DataFrame]] = []

    def slices() -> Iterator[pl.DataFrame]:
        for _ in range(4):
            rows_now = FIRST.clone()
            assert sum(earlier() is not None for earlier in taken) <= 2  # in work, and the one before it not let go yet
            taken.append(weakref.ref(rows_now))
            yield rows_now

    states = measure(slices(), [Need("rows")])
    assert len(taken) == 4
    assert rows.finish(states[Need("rows")]) == {None: 8, "score_domain": 4}


def test_what_goes_wrong_while_reading_or_measuring_is_raised() -> None:
    def slices() -> Iterator[pl.DataFrame]:
        yield FIRST
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011  # the very one
        measure(slices(), NEEDS)
    with pytest.raises(BadInput):
        measure([FIRST], [Need("cells", ("count",))])


def test_many_slices_are_merged_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_HELD", 2)
    states = measure([FIRST] * 7, [Need("rows"), Need("grid", ("x",))], threads=2)
    assert rows.finish(states[Need("rows")]) == {None: 14, "score_domain": 7}
    assert grid.finish(states[Need("grid", ("x",))]).count.tolist() == [7, 7]
