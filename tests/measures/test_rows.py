"""Rows by the reason of their exclusion."""

import polars as pl

from retroaudit.measures import rows
from retroaudit.measures.measure import EXCLUDED


def test_rows_by_hand() -> None:
    frame = pl.LazyFrame({EXCLUDED: [None, "score_domain", None, "outside_partition", "score_domain"]})
    found = rows.finish(rows.partial(frame))
    assert found == {None: 2, "outside_partition": 1, "score_domain": 2}
    assert list(found) == [None, "outside_partition", "score_domain"]


def test_without_reasons_every_row_counts() -> None:
    assert rows.finish(rows.partial(pl.LazyFrame({"x": [1, 2]}))) == {None: 2}
    assert rows.finish(rows.partial(pl.LazyFrame({EXCLUDED: []}))) == {}
