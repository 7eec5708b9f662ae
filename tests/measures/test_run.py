"""Measuring slices: which rows are seen by whom, and columns that come and go."""

import json
import weakref
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.measures import categories, cells, conditions, counts, grid, moments, rows, run
from retroaudit.measures.all import MEASURES
from retroaudit.measures.conditions import Conditions
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


ABOVE = '{"column":"y","operator":">","value":1}'


def asked(metric: str, *columns: str, where: str = "", **values: Any) -> Need:
    return Need("conditions", columns, json.dumps({"metric": metric, "values": values}), where)


def test_where_takes_the_rows_that_count_and_for_which_it_holds() -> None:
    frame = FIRST.with_columns(y=pl.Series([1, 2, 3]))
    needs = [Need(name, ("x",), where=ABOVE) for name in ("counts", "moments", "categories", "hashes")]
    size, positive = (
        asked("table.row_count", where=ABOVE),
        asked("column_values.between", "x", where=ABOVE, min_value=9),
    )
    states = measure([frame, SECOND], [*needs, size, positive, Need("counts", ("x",)), Need("rows", where=ABOVE)])
    assert counts.finish(states[needs[0]]) == Counts(1, 0, 0, 0, 0)  # y of the second slice is text
    assert moments.finish(states[needs[1]]).mean == 2.0
    assert categories.finish(states[needs[2]]).counts == {"2": 1}
    assert states[needs[3]]["count"].to_list() == [1]
    assert conditions.finish(states[size]) == Conditions(1, 0, 0)
    assert conditions.finish(states[positive]) == Conditions(1, 0, 1)
    assert counts.finish(states[Need("counts", ("x",))]).rows == 3
    assert rows.finish(states[Need("rows", where=ABOVE)]) == {None: 1, "score_domain": 1}


ASKED = [
    asked("table.row_count"),
    asked("column_values.between", "x", min_value=0, strict_min=True),
    asked("column_values.in_set", "x", value_set=[1, 2], where='{"not":{"column":"s","operator":"is_null"}}'),
    asked("column_values.match_regex", "s", regex="^a"),
    asked("column_values.match_regex", "s", regex="(?=a)a"),
    asked("column_values.value_length.between", "s", max_value=1),
    asked("column_values.json_parseable", "s", where=ABOVE),
    asked("column_values.between", "t", min_value="2024-01-02"),
    asked("column_pair_values.a_greater_than_b", "x", "y", ignore_row_if="either_value_is_missing"),
    asked("select_column_values.unique.within_record", "x", "y", ignore_row_if="never"),
    asked("multicolumn_sum.equal", "x", "y", "absent", sum_total=2, ignore_row_if="never"),
    *(Need(name, ("x",), where=ABOVE) for name in ("counts", "grid", "moments", "categories", "hashes", "distinct")),
]
RECORDS = st.fixed_dictionaries(
    {
        "x": st.none() | st.sampled_from([0.0, 1.0, 2.0, float("nan")]),
        "y": st.none() | st.integers(0, 3),
        "s": st.none() | st.sampled_from(["a", "ba", "1", "{}"]),
        "t": st.none() | st.dates(date(2024, 1, 1), date(2024, 1, 3)),
        EXCLUDED: st.sampled_from([None, None, "label_domain"]),
    }
)
SCHEMA = {"x": pl.Float64, "y": pl.Int64, "s": pl.String, "t": pl.Date, EXCLUDED: pl.String}


@settings(max_examples=30, deadline=None)
@given(st.lists(RECORDS, max_size=12), st.data())
def test_states_do_not_show_how_rows_were_cut(records: list[dict[str, Any]], data: st.DataObject) -> None:
    whole = pl.DataFrame(records, schema=SCHEMA)
    ends = [0, *sorted(data.draw(st.lists(st.integers(0, len(records)), max_size=4))), len(records)]
    slices = [whole[start:end] for start, end in pairwise(ends)]
    at_once, cut = measure([whole], ASKED), measure(data.draw(st.permutations(slices)), ASKED)
    parts = [measure([each], ASKED) for each in slices]
    for need in ASKED:
        assert at_once[need].equals(cut[need])
        if need.measure != "distinct":
            assert MEASURES[need.measure].merge([part[need] for part in parts]).equals(at_once[need])
