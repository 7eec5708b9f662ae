from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from retroaudit.archive import control as module
from retroaudit.archive.control import ControlTotal
from retroaudit.archive.hashing import Memory
from retroaudit.archive.pin import pin
from retroaudit.archive.read import account, read_partition
from retroaudit.spec.window import snapshot
from tests.archive.small import DAY, Archive, reasons, rows_of, spec_of

LOGS = {"path": "logs/date={date}/*.parquet", "control": "control/{date}*.parquet"}
SPEC = spec_of(logs=LOGS)  # the logs' versions are in column v
OTHER = "2026-07-02"


@pytest.fixture
def archive(archive: Archive) -> Archive:
    """An archive with a day of three rows."""
    archive.log(rows_of(3))
    return archive


def total(archive: Archive, *frames: pl.DataFrame | bytes, **parts: Any) -> ControlTotal:
    """What the day's account says after these control objects were put there."""
    for number, frame in enumerate(frames):
        archive.write(f"control/{DAY}-{number}.parquet", frame)
    accounting = archive.read(spec_of(logs=LOGS, **parts))[1]
    return ControlTotal(accounting.control, accounting.control_fault, accounting.control_by_version)


def counts(**columns: Any) -> pl.DataFrame:
    return pl.DataFrame(columns)


def test_there_may_be_none(archive: Archive) -> None:
    assert total(archive) == ControlTotal(None)


def test_rows_are_summed_over_groups_and_objects_by_version(archive: Archive) -> None:
    first = counts(v=["a", "b", "a", None], consumer=["web", "web", "app", "web"], rows=[1, 2, 4, 8])
    second = counts(version=["b", "c"], rows=[16, 32])  # a column of the spec's own name is not there
    assert total(archive, first, second) == ControlTotal(63, by_version={"a": 5, "b": 18, "c": 32})


def test_versions_are_told_only_where_all_tell_them(archive: Archive) -> None:
    named, unnamed = counts(v=["a"], rows=[1]), counts(rows=[2])
    assert total(archive, named, unnamed) == ControlTotal(3)
    assert total(archive, named, named, columns={"version": None}) == ControlTotal(2)


def test_versions_are_text_as_in_the_logs(archive: Archive) -> None:
    assert total(archive, counts(v=[2, 3], rows=[1, 1])).by_version == {"2": 1, "3": 1}


@pytest.mark.parametrize(
    "days",
    [
        [DAY, OTHER, f"{DAY}T09:00:00Z"],
        [date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 1)],
        [datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 2, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)],
    ],
)
@pytest.mark.parametrize("name", ["day", "date"])
def test_rows_of_other_days_are_left_out(archive: Archive, name: str, days: list[Any]) -> None:
    frame = counts(v=["a", "b", "c"], rows=[1, 2, 4]).with_columns(pl.Series(name, days))
    assert total(archive, frame) == ControlTotal(5, by_version={"a": 1, "c": 4})


def test_faults_of_other_days_are_theirs(archive: Archive) -> None:
    assert total(archive, counts(day=[DAY, OTHER, OTHER], rows=[1, -1, None])).rows == 1


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (counts(n=[1]), "no column rows"),
        (counts(rows=["1"]), "string in the column rows"),
        (counts(rows=[1.5]), "double in the column rows"),
        (counts(rows=[1, None]), "missing or negative"),
        (counts(rows=[1, -1]), "missing or negative"),
        (counts(day=[DAY, DAY], rows=[1, None]), "missing or negative"),
        (counts(day=[DAY, OTHER], rows=[-1, 1]), "missing or negative"),
        (counts(day=[DAY, None], rows=[1, 1]), "a count without its day"),
        (counts(day=[OTHER], rows=[1]), f"no row of {DAY}"),
        (counts(day=[20260701], rows=[1]), f"no row of {DAY}"),
        (counts(rows=[2**63 - 1, 2**63 - 1]), f"{2**64 - 1} rows"),
        (b"nothing", "a file of 7 bytes"),
    ],
)
def test_a_total_that_cannot_be_used_says_why(archive: Archive, bad: pl.DataFrame | bytes, why: str) -> None:
    found = total(archive, counts(rows=[1]), bad)
    if why.startswith("no row of"):
        assert found.rows == 1  # another object has spoken for the day
        found = total(archive, bad, bad)
    assert (found.rows, found.by_version) == (None, None)
    assert why in found.fault


def test_a_flood_of_versions_is_no_evidence(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_VERSIONS", 2)
    assert "more than 2 versions" in total(archive, counts(v=["a", "b", "c"], rows=[1, 1, 1])).fault


def test_nobody_counted_anything_is_a_count(archive: Archive) -> None:
    assert total(archive, counts(rows=[1]).clear()).rows == 0


def test_a_snapshot_has_a_control_total_too(archive: Archive) -> None:
    """Its days are not asked for: it has none."""
    archive.write("snap/a.parquet", rows_of(3))
    archive.write("control.parquet", counts(date=["2020-01-01"], rows=[3]))
    spec = spec_of(logs={"path": "snap/*.parquet", "control": "control.parquet"}, columns={"time": None})
    (partition,) = pin(spec, snapshot(), None, archive.storage, Memory(archive.states)).partitions
    reading = read_partition(spec, partition, (None,), (), archive.storage, archive.spool)
    assert account(reading, reasons(pl.concat(reading.slices))).control == 3
