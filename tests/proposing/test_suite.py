"""A proposed suite passes on what it was learnt from and fails on each kind of fault, judged by GX's pandas engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest

from retroaudit.proposing.propose import Proposal
from tests.proposing.world import DAYS, Failure, decisions, failures, proposal, rewritten

pytestmark = pytest.mark.slow

SEEDS = (3, 4)
VALUES = "expect_column_values_to_"
NULLS, RANGE, SET = f"{VALUES}not_be_null", f"{VALUES}be_between", f"{VALUES}be_in_set"
UNIQUE, SHAPE, TYPE = f"{VALUES}be_unique", f"{VALUES}match_regex", f"{VALUES}be_in_type_list"
LENGTHS = "expect_column_value_lengths_to_be_between"
COLUMNS, ROWS = "expect_table_columns_to_match_set", "expect_table_row_count_to_be_between"


def learnt(seed: int) -> dict[str, pl.DataFrame]:
    return {day: decisions(seed, day) for day in DAYS}


@cache
def proposed(seed: int) -> Proposal:
    with TemporaryDirectory() as folder:
        return proposal(Path(folder), learnt(seed))


def some(column: str, fault: pl.Expr, every: int = 40) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """The fault in one row of `every`."""
    struck = pl.int_range(pl.len()) % every == 7
    return lambda rows: rows.with_columns(pl.when(struck).then(fault).otherwise(pl.col(column)).alias(column))


def all_of(column: str, fault: pl.Expr) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda rows: rows.with_columns(fault.alias(column))


FAULTS: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], set[Failure]]] = {
    "nulls where there were none": (some("amount", pl.lit(None), 500), {(NULLS, "amount")}),
    "nulls in whole numbers": (some("enquiries", pl.lit(None)), {(NULLS, "enquiries")}),
    "nulls in text": (some("purpose", pl.lit(None), 500), {(NULLS, "purpose")}),
    "nulls in truth values": (some("returning", pl.lit(None)), {(NULLS, "returning")}),
    "more nulls than before": (some("balance", pl.lit(None), 20), {(NULLS, "balance")}),
    "NaN": (some("score", pl.lit(float("nan")), 500), {(NULLS, "score")}),
    "infinity": (some("amount", pl.lit(float("inf")), 500), {(RANGE, "amount")}),
    "another unit": (some("amount", pl.col("amount") * 100, 500), {(RANGE, "amount")}),
    "a lost sign": (some("amount", -pl.col("amount"), 500), {(RANGE, "amount")}),
    "a placeholder": (some("balance", pl.lit(-99_999.0), 500), {(RANGE, "balance")}),
    "a count that is none": (some("enquiries", pl.lit(999), 500), {(RANGE, "enquiries")}),
    "a score in per cent": (some("score", pl.col("score") * 100, 10), {(RANGE, "score")}),
    "a new category": (some("purpose", pl.lit("boat"), 500), {(SET, "purpose")}),
    "another spelling": (some("purpose", pl.col("purpose").str.to_uppercase(), 500), {(SET, "purpose")}),
    "a third prediction": (some("prediction", pl.lit(2), 500), {(SET, "prediction")}),
    "repeated rows": (lambda rows: pl.concat([rows, rows.head(3)]), {(UNIQUE, "request_id"), (UNIQUE, "trace")}),
    "truncated ids": (some("request_id", pl.col("request_id").str.head(11), 500), {(SHAPE, "request_id")}),
    "truncated UUIDs": (some("trace", pl.col("trace").str.head(32), 500), {(SHAPE, "trace")}),
    "ids of another kind": (some("request_id", "tmp-" + pl.col("request_id").str.tail(8)), {(SHAPE, "request_id")}),
    "a leading zero lost": (all_of("zip", pl.col("zip").cast(pl.Int64).cast(pl.String)), {(LENGTHS, "zip")}),
    "numbers as text": (all_of("amount", pl.col("amount").cast(pl.String)), {(TYPE, "amount"), (RANGE, "amount")}),
    "times as text": (all_of("event_time", pl.col("event_time").cast(pl.String)), {(TYPE, "event_time")}),
    "truth as words": (all_of("returning", pl.lit("yes")), {(TYPE, "returning"), (SET, "returning")}),
    "a missing column": (lambda rows: rows.drop("model_version"), {(COLUMNS, None), (NULLS, "model_version")}),
    "hardly any rows": (lambda rows: rows.head(900), {(ROWS, None)}),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_it_passes_on_the_window_and_on_each_day(seed: int, tmp_path: Path) -> None:
    frames = learnt(seed)
    for rows in (pl.concat(frames.values()), *frames.values()):
        assert failures(proposed(seed).suite, rows, tmp_path) == set()


@pytest.mark.parametrize("seed", SEEDS)
def test_it_passes_on_the_next_day(seed: int, tmp_path: Path) -> None:
    assert failures(proposed(seed).suite, decisions(seed, "2026-07-04"), tmp_path) == set()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_fails_its_own_expectation_and_no_other(fault: str, seed: int, tmp_path: Path) -> None:
    plant, expected = FAULTS[fault]
    rows = plant(learnt(seed)[DAYS[1]])
    assert failures(proposed(seed).suite, rows, tmp_path) == expected


def test_every_kind_of_expectation_is_proposed() -> None:
    """So that no kind is left without a fault above."""
    tested = {type_ for _, expected in FAULTS.values() for type_, _ in expected}
    assert {each["type"] for each in proposed(SEEDS[0]).suite["expectations"]} == tested


def test_it_is_what_great_expectations_writes() -> None:
    suite = proposed(SEEDS[0]).suite
    assert rewritten(json.loads(json.dumps(suite))) == suite


def test_each_proposal_has_its_evidence_and_no_value_of_a_row() -> None:
    suite, rows = proposed(SEEDS[0]).suite, pl.concat(learnt(SEEDS[0]).values())
    for each in suite["expectations"]:
        told: dict[str, Any] = each["meta"]["retroaudit"]
        assert told["why"]
        assert set(told) == {"why", "evidence"}
    text = json.dumps(suite)
    for column in ("request_id", "trace", "zip"):
        assert not any(value in text for value in rows[column].unique())
    for column in ("amount", "balance"):
        assert str(rows[column].max()) not in text
        assert str(rows[column].min()) not in text
