"""What is in the state store is not read again, and nothing of it shows in the report."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from retroaudit.archive import read as reading
from retroaudit.artefacts import Sealed
from tests.world import SPEC, World, decisions

DAYS = ("2026-07-01", "2026-07-02", "2026-07-03")
WEEK = "2026-07-01/2026-07-04"
LABELLED: dict[str, Any] = {
    **SPEC,
    "labels": {"path": "labels/date={date}/*.parquet", "arrived": "arrived", "delay": "30d"},
    "reference": {"path": "reference/*.parquet"},
}


class Reads:
    """The columns that were asked of each object, in order."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, frozenset[str]]] = []

    def of(self, folder: str) -> set[str]:
        return {name for key, columns in self.asked if key.startswith(folder) for name in columns}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reads]:
    seen, slices = Reads(), reading.slices

    def spy(path: Path, key: str, found: Any, columns: Any, limits: Any) -> Any:
        seen.asked.append((key, frozenset(columns)))
        return slices(path, key, found, columns, limits)

    monkeypatch.setattr(reading, "slices", spy)
    return seen


@pytest.fixture
def filled(world: World) -> World:
    """Three days of decisions with labels ten days later, and a reference."""
    for day in DAYS:
        frame = decisions(day=day)
        world.put(f"logs/date={day}/part-0.parquet", frame.drop("label").with_columns(extra=pl.col("amount") * 2))
        arrived = pl.col("time").dt.offset_by("10d").alias("arrived")
        world.put(f"labels/date={day}/part-0.parquet", frame.select("id", "label", arrived))
    world.put("reference/part-0.parquet", decisions(3000).with_columns(extra=pl.col("amount") * 2))
    return world


def sha(sealed: Sealed) -> str:
    return sealed.report_json_sha256


def fresh(world: World, document: dict[str, Any], window: str, **options: Any) -> str:
    """The digest of the report that the same archive gives without any state."""
    other = World(world.root / "fresh")
    shutil.rmtree(other.root, ignore_errors=True)
    shutil.copytree(world.archive, other.archive)
    return sha(other.audit(document, window, **options))


def test_a_second_run_reads_nothing(filled: World, reads: Reads) -> None:
    first = filled.audit(LABELLED, WEEK)
    assert (first.rows_read, first.reused) == (15_000, 0)
    reads.asked.clear()
    again = filled.audit(LABELLED, WEEK)
    assert (again.rows_read, again.reused, again.created) == (0, 4, False)
    assert reads.asked == []


def test_a_span_is_a_merge_of_its_days(filled: World, reads: Reads) -> None:
    for day in DAYS:
        filled.audit(LABELLED, day)
    reads.asked.clear()
    span = filled.audit(LABELLED, WEEK)
    assert (span.rows_read, reads.asked) == (0, [])
    assert sha(span) == fresh(filled, LABELLED, WEEK)


def test_a_new_feature_reads_its_column_alone(filled: World, reads: Reads) -> None:
    filled.audit(LABELLED, WEEK)
    reads.asked.clear()
    columns = {**LABELLED["columns"], "features": {**LABELLED["columns"]["features"], "extra": "numeric"}}
    wider = {**LABELLED, "columns": columns}
    sealed = filled.audit(wider, WEEK)
    assert reads.of("") == {"extra"}
    filled.root.joinpath("fresh").mkdir()
    other = World(filled.root / "fresh")
    shutil.copytree(filled.archive, other.archive)
    other.audit(LABELLED, WEEK)
    assert filled.report(sealed.report)["metrics"] == other.report(other.audit(wider, WEEK).report)["metrics"]


def test_where_rows_are_excluded_a_new_feature_is_read_with_the_columns_that_exclude(
    filled: World, reads: Reads
) -> None:
    frame = pl.read_parquet(filled.archive / f"logs/date={DAYS[0]}/part-0.parquet")
    filled.put(f"logs/date={DAYS[0]}/part-0.parquet", frame.with_columns(score=pl.col("score") * 1.5))
    filled.audit(LABELLED, DAYS[0])
    reads.asked.clear()
    columns = {**LABELLED["columns"], "features": {**LABELLED["columns"]["features"], "extra": "numeric"}}
    sealed = filled.audit({**LABELLED, "columns": columns}, DAYS[0])
    assert reads.of("logs") == {"time", "id", "version", "prediction", "score", "label", "extra"}
    assert reads.of("reference") == {"extra"}
    rates = [m for m in filled.report(sealed.report)["metrics"] if m["metric"] == "excluded_rows"]
    assert [m["value"] for m in rates] == [1320.0]  # scores of 0.67 to 0.99, times 1.5: 33 of 100 rows


def test_a_later_cut_off_reads_labels_and_no_features(filled: World, reads: Reads) -> None:
    early = filled.audit(LABELLED, DAYS[0], as_of="2026-07-05")
    reads.asked.clear()
    late = filled.audit(LABELLED, DAYS[0], as_of="2026-07-20")
    assert reads.of("labels") == {"id", "label", "arrived"}
    assert reads.of("logs") == {"time", "id", "version", "prediction", "score", "label", "group"}
    assert reads.of("reference") == set()
    assert late.report.rev == early.report.rev + 1


def test_once_all_labels_are_there_a_later_cut_off_reads_nothing(filled: World, reads: Reads) -> None:
    filled.audit(LABELLED, DAYS[0], as_of="2026-07-20")
    reads.asked.clear()
    later = filled.audit(LABELLED, DAYS[0], as_of="2026-10-01")
    assert (later.rows_read, reads.asked) == (0, [])
    spec = {**LABELLED, "labels": {**LABELLED["labels"], "mature_after": "60d"}}
    assert filled.audit(spec, DAYS[0], as_of="2026-08-01").rows_read > 0  # not mature by then: another state


def test_damaged_states_are_measured_again(filled: World) -> None:
    first = filled.audit(LABELLED, WEEK)
    bundles = sorted((filled.root / "spool" / "states" / "states").rglob("*.parquet"))
    assert bundles
    for number, path in enumerate(bundles):
        data = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:] if number % 2 else data[:-9])
    again = filled.audit(LABELLED, WEEK)
    assert (again.rows_read, again.created, sha(again)) == (15_000, False, sha(first))
    assert filled.audit(LABELLED, WEEK).rows_read == 0

