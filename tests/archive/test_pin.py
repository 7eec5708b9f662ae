from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retroaudit.archive.hashing import Memory
from retroaudit.archive.inputs import Partition, Pinned
from retroaudit.archive.pin import content_digest, control_digest, label_digest, pin
from retroaudit.faults import BadInput
from retroaudit.spec.window import snapshot
from retroaudit.storage.protocol import ObjectInfo
from tests.archive.small import DAY, Archive, spec_of

LABELS = {"path": "labels/{date}.parquet"}
FULL = {
    "logs": {"path": "logs/date={date}/*.parquet", "control": "control/{date}.parquet"},
    "labels": LABELS,
    "reference": {"path": "ref/*.parquet"},
}


def full(archive: Archive) -> Archive:
    archive.log(b"one")
    archive.log(b"two", "b")
    archive.log(b"three", day="2026-07-03")
    archive.write(f"labels/{DAY}.parquet", b"label")
    archive.write(f"control/{DAY}.parquet", b"control")
    archive.write("ref/x.parquet", b"ref")
    return archive


def test_everything_is_pinned_with_its_digest(archive: Archive) -> None:
    inputs = full(archive).pin(spec_of(**FULL), "2026-07-01/2026-07-04")
    first, third = inputs.partitions
    assert (first.key, third.key, inputs.missing) == (DAY, "2026-07-03", ("2026-07-02",))
    assert [len(group) for group in (first.logs, first.labels, first.control)] == [2, 1, 1]
    assert first.logs[0].sha256 == hashlib.sha256(b"one").hexdigest()
    assert inputs.reference is not None
    assert inputs.reference.logs[0].sha256 == hashlib.sha256(b"ref").hexdigest()
    assert (first.start, first.end) == (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 2, tzinfo=UTC))


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)])
def test_days_of_a_zone_have_their_own_length(archive: Archive, day: str, hours: int) -> None:
    """Clocks change in Berlin on 29 March and 25 October 2026 (Directive 2000/84/EC)."""
    archive.log(b"x", day=day)
    (partition,) = archive.pin(spec_of(time={"zone": "Europe/Berlin"}), day).partitions
    assert partition.start is not None
    assert partition.end is not None
    assert partition.end - partition.start == timedelta(hours=hours)


def test_a_window_without_objects_is_all_missing(archive: Archive) -> None:
    archive.log(b"x", day="2026-06-01")
    inputs = archive.pin(spec_of(), "2026-07")
    assert (inputs.partitions, len(inputs.missing)) == ((), 31)


def test_wrong_patterns_all_at_once_with_the_nearest_keys(archive: Archive) -> None:
    full(archive)
    spec = spec_of(logs={"path": "log/date={date}/*.parquet"}, labels={"path": "labels/{date}.pq"})
    with pytest.raises(BadInput) as raised:
        archive.pin(spec)
    logs, labels = raised.value.faults
    assert (logs.subject, labels.subject) == ("logs.path", "labels.path")
    assert "log/date={date}/*.parquet" in logs.found
    assert "logs/date=2026-07-01/a.parquet" in logs.remedy


def test_an_empty_archive_says_so(archive: Archive) -> None:
    with pytest.raises(BadInput, match="Nothing at all"):
        archive.pin(spec_of())


def test_over_budget_refuses_before_reading(archive: Archive) -> None:
    full(archive)
    with pytest.raises(BadInput, match=r"11 bytes to read.*at most 10") as raised:
        archive.pin(spec_of(limits={"bytes": 10}), "2026-07")
    assert "limits.bytes" in str(raised.value)


def test_a_snapshot_has_neither_bounds_nor_missing_days(archive: Archive) -> None:
    archive.write("ref/x.parquet", b"ref")
    inputs = pin(spec_of(logs={"path": "ref/*.parquet"}), snapshot(), None, archive.storage, Memory(archive.states))
    (partition,) = inputs.partitions
    assert (partition.key, partition.start, inputs.missing) == ("snapshot", None, ())


def test_digests_know_content_alone(archive: Archive, tmp_path: Path) -> None:
    spec, window = spec_of(**FULL), "2026-07-01/2026-07-04"
    here = full(archive).pin(spec, window).partitions[0]
    moved = full(Archive(tmp_path / "elsewhere"))
    os.utime(moved.root / here.logs[0].info.key, (1, 1))
    there = moved.pin(spec, window).partitions[0]
    assert here != there
    for digest in (content_digest, label_digest, control_digest):
        assert digest(here) == digest(there)
    moved.log(b"ONE")
    changed = moved.pin(spec, window).partitions[0]
    assert content_digest(changed) != content_digest(here)
    assert label_digest(changed) == label_digest(here)


