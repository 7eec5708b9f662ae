"""Suites judged: what is refused or skipped before data is read, what is answered, and where faults stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from retroaudit.checks.quality.gx.batch import Batch, of_files, of_frame, of_states
from retroaudit.checks.quality.gx.validate import Compiled, Outcome, compile, validate  # noqa: A004
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import Need
from tests.checks.quality.gx.parity import by_pandas, by_polars

FRAME = pl.DataFrame(
    {
        "a": [1.0, 2.0, 3.0, None, float("nan")],
        "b": ["x", "y", "y", None, "z"],
        "t": [datetime(2026, 1, day) for day in range(1, 6)],  # noqa: DTZ001
        "*": [1, 2, 3, 4, 5],
    }
)
TYPES = of_frame(FRAME).columns


def expect(what: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": f"expect_{what}", "kwargs": kwargs, "meta": {"evidence": 1}, "severity": "warning"}


def compiled(document: dict[str, Any]) -> Compiled:
    (found,) = compile([document], TYPES)
    return found


def judged(document: dict[str, Any]) -> Outcome:
    (found,) = validate([document], of_frame(FRAME))
    return found


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (expect("column_mean_to_be_betwen", column="a"), "Did you mean 'expect_column_mean_to_be_between'?"),
        (expect("column_mean_to_be_between", column="nowhere"), "there is no column 'nowhere'"),
        (expect("column_mean_to_be_between", column="b"), "column 'b' is of type string"),
        (
            expect("column_values_to_be_between", column="a", min_value=3, max_value=1),
            "min_value 3 is above max_value 1",
        ),
        (expect("column_values_to_be_between", column="a", min_value=1, mostly=2), "less than or equal to 1.0"),
        (expect("column_values_to_be_between", column="a"), "cannot both be None"),
        (expect("column_values_to_match_regex", column="b", regex="("), "not a regular expression"),
        (expect("column_values_to_be_between", column="b", min_value=1), "cannot be compared"),
        (expect("column_values_to_be_between", column="a", min_value={"$PARAMETER": "x"}), "suite parameter"),
        (expect("table_row_count_to_equal", value=5, unheard=1), "extra fields not permitted"),
        ({"type": None}, "Great Expectations has no 'None'"),
    ],
)
def test_what_can_never_be_judged_is_refused(document: dict[str, Any], message: str) -> None:
    assert message in compiled(document).refused
    assert judged(document) == Outcome(None, compiled(document).refused)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (expect("column_values_to_be_increasing", column="a"), "the order of rows"),
        (expect("table_row_count_to_equal_other_table", other_table_name="x"), "another table"),
        (expect("column_kl_divergence_to_be_less_than", column="a", threshold=1), "partition_object"),
        (
            expect("column_mean_to_be_between", column="a", row_condition="a > `*`", condition_parser="pandas"),
            "",
        ),
    ],
)
def test_what_is_not_meant_for_an_audit_is_skipped(document: dict[str, Any], message: str) -> None:
    found = compiled(document)
    assert (found.refused, found.needs) == ("", ())
    assert found.skipped
    assert message in found.skipped


def test_looking_around_is_named_as_a_fall_back() -> None:
    assert compiled(expect("column_values_to_match_regex", column="b", regex="(?=x)")).by_row
    assert not compiled(expect("column_values_to_match_regex", column="b", regex="x")).by_row


def test_uniqueness_asks_for_the_hashes_that_a_window_is_made_of() -> None:
    needs = compiled(expect("column_values_to_be_unique", column="b")).needs
    assert {Need("hashes", ("b",)), Need("distinct", ("b",))} <= set(needs)


@pytest.mark.parametrize("name", ["String", "string", "str", "Utf8"])
def test_a_type_has_many_names(name: str) -> None:
    assert judged(expect("column_values_to_be_of_type", column="b", type_=name)).success
    assert not judged(expect("column_values_to_be_of_type", column="a", type_=name)).success
    assert judged(expect("column_values_to_be_in_type_list", column="a", type_list=[name, "double"])).success


def test_a_verdict_comes_with_counts_and_without_rows() -> None:
    found = judged(expect("column_values_to_be_between", column="a", min_value=1, max_value=2, mostly=0.6))
    assert found.success
    assert found.result == {
        "element_count": 5,
        "unexpected_count": 1,
        "unexpected_percent": pytest.approx(100 / 3),
        "missing_count": 2,
        "missing_percent": 40.0,
        "unexpected_percent_total": 20.0,
        "unexpected_percent_nonmissing": pytest.approx(100 / 3),
    }
    assert {name: answer.value for name, answer in found.answers.items()} == {
        "table.row_count": 5,
        "column_values.nonnull.unexpected_count": 2,
        "column_values.between.unexpected_count": 1,
    }


def test_a_condition_on_rows_counts_in_the_domain_alone() -> None:
    where = {"row_condition": 'b == "y"', "condition_parser": "pandas"}
    found = judged(expect("column_values_to_be_between", column="a", max_value=2, **where))
    assert (found.result["element_count"], found.result["unexpected_count"]) == (2, 1)


def test_names_of_columns_are_taken_literally() -> None:
    assert judged(expect("column_max_to_be_between", column="*", min_value=5, max_value=5)).success


def test_one_that_raises_leaves_the_others_as_they_are() -> None:
    good = expect("column_mean_to_be_between", column="a", min_value=2, max_value=2)
    times = expect("column_max_to_be_between", column="t", min_value="2026-01-01")  # GX reads a date, not a time
    first, broken, last = validate([good, times, good], of_frame(FRAME))
    assert first == last
    assert first.success
    assert (broken.success, broken.error) == (None, "Great Expectations raised TypeError")


def merged(suite: Sequence[dict[str, Any]], days: Sequence[pl.DataFrame], types: Mapping[str, str]) -> Batch:
    """What an audit keeps of these days."""
    needs = [need for each in compile(suite, types) for need in each.needs]
    parts = [of_frame(day).states(needs) for day in days]
    return of_states({need: MEASURES[need.measure].merge([part[need] for part in parts]) for need in needs}, types)


def test_no_row_is_told_where_one_day_is_of_another_type() -> None:
    days = [pl.DataFrame({"code": codes}) for codes in ([1, 2], [2, 3], ["alice@example.com"])]
    suite = [
        expect("column_distinct_values_to_be_in_set", column="code", value_set=[1, 2, 3]),
        expect("column_most_common_value_to_be_in_set", column="code", value_set=[2]),
        expect("column_values_to_be_in_set", column="code", value_set=[1, 2, 3]),
    ]
    *unclear, failed = validate(suite, merged(suite, days, {"code": "int64"}))
    assert unclear == [Outcome(None, "column 'code' holds values that are not of its usual type int64")] * 2
    assert failed.success is False
    assert "alice" not in str(failed)


def test_of_what_gx_raises_over_data_only_its_kind_is_told() -> None:
    batch = of_frame(FRAME)
    suite = [expect("column_mean_to_be_between", column="a", min_value=0)]
    validate(suite, batch)
    for metric in batch.answers:
        batch.answers[metric] = KeyError("alice@example.com")
    assert validate(suite, batch) == (Outcome(None, "Great Expectations raised KeyError"),)


def test_more_values_than_states_keep_are_nobodys_fault() -> None:
    suite = [expect("column_distinct_values_to_contain_set", column="x", value_set=[1])]
    batch = merged(suite, [pl.DataFrame({"x": range(10_001)})], {"x": "int64"})
    assert validate(suite, batch) == (
        Outcome(None, "column 'x' has more than 10,000 different values", insufficient=True),
    )


def read(batch: Batch, seen: list[Sequence[str]]) -> Batch:
    """The same batch, that tells which columns are read."""

    def reader(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        seen.append(list(columns))
        assert batch.read is not None
        return batch.read(columns)

    return Batch(batch.columns, read=reader)


def test_a_suite_is_judged_in_one_pass_of_its_columns() -> None:
    seen: list[Sequence[str]] = []
    suite = [
        expect("column_values_to_not_be_null", column="a"),
        expect("column_values_to_be_unique", column="b"),
        expect("column_quantile_values_to_be_between", column="a", quantile_ranges=QUANTILES),
        expect("column_mean_to_be_between", column="a", min_value=7),
    ]
    validate(suite, read(of_frame(FRAME), seen))
    assert seen == [["a", "b"]]


QUANTILES: dict[str, Any] = {"quantiles": [0.1, 0.5, 0.9], "value_ranges": [[0, 1], [0, 1], [0, 1]]}


def test_quantiles_are_exact_of_rows_and_bounded_of_states() -> None:
    values = np.random.default_rng(7).random(40_000)
    batch = of_frame(pl.DataFrame({"x": values}))
    suite = [expect("column_quantile_values_to_be_between", column="x", quantile_ranges=QUANTILES)]
    (exact,) = validate(suite, batch)
    (bounded,) = validate(suite, of_states(batch.known, batch.columns))
    nearest = np.quantile(values, QUANTILES["quantiles"], method="nearest").tolist()
    answer = bounded.answers["column.quantile_values"]
    assert exact.result["observed_value"]["values"] == nearest
    assert all(
        low <= value <= high < low + 1e-3 for low, value, high in zip(answer.low, nearest, answer.high, strict=True)
    )
    assert answer.low != answer.high


def test_nightly_states_merge_into_the_windows_verdict(tmp_path: Path) -> None:
    suite = [
        expect("column_values_to_be_between", column="a", min_value=1, max_value=2),
        expect("column_distinct_values_to_equal_set", column="b", value_set=["x", "y", "z"]),
        expect("column_stdev_to_be_between", column="a", min_value=0, max_value=1),
        expect("column_max_to_be_between", column="*", min_value=0, max_value=5),
        expect("table_row_count_to_equal", value=5),
    ]
    nights = [FRAME[:2], FRAME[2:3], FRAME[3:]]
    for place, night in enumerate(nights):
        night.write_parquet(tmp_path / f"{place}.parquet")
    needs = [need for each in compile(suite, TYPES) for need in each.needs]
    parts = [of_frame(night).states(needs) for night in nights]
    merged = {need: MEASURES[need.measure].merge([part[need] for part in parts]) for need in needs}
    whole = validate(suite, of_states(merged, TYPES))
    assert whole == validate(suite, of_frame(FRAME))
    assert whole == validate(suite, of_files(sorted(tmp_path.glob("*.parquet"))))
    assert [each.success for each in whole] == [False, True, True, True, True]


UNREAD = ["list<element: int64>", "struct<a: int64>", "time64[us]", "duration[us]", "decimal256(50, 2)"]


@pytest.mark.parametrize("kind", UNREAD)
@pytest.mark.parametrize(
    "document",
    [
        expect("column_values_to_be_null", column="x"),
        expect("column_values_to_not_be_null", column="x"),
        expect("column_values_to_be_unique", column="x"),
        expect("column_unique_value_count_to_be_between", column="x", max_value=0),
        expect("column_values_to_be_in_set", column="x", value_set=[1]),
        expect("column_mean_to_be_between", column="x", max_value=1),
        expect("compound_columns_to_be_unique", column_list=["x", "y"]),
        expect("column_pair_values_to_be_equal", column_A="y", column_B="x"),
        expect("table_row_count_to_equal", value=1, row_condition="x.notnull()", condition_parser="pandas"),
        expect("column_mean_to_be_between", column="y", row_condition="x == 1", condition_parser="pandas"),
    ],
    ids=lambda each: each["type"],
)
def test_columns_that_no_audit_reads_are_skipped(document: dict[str, Any], kind: str) -> None:
    assert compile([document], {"x": kind, "y": "int64"}) == (Compiled(skipped=f"columns of type {kind} are not read"),)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (expect("column_values_to_be_unique", column="x"), 40),
        (expect("column_values_to_be_null", column="x"), 40),
        (expect("column_values_to_be_in_set", column="x", value_set=[1]), 40),
    ],
)
def test_rows_of_lists_are_left_to_pandas(what: dict[str, Any], expected: int) -> None:
    frame = pl.DataFrame({"x": [[1], [1]] * 20})
    found = by_polars(what, of_frame(frame), "COMPLETE")
    assert found["unexpected_count"] == expected
    assert found == by_pandas(what, frame, "COMPLETE")


def test_a_column_without_a_type_has_no_values() -> None:
    types = {"x": "null"}
    suite = [
        expect("column_values_to_be_between", column="x", max_value=1),
        expect("column_values_to_be_in_set", column="x", value_set=[1]),
        expect("column_mean_to_be_between", column="x", max_value=1),
        expect("column_values_to_match_regex", column="x", regex="a"),
        expect("column_values_to_be_null", column="x"),
        expect("column_values_to_be_unique", column="x", row_condition="x > 1", condition_parser="pandas"),
    ]
    found = validate(suite, merged(suite, [pl.DataFrame({"x": [None, None]})], types))
    assert [each.error for each in found] == [""] * len(suite)
    assert [each.success for each in found] == [True, True, False, True, True, True]


CROWDED = pl.DataFrame({"x": 1 + np.random.default_rng(7).random(100_001)})  # many values a cell
GAPPY = CROWDED.with_columns(x=pl.when(pl.col("x") > 1.1).then("x"))
BEYOND = expect("column_values_to_not_be_outliers", column="x", method="iqr", multiplier=0.1)
BINS = {"bins": [1, 1.501234, 2], "weights": [0.5, 0.5]}


def test_bounds_hold_the_number_that_is_judged() -> None:
    suite = [expect("column_median_to_be_between", column="x", max_value=1), BEYOND]
    median, beyond = validate(suite, merged(suite, [GAPPY], of_frame(GAPPY).columns))
    counted = by_pandas(BEYOND, GAPPY, "BASIC")["unexpected_count"]
    for outcome, exact in ((median, GAPPY["x"].median()), (beyond, counted)):
        assert outcome.inexact
        assert outcome.bounds is not None
        low, high = outcome.bounds
        assert low < high
        assert low <= exact <= high


def test_there_are_none_of_an_exact_number() -> None:
    suite = [
        expect("column_values_to_not_be_null", column="x"),
        expect("column_min_to_be_between", column="x", max_value=1),
        expect("column_kl_divergence_to_be_less_than", column="x", threshold=1, partition_object=BINS),
    ]
    *exact, divergence = validate(suite, merged(suite, [GAPPY], of_frame(GAPPY).columns))
    assert [(each.bounds, each.inexact) for each in exact] == [(None, False)] * 2
    assert (divergence.bounds, divergence.inexact) == (None, True)  # what is bounded are the counts of its bins
    assert not any(each.bounds or each.inexact for each in validate(suite, of_frame(GAPPY)))


def test_a_state_that_was_not_measured_is_said() -> None:
    (found,) = validate([expect("table_row_count_to_equal", value=5)], of_states({}, TYPES))
    assert (found.success, found.error) == (None, "conditions of the rows was not measured")
