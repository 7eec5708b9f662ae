"""When the last label arrived: whatever stands in the column of arrivals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import polars as pl
import pytest

from retroaudit.archive.arrivals import NEVER, Arrivals
from retroaudit.archive.times import microseconds
from tests.archive.small import DAY, Archive, rows_of, spec_of

FIRST, SECOND = datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 7, 2, 12, tzinfo=UTC)


def last(*frames: pl.DataFrame, arrived: str | None = "at", zone: str = "UTC") -> int:
    arrivals = Arrivals(arrived, zone)
    seen = arrivals.seen(("k", frame) for frame in frames)
    assert [frame.equals(given) for (_, frame), given in zip(seen, frames, strict=True)] == [True] * len(frames)
    return arrivals.last


def at(values: Sequence[object], dtype: pl.DataType | None = None) -> pl.DataFrame:
    return pl.DataFrame({"at": pl.Series(values, dtype=dtype)})


def test_the_last_of_all_slices_counts() -> None:
    assert last(at([FIRST, None]), at([SECOND]), at([FIRST])) == microseconds(SECOND)


@pytest.mark.parametrize(
    "frame",
    [
        at([None, None], pl.Datetime("us")),
        at(["soon", "2026-13-01", None]),
        at([1, 2**62]),
        at([float("nan")]),
        pl.DataFrame({"other": [FIRST]}),
        at([FIRST])[:0],
    ],
    ids=["null", "text", "integers", "nan", "absent", "empty"],
)
def test_what_is_no_time_is_never_awaited(frame: pl.DataFrame) -> None:
    assert last(frame) == NEVER
    assert last(frame, at([FIRST])) == microseconds(FIRST)


def test_no_slices_and_no_column_are_never() -> None:
    assert (last(), last(at([FIRST]), arrived=None)) == (NEVER, NEVER)


def test_it_is_unknown_until_all_labels_were_read() -> None:
    arrivals = Arrivals("at", "UTC")
    seen = arrivals.seen([("k", at([FIRST]))])
    next(seen)
    assert not arrivals.read
    assert list(seen) == []
    assert (arrivals.read, arrivals.last) == (True, microseconds(FIRST))


def test_times_far_away_and_of_every_type() -> None:
    assert last(at(["9999-12-31T23:59:59.999999Z"])) == microseconds(datetime(9999, 12, 31, 23, 59, 59, 999999, UTC))
    assert last(at([2**63 - 1], pl.Int64()).select(pl.col("at").cast(pl.Datetime("ms")))) == (2**63 - 1) // 1000 * 1000
    assert last(at(["1900-01-01T00:00:00Z"])) == microseconds(datetime(1900, 1, 1, tzinfo=UTC))
    assert last(at([date(2026, 7, 1)]), zone="Asia/Tokyo") == microseconds(datetime(2026, 7, 1, 3, tzinfo=UTC))


def test_a_reading_tells_it_and_an_immature_day_does_not(archive: Archive) -> None:
    archive.log(rows_of(3))
    archive.write(f"labels/{DAY}.parquet", pl.DataFrame({"id": ["r0", "r1"], "y": [1, 0], "at": [SECOND, None]}))
    labels = {"path": "labels/{date}.parquet", "arrived": "at", "mature_after": "30d"}
    ripe, green = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 7, 31, 23, 59, tzinfo=UTC)
    told = [
        archive.open(spec, as_of=at).arrivals
        for spec, at in ((spec_of(labels=labels), ripe), (spec_of(labels=labels), green), (spec_of(), ripe))
    ]
    assert [each.read for each in told] == [True, False, False]
    assert told[0].last == microseconds(SECOND)
