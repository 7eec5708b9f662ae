from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.archive import rows as prepared
from retroaudit.archive.hashing import Memory
from retroaudit.archive.pin import pin
from retroaudit.archive.read import account, read_partition, unreadable
from retroaudit.faults import IntegrityBroken, Unreadable
from retroaudit.spec.window import parse_window, snapshot
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.protocol import ObjectInfo
from tests.archive.small import DAY, Archive, reasons, rows_of, spec_of

SPEC = spec_of()
HOSTILE = ("<script>alert(1)</script>", "a'\"`;--", "line\nbreak\r\n\t", "x" * 10_000, "a.b", "{{ 7*7 }}", "", "^.*$")


def test_a_clean_day_counts_whole(archive: Archive) -> None:
    archive.log(rows_of(10))
    rows, accounting = archive.read(SPEC, columns=["s", "nowhere"])
    assert (accounting.read, accounting.counted, dict(accounting.excluded)) == (10, 10, {})
    assert rows.columns == ["nowhere", "s", "@excluded", "@version", "@prediction", "@label"]
    assert rows["nowhere"].null_count() == 10
    assert rows["@prediction"].to_list() == [0, 1] * 5
    assert rows["@label"].to_list() == [0, 0, 1, 1, 0, 0, 1, 1, 0, 0]
    assert rows["@version"].unique().to_list() == ["1.4.0"]


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("t", [None, datetime(2026, 7, 2, tzinfo=UTC)], ["time_missing", "outside_partition"]),
        ("t", [datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)],
         ["outside_partition", None]),
        ("p", [2, None], ["prediction_invalid", None]),
        ("s", [1.0000001, float("nan")], ["score_invalid", "score_invalid"]),
        ("s", [float("inf"), None], ["score_invalid", None]),
        ("s", [0.0, 1.0], [None, None]),
        ("y", [-1, None], ["label_invalid", None]),
        ("t", ["2026-07-01T23:59:59.999999Z", "soon"], [None, "time_missing"]),
    ],
)  # fmt: skip
def test_values_outside_their_domain_are_excluded(
    archive: Archive, column: str, values: list[Any], expected: list[str | None]
) -> None:
    archive.log(rows_of(2).with_columns(pl.Series(column, values)))
    rows, accounting = archive.read(SPEC)
    assert rows["@excluded"].to_list() == expected
    assert accounting.counted == expected.count(None)


def test_the_first_reason_wins(archive: Archive) -> None:
    bad = {"p": pl.lit(7), "s": pl.lit(7.0), "y": pl.lit(7)}
    archive.log(rows_of(1).with_columns(**bad, t=pl.lit(None, dtype=pl.Datetime("us", "UTC"))))
    assert archive.read(SPEC)[1].excluded == {"time_missing": 1}
    archive.log(rows_of(1).with_columns(**bad))
    assert archive.read(SPEC)[1].excluded == {"prediction_invalid": 1}


def test_slack_allows_neighbours(archive: Archive) -> None:
    moments = [datetime(2026, 6, 30, 22, 59, tzinfo=UTC), datetime(2026, 6, 30, 23, tzinfo=UTC)]
    moments += [datetime(2026, 7, 2, 0, 59, tzinfo=UTC), datetime(2026, 7, 2, 1, tzinfo=UTC)]
    archive.log(rows_of(4, t=pl.Series(moments)))
    rows, _ = archive.read(spec_of(time={"slack": "1h"}))
    assert rows["@excluded"].to_list() == ["outside_partition", None, None, "outside_partition"]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_of_a_zone_has_its_own_hours(archive: Archive, day: str, hours: int) -> None:
    """Clocks change in Berlin on 29 March and 25 October 2026 (Directive 2000/84/EC)."""
    first = datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp() - 10 * 3600
    moments = pl.Series([int((first + i * 3600) * 1e6) for i in range(48)]).cast(pl.Datetime("us", "UTC"))
    archive.log(rows_of(48, t=moments), day=day)
    assert archive.read(spec_of(time={"zone": "Europe/Berlin"}), day)[1].counted == hours


def test_a_time_column_of_another_type_excludes_the_partition(archive: Archive) -> None:
    archive.log(rows_of(2))
    archive.log(rows_of(2, t=pl.lit(5)), "b")
    reading = archive.open(SPEC)
    with pytest.raises(Unreadable, match=r"b\.parquet.*int32 in the time column 't'") as raised:
        list(reading.slices)
    accounting = unreadable(reading.partition, raised.value)
    assert (accounting.objects, accounting.read, accounting.counted) == (2, 0, 0)
    assert "b.parquet" in str(accounting.unreadable)