def test_versions_and_checksums_identify_where_nothing_was_hashed() -> None:
    info = ObjectInfo("k", 1, datetime(2026, 1, 1, tzinfo=UTC), version="v1", checksum="etag:x")
    one = Partition("2026-07-01", None, None, (Pinned(info),))
    later = replace(one, logs=(Pinned(replace(info, modified=datetime(2027, 1, 1, tzinfo=UTC))),))
    assert content_digest(one) == content_digest(later)
    for changed in (replace(info, version="v2"), replace(info, checksum="etag:y"), replace(info, size=2)):
        assert content_digest(replace(one, logs=(Pinned(changed),))) != content_digest(one)


ROLLING = {**FULL, "reference": {"path": "ref/*.parquet", "window": ["previous", "trailing"], "trailing": "2d"}}


def test_rolling_references_are_pinned_like_windows_of_their_own(archive: Archive) -> None:
    full(archive)
    inputs = archive.pin(spec_of(**ROLLING), "2026-07-03", datetime(2026, 8, 3, tzinfo=UTC))
    alone = {day: archive.pin(spec_of(**FULL), day).partitions for day in (DAY, "2026-07-02")}
    previous, trailing = inputs.rolling["previous"], inputs.rolling["trailing"]
    assert (previous.partitions, previous.missing) == (alone["2026-07-02"], ("2026-07-02",)) == ((), ("2026-07-02",))
    assert (trailing.partitions, trailing.missing) == (alone[DAY], ("2026-07-02",))
    assert (inputs.missing, [each.key for each in inputs.partitions]) == ((), ["2026-07-03"])


@pytest.mark.parametrize(("zone", "hours"), [("UTC", 24), ("Europe/Berlin", 23)])
def test_labels_of_a_rolling_reference_are_of_the_same_age(archive: Archive, zone: str, hours: int) -> None:
    """The night of 29 March 2026 is an hour short in Berlin; the age is told in hours all the same."""
    for day in ("2026-03-28", "2026-03-29"):
        archive.log(b"x", day=day)
    archive.write("ref/x.parquet", b"ref")
    spec = spec_of(reference=ROLLING["reference"], time={"zone": zone})
    as_of = datetime(2026, 5, 1, tzinfo=UTC)
    inputs = archive.pin(spec, "2026-03-29", as_of)
    assert {each.as_of for each in inputs.rolling.values()} == {as_of - timedelta(hours=hours)}
    assert all(each.as_of is None for each in archive.pin(spec, "2026-03-29").rolling.values())


def test_days_before_the_spec_was_valid_are_no_reference(archive: Archive) -> None:
    full(archive)
    inputs = archive.pin(spec_of(**ROLLING, valid={"from": "2026-07-02"}), "2026-07-03")
    assert {name: (each.partitions, each.missing) for name, each in inputs.rolling.items()} == {
        "previous": ((), ("2026-07-02",)),
        "trailing": ((), ("2026-07-02",)),
    }
    first = archive.pin(spec_of(**ROLLING, valid={"from": "2026-07-03"}), "2026-07-03")
    assert {(each.partitions, each.missing) for each in first.rolling.values()} == {((), ())}


def test_rolling_references_count_for_the_budget_once(archive: Archive) -> None:
    full(archive)
    assert archive.pin(spec_of(**ROLLING, limits={"bytes": 26}), "2026-07-03").rolling
    with pytest.raises(BadInput, match="26 bytes to read"):  # one, two, three, label, control and ref
        archive.pin(spec_of(**ROLLING, limits={"bytes": 25}), "2026-07-03")


def test_labels_that_are_due_are_due_everywhere(archive: Archive) -> None:
    full(archive)
    spec = spec_of(**ROLLING)
    inputs = archive.pin(spec, "2026-07-02/2026-07-04", datetime(2026, 8, 3, tzinfo=UTC)).unlabelled()
    each_inputs = (inputs, *inputs.rolling.values())
    assert all(each.labels_due for each in each_inputs)
    assert not any(partition.labels for each in each_inputs for partition in each.partitions)


def test_the_reference_is_that_of_the_version_that_serves(archive: Archive) -> None:
    full(archive)
    for name in ("1.4", "1.5"):
        archive.write(f"ref/{name}/x.parquet", name.encode())
    served = [{"name": "1.4", "from": "2026-01-01"}, {"name": "1.5", "from": "2026-07-03"}]
    spec = spec_of(reference={"path": "ref/{version}/*.parquet"}, versions=served)
    pinned = [archive.pin(spec, window).reference for window in (DAY, "2026-07-01/2026-07-04")]
    assert [each and each.logs[0].info.key for each in pinned] == ["ref/1.4/x.parquet", "ref/1.5/x.parquet"]
