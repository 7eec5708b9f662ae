"""How often values occur: against pandas' `duplicated`, which GX's pandas engine takes, and a window's in pieces."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.measures import distinct, occurrences
from retroaudit.measures.distinct import Distinct, Occurrences
from retroaudit.measures.hashes import hash128
from retroaudit.measures.measure import Need, State
from retroaudit.measures.values import Rows

RULES = ("all_values_are_missing", "any_value_is_missing", "never")
HOW = {"all_values_are_missing": "all", "any_value_is_missing": "any"}  # of pandas' dropna, as GX has it
TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "b", "ab", "é"]))
FLOATS = st.one_of(st.none(), st.sampled_from([float("nan"), 0.0, -0.0, 1.0, 0.5, float("inf")]))
ROWS = st.lists(st.tuples(TEXTS, TEXTS, FLOATS), max_size=12)
COLUMNS = {"*": pl.String, "^a$": pl.String, "x": pl.Float64}


def frame_of(rows: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def hashes_of(values: Sequence[object] | pl.Series) -> State:
    return occurrences.partial(pl.DataFrame({"x": values}, strict=False), Need("hashes", ("x",)))


def asked(columns: tuple[str, ...], rule: str) -> Need:
    return Need("distinct", columns, json.dumps({"ignore_row_if": rule}))


def found(frame: pl.DataFrame, need: Need) -> Distinct:
    return distinct.finish(distinct.partial(frame, need))


@given(ROWS)
def test_one_column_as_pandas(rows: list[tuple[object, ...]]) -> None:
    frame = frame_of(rows)
    for column in COLUMNS:
        values = pd.Series(frame[column].to_list(), dtype=object).dropna()
        once = int((~values.duplicated(keep=False)).sum())  # as GX's column_values.unique
        assert found(frame, Need("distinct", (column,))) == Distinct(len(values), values.nunique(), once)


@given(ROWS, st.sampled_from(RULES), st.sampled_from([("*",), ("*", "^a$"), ("x", "*"), ("^a$", "x", "*")]))
def test_several_columns_as_gx(rows: list[tuple[object, ...]], rule: str, columns: tuple[str, ...]) -> None:
    frame = frame_of(rows)
    theirs = pd.DataFrame({name: pd.Series(frame[name].to_list(), dtype=object) for name in columns})
    kept = theirs.dropna(how=HOW[rule]) if rule in HOW else theirs
    once = int((~kept.duplicated(keep=False)).sum())  # as GX's compound_columns.unique
    ours = found(frame, asked(columns, rule))
    assert (ours.rows, ours.distinct, ours.unique) == (len(kept), len(kept.drop_duplicates()), once)


def test_columns_are_told_apart_without_ambiguity() -> None:
    rows = [("ab", "c", None), ("a", "bc", None), ("abc", "", None), ("", "abc", None), (None, "abc", None)]
    assert found(frame_of(rows), asked(("*", "^a$"), "never")).unique == 5


def test_hashes_are_those_of_the_texts_in_ascending_order() -> None:
    state = hashes_of(["b", "a", None, "b"])
    lines = sorted((int(high), int(low)) for high, low in zip(*hash128(pl.Series(["a", "b"])), strict=True))
    assert state.select("high", "low").rows() == lines
    assert sorted(state["count"]) == [1, 2]


@pytest.mark.parametrize("other", [["1", "2", "2"], [1.0, 2.0, 2.0], pl.Series(["1", "2", "2"], dtype=pl.Categorical)])
def test_values_of_one_text_are_one_value(other: Sequence[object]) -> None:
    assert hashes_of(other).equals(hashes_of([1, 2, 2]))


def decimals(scale: int, *values: str) -> pl.Series:
    return pl.Series([Decimal(value) for value in values], dtype=pl.Decimal(20, scale))


MORNING = pl.Series([datetime(2024, 3, 31, 1, 30), datetime(1969, 12, 31, 23, 59, 59, 120_000)])  # noqa: DTZ001  # UTC
LARGE = [2**53, -(2**60), 3 * 2**61]
EQUAL = {
    "milliseconds": (MORNING, MORNING.dt.cast_time_unit("ms")),
    "nanoseconds": (MORNING, MORNING.dt.cast_time_unit("ns")),
    "zones": (MORNING, MORNING.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Vienna")),
    "scales": (decimals(2, "1.50", "10", "-0.05", "0"), decimals(3, "1.5", "10", "-0.05", "0")),
    "decimals of integers": (decimals(2, "10", "-100", "0"), pl.Series([10, -100, 0])),
    "decimals without a scale": (decimals(0, "10", "-100", "0"), pl.Series([10, -100, 0])),
    "decimals of floats": (decimals(3, "0.5", "-2.25"), pl.Series([0.5, -2.25])),
    "large floats": (pl.Series([*LARGE, 7, None]), pl.Series([*map(float, LARGE), 7.0, float("nan")])),
    "unsigned": (pl.Series([2**63 + 2**11], dtype=pl.UInt64), pl.Series([2.0**63 + 2**11])),
    "short floats": (pl.Series([2**60]), pl.Series([2.0**60], dtype=pl.Float32)),
    "long texts": (pl.Series(["é" * 1_001]), pl.Series(["é" * 1_001], dtype=pl.Categorical)),
}


@pytest.mark.parametrize(("values", "others"), EQUAL.values(), ids=EQUAL)
def test_equal_values_of_two_types_are_one_value(values: pl.Series, others: pl.Series) -> None:
    assert len(hashes_of(values)) == values.drop_nulls().len()
    assert hashes_of(values).equals(hashes_of(others))
    need = Need("hashes", ("x",), json.dumps({"ignore_row_if": "never"}))
    one, other = (occurrences.partial(found.to_frame("x"), need) for found in (values, others))
    assert one.equals(other)


DIFFERENT = {
    "nanoseconds": (pl.Series([0]).cast(pl.Datetime("us")), pl.Series([1]).cast(pl.Datetime("ns"))),
    "midnight": (pl.Series([date(2024, 1, 1)]), pl.Series([datetime(2024, 1, 1, tzinfo=UTC)])),
    "tens": (decimals(0, "10"), decimals(0, "1")),
    "beyond float64": (pl.Series([2**53 + 1]), pl.Series([2.0**53])),
    "beyond integers": (pl.Series([1e300]), pl.Series([1e299])),
}


@pytest.mark.parametrize(("values", "others"), DIFFERENT.values(), ids=DIFFERENT)
def test_other_values_of_two_types_are_two(values: pl.Series, others: pl.Series) -> None:
    assert len(occurrences.merge([hashes_of(values), hashes_of(others)])) == 2


@given(st.lists(TEXTS, max_size=12), st.sampled_from(RULES))
def test_coded_text_is_text(texts: list[str | None], rule: str) -> None:
    plain = pl.DataFrame({"x": texts}, schema={"x": pl.String})
    for need in (Need("distinct", ("x",)), asked(("x", "x"), rule)):
        assert found(plain.cast(pl.Categorical), need) == found(plain, need)


def test_a_column_of_lists_is_all_missing() -> None:
    frame = pl.DataFrame({"x": [["a"], ["b"]]})
    assert found(frame, Need("distinct", ("x",))) == Distinct(0, 0, 0)
    assert found(frame, Need("distinct", ("absent",))) == Distinct(0, 0, 0)
    assert found(frame, asked(("x", "absent"), "never")) == Distinct(2, 1, 0)


@given(ROWS, st.integers(1, 5))
def test_gathering_slices_is_measuring_at_once(rows: list[tuple[object, ...]], width: int) -> None:
    frame, columns = frame_of(rows), ("*", "x")
    needs = [
        Need(measure, columns, asked(columns, rule).question) for measure in ("hashes", "distinct") for rule in RULES
    ]
    gathering = Occurrences(needs)
    for each in frame.iter_slices(width):
        gathering.add(Rows(each))
    states = gathering.states()
    for need in needs:
        partial = occurrences.partial if need.measure == "hashes" else distinct.partial
        assert states[need].equals(partial(frame, need))
        assert states[need].schema == partial(frame, need).schema


def test_many_slices_are_few_runs() -> None:
    runs = occurrences.Runs()
    for number in range(100):
        runs.add(occurrences.lines_of(hashes_of([number])))
    assert len(runs) == 100
    assert len(runs._runs) <= 7  # 2^7 > 100


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 9)), max_size=40), st.integers(0, 62))
def test_lines_are_put_in_order(lines: list[tuple[int, int, int]], shift: int) -> None:
    totals: Counter[tuple[int, int]] = Counter()
    for high, low, count in lines:
        totals[high << shift, low] += count
    given_lines = np.array([(high << shift, low, count) for high, low, count in lines], np.uint64).reshape(-1, 3)
    assert occurrences.united(given_lines).tolist() == [[*key, total] for key, total in sorted(totals.items())]


def test_hashes_that_somebody_chose_are_put_in_order() -> None:
    low = np.random.default_rng(1).permutation(2_000).astype(np.uint64)
    lines = np.column_stack([np.zeros_like(low), low, np.ones_like(low)])
    assert occurrences.united(lines)[:, 1].tolist() == list(range(2_000))


PARTS = st.lists(st.lists(st.integers(0, 60), max_size=30), max_size=6)


@given(parts=PARTS, fit=st.integers(1, 40))
def test_a_window_is_reduced_as_its_rows_would_be(
    parts: list[list[int]], fit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    spool = tmp_path_factory.mktemp("spool")
    counts = Counter(Counter(value for part in parts for value in part).values())
    for each in (parts, parts[::-1]):
        reduced = distinct.reduce((hashes_of(part) for part in each), spool, fit=fit)
        assert reduced.rows() == sorted(counts.items())
    assert list(spool.iterdir()) == []


def test_a_window_of_many_ranges(tmp_path: Path) -> None:
    parts = [hashes_of(range(start, start + 100_000)) for start in (0, 50_000, 150_000)]
    assert distinct.reduce(parts, tmp_path, fit=60_000).rows() == [(1, 200_000), (2, 50_000)]


def test_of_hashes_and_by_hand() -> None:
    state = distinct.of(hashes_of(["a", "b", "b", "c", "c", "d", "d", "d"]))
    assert state.rows() == [(1, 1), (2, 2), (3, 1)]
    assert distinct.finish(state) == Distinct(rows=8, distinct=4, unique=1)


def test_distinct_does_not_merge_but_with_nothing() -> None:
    state, nothing = distinct.of(hashes_of(["a"])), distinct.of(hashes_of([]))
    assert distinct.merge([nothing, state, nothing]).equals(state)
    with pytest.raises(ValueError, match="does not merge"):
        distinct.merge([state, state])