def test_a_numeric_feature_that_is_text_in_one_file_is_null_there(archive: Archive) -> None:
    spec = spec_of(columns={"features": {"f": "numeric", "c": "categorical"}})
    archive.log(rows_of(2, f=pl.lit(1.5), c=pl.lit(3)))
    archive.log(rows_of(2, f=pl.lit("1.5"), c=pl.lit("3")), "b")
    reading = archive.open(spec, columns=["f", "c"])
    frames = list(reading.slices)
    assert [frame["f"].to_list() for frame in frames] == [[1.5, 1.5], [None, None]]
    assert [frame["c"].to_list() for frame in frames] == [[3, 3], ["3", "3"]]


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name[:12]))
def test_hostile_names_and_values_are_data(archive: Archive, name: str) -> None:
    spec = spec_of(columns={"features": {name: "categorical"}, "version": name})
    archive.log(rows_of(3).with_columns(pl.lit(name).alias(name)))
    rows, accounting = archive.read(spec, columns=[name])
    assert rows[name].to_list() == rows["@version"].to_list() == [name] * 3
    assert accounting.counted == 3


def test_a_file_cannot_speak_for_the_archive(archive: Archive) -> None:
    forged = {"@excluded": pl.lit("no"), "@label": pl.lit(1), "@id": pl.lit("x")}
    archive.log(rows_of(2).with_columns(**forged))
    rows, accounting = archive.read(SPEC, columns=["@excluded", "@label"])
    assert (accounting.counted, rows["@label"].to_list()) == (2, [0, 0])


def test_a_file_without_rows_and_one_with_no_needed_column(archive: Archive) -> None:
    archive.log(rows_of(0))
    archive.log(pl.DataFrame({"other": [1, 2, 3]}), "b")
    assert archive.read(SPEC)[1].excluded == {"time_missing": 3}


def test_a_snapshot_has_no_times_to_judge(archive: Archive) -> None:
    archive.write("snap/a.parquet", rows_of(3))
    spec = spec_of(logs={"path": "snap/*.parquet"}, columns={"time": None})
    (partition,) = pin(spec, snapshot(), None, archive.storage, Memory(archive.states)).partitions
    reading = read_partition(spec, partition, (None,), ("s",), archive.storage, archive.spool)
    rows = pl.concat(reading.slices)
    assert account(reading, reasons(rows)).counted == 3


def test_the_reference_is_read_alike(archive: Archive) -> None:
    archive.log(rows_of(2))
    archive.write("ref/a.parquet", rows_of(3, "2020-01-01"))
    spec = spec_of(reference={"path": "ref/*.parquet"})
    reference = archive.pin(spec).reference
    assert reference is not None
    reading = read_partition(spec, reference, (None,), ("s",), archive.storage, archive.spool)
    rows = pl.concat(reading.slices)
    assert (account(reading, reasons(rows)).counted, rows["@label"].null_count()) == (3, 0)


def test_measures_that_miss_rows_break_the_account(archive: Archive) -> None:
    archive.log(rows_of(3))
    reading = archive.open(SPEC)
    list(reading.slices)
    with pytest.raises(IntegrityBroken, match="2 measured, expected 3 read"):
        account(reading, {None: 1, "score_invalid": 1})


def test_an_object_that_changes_while_it_is_read_stops_the_audit(archive: Archive) -> None:
    path = archive.log(rows_of(3))
    reading = archive.open(SPEC)
    next(reading.slices)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(IntegrityBroken, match=r"a\.parquet"):
        list(reading.slices)


def test_other_content_under_the_old_time_is_found_by_its_digest(archive: Archive) -> None:
    path = archive.log(rows_of(3, p=pl.lit(0)))
    reading = archive.open(SPEC)
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(IntegrityBroken, match="other bytes than were pinned"):
        list(reading.slices)


VALUES: dict[str, Any] = {
    "t": st.none()
    | st.datetimes(datetime(2026, 6, 30), datetime(2026, 7, 3))  # noqa: DTZ001 -- naive is UTC
    | st.sampled_from([datetime(1, 1, 1), datetime(9999, 12, 31)]),  # noqa: DTZ001
    "id": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    "v": st.none() | st.sampled_from(HOSTILE),
    "p": st.none() | st.floats() | st.sampled_from([0.0, 1.0]),
    "s": st.none() | st.floats(),
    "y": st.none() | st.integers(-1, 2),
}
TYPES: dict[str, Any] = {
    "t": pl.Datetime("us"),
    "id": pl.String,
    "v": pl.String,
    "p": pl.Float64,
    "s": pl.Float64,
    "y": pl.Int64,
}
IDS = st.lists(st.none() | st.sampled_from(["a", "b", "<c>", ""]), max_size=12)
TABLES = st.lists(st.tuples(*VALUES.values()), min_size=1, max_size=12)


def _read(files: list[pl.DataFrame]) -> tuple[pl.DataFrame, Any]:
    with TemporaryDirectory() as folder:
        archive = Archive(Path(folder) / "x")
        for number, frame in enumerate(files):
            archive.log(frame, f"{number:03}")
        return archive.read(SPEC, columns=["s", "v"])


