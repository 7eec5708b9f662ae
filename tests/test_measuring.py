"""What is in the state store is not read again, and nothing of it shows in the report."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from retroaudit.archive import read as reading
from retroaudit.archive import scan
from retroaudit.artefacts import Sealed
from tests.world import NOON, SPEC, World, decisions

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
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    seen, slices = Reads(), scan.slices

    def spy(path: Path, key: str, found: Any, columns: Any, limits: Any, coded: Any = ()) -> Any:
        seen.asked.append((key, frozenset(columns)))
        return slices(path, key, found, columns, limits, coded)

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


def test_one_pass_serves_the_cut_offs_of_day_month_and_quarter(filled: World, reads: Reads) -> None:
    """Labels that come between the cut-off of the day and that of its month are seen by the month alone."""
    late = pl.col("time").dt.offset_by("40d").alias("arrived")
    frame = decisions(day=DAYS[0])
    filled.put(
        f"labels/date={DAYS[0]}/part-1.parquet",
        frame.head(500).select("id", (1 - pl.col("label")).cast(pl.Int8).alias("label"), late),
    )
    days = [filled.audit(LABELLED, day) for day in DAYS]
    reads.asked.clear()
    spans = [filled.audit(LABELLED, window) for window in ("2026-07", "2026-Q3")]
    assert (sum(span.rows_read for span in spans), reads.asked) == (0, [])
    assert [sha(span) for span in spans] == [fresh(filled, LABELLED, window) for window in ("2026-07", "2026-Q3")]
    seen = [filled.report(each.report)["inputs"]["partitions"][0]["rows"]["labels"] for each in (days[0], *spans)]
    assert seen == [
        {"joined": 4000, "late": 500},
        {"joined": 4000, "superseded": 500},
        {"joined": 4000, "superseded": 500},
    ]


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


def test_the_age_of_a_reference_is_told_by_its_event_times(filled: World) -> None:
    """Its rows end on 2026-07-01 before midnight; the cut-off is 2026-08-02."""
    aged = {**LABELLED, "reference": {**LABELLED["reference"], "max_age": "20d"}}
    document = filled.report(filled.audit(aged, DAYS[1]).report)
    (age,) = [m for m in document["metrics"] if m["metric"] == "reference_age_days"]
    assert (round(age["value"], 2), age["verdict"], age["threshold"]) == (31.0, "failed", {"max": 20.0, "min": None})
    dated = {**aged, "reference": {**aged["reference"], "date": "2026-07-20", "window": "previous"}}
    document = filled.report(filled.audit(dated, DAYS[1]).report)
    assert [m["value"] for m in document["metrics"] if m["metric"] == "reference_age_days"] == [13.0]
    rolled = [m for m in document["metrics"] if m["slice"] == {"reference": "previous"}]
    assert {m["verdict"] for m in rolled if m["metric"] == "wasserstein"} == {"passed"}
    assert list(document["inputs"]["rolling"]) == ["previous"]


def test_a_state_of_labels_in_the_logs_is_not_one_of_labels_kept_apart(world: World) -> None:
    """A raw label, 0 or 1, and a code, none or negative, are the same numbers; merged, they are told apart."""
    apart = {**SPEC, "labels": {"path": "labels/date={date}/*.parquet", "arrived": "arrived"}}
    for day in DAYS[:2]:
        frame = decisions(100, day=day)
        world.put(f"logs/date={day}/part-0.parquet", frame)
        late = pl.concat([frame.filter(pl.col("label") == 1).head(99), frame.head(1)])
        arrived = pl.when(pl.int_range(pl.len()) < pl.len() - 1).then(pl.col("time")).otherwise(pl.lit(NOON))
        negative = late.select(
            "id", pl.lit(0, pl.Int8).alias("label"), arrived.cast(pl.Datetime("us", "UTC")).alias("arrived")
        )
        world.put(f"labels/date={day}/part-0.parquet", negative)
    other = World(world.root / "other")
    shutil.copytree(world.archive, other.archive)
    world.audit(SPEC, "2026-07-01/2026-07-03")
    sealed = [each.audit(apart, "2026-07-01/2026-07-03", as_of="2026-07-05T05:00:00Z") for each in (world, other)]
    here, alone = world.report(sealed[0].report), other.report(sealed[1].report)
    assert here["metrics"] == alone["metrics"]
    assert here["inputs"] == alone["inputs"]
