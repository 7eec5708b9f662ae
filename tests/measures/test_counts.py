"""Counts of what is there and what is not."""

import math

import polars as pl
import pytest

from retroaudit.measures import counts
from retroaudit.measures.counts import Counts


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pl.Series([1.0, None, math.nan, math.nan, math.inf, -math.inf]), Counts(6, 1, 2, 1, 1)),
        (pl.Series([1.0, math.inf, None], dtype=pl.Float32), Counts(3, 1, 0, 1, 0)),
        (pl.Series([1, None]), Counts(2, 1, 0, 0, 0)),
        (pl.Series(["NaN", "inf", None]), Counts(3, 1, 0, 0, 0)),
        (pl.Series([[1.0], None, []]), Counts(3, 1, 0, 0, 0)),
        (pl.Series([{"a": 1}, None]), Counts(2, 1, 0, 0, 0)),
        (pl.Series(["1.5", None]).str.to_decimal(scale=1), Counts(2, 1, 0, 0, 0)),
        (pl.Series([None, None]), Counts(2, 2, 0, 0, 0)),
        (pl.Series([], dtype=pl.Float64), Counts(0, 0, 0, 0, 0)),
        (pl.Series([], dtype=pl.String), Counts(0, 0, 0, 0, 0)),
    ],
)
def test_counts_by_hand(column: pl.Series, expected: Counts) -> None:
    assert counts.finish(counts.partial(column.alias("x").to_frame().lazy(), ("x",))) == expected


def test_an_absent_column_is_all_null() -> None:
    assert counts.finish(counts.partial(pl.LazyFrame({"y": [1, 2, 3]}), ("x",))) == Counts(3, 3, 0, 0, 0)
    assert counts.finish(counts.partial(pl.LazyFrame(), ("x",))) == Counts(0, 0, 0, 0, 0)