@settings(max_examples=60, deadline=None)
@given(TABLES, st.integers(0, 12))
def test_every_row_is_accounted_for_wherever_files_are_cut(table: list[tuple[Any, ...]], cut: int) -> None:
    frame = pl.DataFrame(table, schema=TYPES, orient="row")
    rows, accounting = _read([frame])
    assert accounting.read == frame.height == accounting.counted + sum(accounting.excluded.values())
    assert set(accounting.excluded) <= set(prepared.REASONS)
    counted = rows.filter(pl.col("@excluded").is_null())
    for name in ("@prediction", "@label"):
        assert set(counted[name]) <= {0, 1, None}
    again, cut_accounting = _read([frame[:cut], frame[cut:]])
    assert again.equals(rows)
    assert (cut_accounting.read, cut_accounting.excluded) == (accounting.read, accounting.excluded)


def test_rows_that_repeat_are_counted_and_told(archive: Archive) -> None:
    """The same 5 rows in 4 files: 20 rows, of which 15 repeat an id."""
    for name in "abcd":
        archive.log(rows_of(5), name)
    accounting = archive.read(SPEC)[1]
    assert (accounting.counted, accounting.duplicate_ids, accounting.null_ids) == (20, 15, 0)
    archive.log(rows_of(3, id=pl.Series([7.0, None, None])), "b")  # as text 7, as it is where ids are integers
    archive.log(rows_of(2, id=pl.Series([7, 8])), "c")
    accounting = archive.read(SPEC)[1]
    assert (accounting.duplicate_ids, accounting.null_ids) == (5 + 1, 2)


def test_ids_repeat_whatever_excludes_their_rows(archive: Archive) -> None:
    archive.log(rows_of(3, id=pl.lit("same"), s=pl.lit(7.0)))
    accounting = archive.read(SPEC)[1]
    assert (accounting.counted, accounting.duplicate_ids) == (0, 2)


def test_without_a_column_of_ids_nobody_knows_what_repeats(archive: Archive) -> None:
    archive.log(rows_of(3))
    accounting = archive.read(spec_of(columns={"id": None}))[1]
    assert (accounting.duplicate_ids, accounting.null_ids) == (None, None)


@settings(max_examples=40, deadline=None)
@given(IDS, st.integers(0, 12))
def test_duplicates_are_rows_less_different_ids_wherever_files_are_cut(ids: list[str | None], cut: int) -> None:
    frame = rows_of(len(ids)).with_columns(pl.Series("id", ids, dtype=pl.String))
    known = [each for each in ids if each is not None]
    for files in ([frame], [frame[:cut], frame[cut:]]):
        accounting = _read(files)[1]
        assert accounting.duplicate_ids == len(known) - len(set(known))
        assert accounting.null_ids == len(ids) - len(known)


@dataclass(frozen=True)
class Versioned:
    """A far store that keeps versions: `fetch` copies into the spool, as S3's does."""

    near: LocalStorage

    @property
    def url(self) -> str:
        return "s3://bucket"

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        return (replace(info, version="v1", checksum="etag:x") for info in self.near.list(prefix))

    def head(self, key: str) -> ObjectInfo | None:
        found = self.near.head(key)
        return found and replace(found, version="v1", checksum="etag:x")

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        assert version in {None, "v1"}
        return self.near.read(key, start=start, length=length)

    def fetch(self, info: ObjectInfo, spool: Path) -> Path:
        copy = spool / "copy"
        copy.write_bytes(self.near.read(info.key))
        return copy

    def put_if_absent(self, key: str, data: bytes, *, retain_until: datetime | None = None) -> bool:
        return self.near.put_if_absent(key, data, retain_until=retain_until)

    def put_all(self, objects: Mapping[str, bytes], *, retain_until: datetime | None = None) -> Mapping[str, bool]:
        return {key: self.put_if_absent(key, data, retain_until=retain_until) for key, data in objects.items()}


@pytest.mark.parametrize("tier", ["medium", "high"])
def test_a_far_object_is_spooled_one_at_a_time_and_removed(archive: Archive, tier: str) -> None:
    archive.log(rows_of(3))
    archive.log(rows_of(4), "b")
    spec, far = spec_of(tier=tier), Versioned(archive.storage)
    (partition,) = pin(spec, parse_window(DAY), None, far, Memory(archive.states)).partitions
    assert [pinned.sha256 is not None for pinned in partition.logs] == [tier == "high"] * 2
    reading = read_partition(spec, partition, (None,), ("s",), far, archive.spool)
    seen = []
    for frame in reading.slices:
        assert len(list(archive.spool.rglob("copy"))) == 1
        seen.append(frame.height)
    assert seen == [3, 4]
    assert list(archive.spool.iterdir()) == []
