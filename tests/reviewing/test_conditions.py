"""What failed in a report, asked of single rows: as many break it as the metric counts."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from retroaudit.measures import counts, grid
from retroaudit.reviewing.conditions import Condition, Question, counted, limits
from retroaudit.spec.digest import from_document

NAN, INF = float("nan"), float("inf")
VALUES = pl.Series([None, NAN, INF, -INF, -0.1, 0.0, 1.0, 1.0000001, 5.0], dtype=pl.Float64)
SPEC = from_document(
    {
        "model": "m",
        "owner": "o",
        "logs": {"path": "x"},
        "columns": {"features": {"^a$": "numeric"}},
        "quality": {"ranges": {"^a$": [0, 1]}},
    }
)


def failed(metric: str, **other: Any) -> dict[str, Any]:
    return {"check": "quality", "metric": metric, "subject": "^a$", "verdict": "failed", "slice": {}, **other}


def asked(metric: str) -> Question:
    (question,) = limits(SPEC, [failed(metric)])
    return question


@pytest.mark.parametrize(
    ("metric", "rows"),
    [("null_rate", [0]), ("nan_rate", [1]), ("inf_rate", [2, 3]), ("out_of_range_rate", [4, 7, 8])],
)
def test_rows_that_break_a_limit_are_those_that_its_state_counts(metric: str, rows: list[int]) -> None:
    question, measures = asked(metric), {"counts": counts.partial, "grid": grid.partial}
    frame = VALUES.alias("^a$").to_frame()
    assert question.condition.fails(frame).arg_true().to_list() == rows
    assert question.need.columns == ("^a$",)
    assert question.count(measures[question.need.measure](VALUES.to_frame("v"), ("v",))) == len(rows)
    assert question.condition.name == f"{metric}(^a$)"


@pytest.mark.parametrize("values", [["a", None], [1, None]], ids=["text", "integers"])
def test_other_types_are_never_nan(values: list[Any]) -> None:
    frame = pl.DataFrame({"^a$": values})
    for metric in ("nan_rate", "inf_rate"):
        assert asked(metric).condition.fails(frame).to_list() == [False, False]
    assert asked("null_rate").condition.fails(frame).to_list() == [False, True]


@pytest.mark.parametrize(
    "metric",
    [
        failed("null_rate", verdict="passed"),
        failed("null_rate", check="drift"),
        failed("null_rate", slice={"g": "a"}),
        failed("something_else"),
        failed("out_of_range_rate", subject="b"),
    ],
)
def test_what_did_not_fail_for_rows_is_no_condition(metric: dict[str, Any]) -> None:
    assert limits(SPEC, [metric]) == ()


def test_only_a_count_of_none_says_that_there_are_none() -> None:
    condition = Condition("c", (), lambda rows: rows["a"], {"monday": 0, "tuesday": 2})
    assert [condition.broken_in(day) for day in ("monday", "tuesday", "wednesday")] == [False, True, True]


def test_without_states_nothing_is_known() -> None:
    (condition,) = counted(SPEC, [asked("null_rate")], (), None)
    assert condition.failing == {}
