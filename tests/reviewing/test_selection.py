"""What is held slice by slice is what one look at all rows would choose."""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import partial
from itertools import pairwise
from random import Random

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.reviewing.selection import FILE, OF, REF, REST, ROW, STRATUM, Selection
from retroaudit.reviewing.strata import Stratum, allocate

STRATA = [str(Stratum(str(number), (), None, failed=number % 3 == 0)) for number in range(6)]
Row = tuple[str, str, str, int]
ROWS = st.lists(st.tuples(st.sampled_from(STRATA), st.sampled_from("abcdefgh"), st.sampled_from("xy")), max_size=60)


def frame(rows: list[Row]) -> pl.DataFrame:
    schema = {STRATUM: pl.String, REF: pl.String, FILE: pl.String, ROW: pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def select(rows: list[Row], cuts: list[int], most: int, strata: int) -> Selection:
    """All rows, cut into slices at some places; each row's value is its number."""
    selection = Selection(most, strata)
    edges = [0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]
    for start, end in pairwise(edges):
        part = frame(rows[start:end])
        selection.add(part, partial(numbers, part))
    return selection


def numbers(rows: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    return rows[places].select(pl.col(ROW).cast(pl.String).alias("0"))


def brute(rows: list[Row], most: int, strata: int) -> tuple[dict[str, int], list[tuple[str, Row]]]:
    """The sizes and the drawn rows with what they are drawn for, looking at everything at once."""

    def rank(text: str) -> tuple[bool, str]:
        return not Stratum.parse(text).failed, hashlib.sha256(text.encode()).hexdigest()

    kept = sorted({row[0] for row in rows}, key=rank)[:strata]
    of = {row: row[0] if row[0] in kept else REST for row in rows}
    sizes = Counter(of.values())
    shares = allocate(sizes, most)
    chosen = [(each, sorted((row for row in rows if of[row] == each), key=lambda row: row[1:])) for each in sizes]
    return dict(sizes), sorted((each, row) for each, own in chosen for row in own[: shares[each]])


@given(ROWS, st.lists(st.integers(0, 60), max_size=4), st.integers(0, 12), st.integers(1, 6), st.randoms())
def test_any_cut_and_order_selects_what_brute_force_does(
    given_rows: list[tuple[str, str, str]], cuts: list[int], most: int, strata: int, luck: Random
) -> None:
    rows = [(*row, number) for number, row in enumerate(given_rows)]
    sizes, expected = brute(rows, most, strata)
    luck.shuffle(rows)
    selection = select(rows, cuts, most, strata)
    drawn = selection.drawn()
    assert selection.sizes == sizes
    assert sorted(zip(drawn[OF], drawn.select(STRATUM, REF, FILE, ROW).rows(), strict=True)) == expected
    if rows:
        assert drawn["0"].to_list() == [str(number) for number in drawn[ROW]]


@given(ROWS, st.integers(1, 5), st.integers(1, 3))
def test_what_is_held_is_bounded(given_rows: list[tuple[str, str, str]], most: int, strata: int) -> None:
    rows = [(*row, number) for number, row in enumerate(given_rows)]
    selection = select(rows, list(range(0, 60, 7)), most, strata)
    assert selection._held is None or selection._held.height <= most * (strata + 1)


def test_nothing_added_is_nothing_drawn() -> None:
    assert Selection(5).drawn().height == 0
