"""Rows looked at again: the first of those that are repeated anywhere, whatever is held of the table."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.checks.quality.asked import Asked
from retroaudit.checks.quality.gx.batch import of_frame
from retroaudit.checks.quality.gx.rows import SAMPLED, _first_repeated

ASKED = Asked(("x",), {"x": "int64"}, {})


def brute(values: list[int | None]) -> list[int]:
    return [at for at, value in enumerate(values) if value is not None and values.count(value) > 1][:SAMPLED]


@given(st.lists(st.integers(0, 12) | st.none(), max_size=40))
def test_the_first_repeated_rows(values: list[int | None]) -> None:
    batch = of_frame(pl.DataFrame({"x": values}, schema={"x": pl.Int64}))
    assert _first_repeated(ASKED, batch).to_list() == brute(values)


def test_a_row_whose_like_comes_very_late_is_found_and_few_are_found_wherever_they_are() -> None:
    """Neither is among the first 4,096 rows alone, and the table has more than one slice."""
    numbers = pl.int_range(300_000, eager=True).alias("x")
    late = numbers.scatter(299_999, 7)
    assert _first_repeated(ASKED, of_frame(late.to_frame())).to_list() == [7, 299_999]
    many = pl.concat([numbers, numbers])
    assert _first_repeated(ASKED, of_frame(many.to_frame())).to_list() == list(range(SAMPLED))
