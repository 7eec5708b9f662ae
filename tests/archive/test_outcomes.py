from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from retroaudit.archive.outcomes import outcome, positives


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        ([0, 1, 2, -1, None], 1, [0, 1, -1, -1, None]),
        ([0.0, 1.0, 0.5, float("nan"), float("inf"), None], 1, [0, 1, -1, -1, -1, None]),
        ([True, False, None], 1, [1, 0, None]),
        ([True, False, None], True, [1, 0, None]),
        (["1", "0", "TRUE", "false", "yes", "", None], 1, [1, 0, 1, 0, -1, -1, None]),
        ([0, 1, 2], (1,), [0, 1, -1]),
        ([-1, 5, 10, None], (5, 6, 7, 8, 9, 10), [0, 1, 1, None]),
        ([1.0, float("nan"), -float("inf")], (5, 1), [1, -1, -1]),
        (["yes", "no", "Yes", " yes", None], "yes", [1, 0, -1, -1, None]),
        (["5", "6"], 5, [1, 0]),
        ([0, 1], 0, [1, 0]),
        ([None, None], 1, [None, None]),
        ([], 1, []),
    ],
)
def test_outcomes(values: list[Any], positive: Any, expected: list[int | None]) -> None:
    found = outcome(pl.Series(values), positives(positive))
    assert found.dtype == pl.Int8
    assert found.to_list() == expected


def test_types_that_are_no_outcome_are_invalid() -> None:
    days = pl.Series([None, 0], dtype=pl.Int32).cast(pl.Date)
    assert outcome(days, (1,)).to_list() == [None, -1]


def test_integers_beyond_any_float_are_told_apart() -> None:
    assert outcome(pl.Series([2**53, 2**53 + 1]), (2**53 + 1,)).to_list() == [0, 1]
    assert outcome(pl.Series([2**64 - 1], dtype=pl.UInt64), (-1, 2)).to_list() == [0]
