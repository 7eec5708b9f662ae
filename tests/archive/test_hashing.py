"""Hashing what was pinned, and what may be remembered of it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import timedelta

import pytest

from retroaudit.archive import hashing
from retroaudit.archive.hashing import ROOT, Hashing, Memory, sha256
from retroaudit.archive.inputs import Partition, Pinned
from retroaudit.faults import BadInput, IntegrityBroken
from tests.archive.small import DAY, Archive, spec_of

KEY = f"logs/date={DAY}/a.parquet"
ROLLING = {"reference": {"window": ["previous", "trailing"], "trailing": "3d"}}


class Reads:
    """Keys of objects in the order in which they were hashed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: list[str] = []
        real = hashing.sha256

        def spy(pinned: Pinned, storage: object) -> str:
            self.keys.append(pinned.info.key)
            return real(pinned, storage)  # type: ignore[arg-type]

        monkeypatch.setattr(hashing, "sha256", spy)

    def taken(self) -> list[str]:
        taken, self.keys = self.keys, []
        return taken


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(monkeypatch)


def digest_of(archive: Archive, tier: str = "medium") -> str | None:
    return archive.pin(spec_of(tier=tier)).partitions[0].logs[0].sha256


def of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_what_was_hashed_is_not_hashed_again(archive: Archive, reads: Reads) -> None:
    archive.log(b"one")
    assert digest_of(archive) == digest_of(archive) == of(b"one")
    assert reads.taken() == [KEY]


def test_a_file_rewritten_with_the_same_size_is_another(archive: Archive, reads: Reads) -> None:
    path = archive.log(b"one")
    digest_of(archive)
    before = path.stat().st_mtime_ns
    path.write_bytes(b"two")
    os.utime(path, ns=(before, before + 1000))  # a microsecond later
    assert digest_of(archive) == of(b"two")
    assert len(reads.taken()) == 2


def test_whoever_sets_the_time_back_deceives_the_memory_and_no_audit_that_hashes_everything(archive: Archive) -> None:
    path = archive.log(b"one")
    digest_of(archive)
    before = path.stat().st_mtime_ns
    path.write_bytes(b"two")
    os.utime(path, ns=(before, before))
    assert digest_of(archive) == of(b"one")
    assert digest_of(archive, "high") == of(b"two")


def test_tier_high_takes_nothing_from_memory(archive: Archive, reads: Reads) -> None:
    archive.log(b"one")
    assert digest_of(archive, "high") == digest_of(archive, "high") == of(b"one")
    assert reads.taken() == [KEY, KEY]
    assert digest_of(archive) == of(b"one")
    assert reads.taken() == []  # what it read is remembered for others


@pytest.mark.parametrize(
    "forged", [b"", b"\xff", b"no digest", of(b"one").encode() + b"\n", of(b"one").upper().encode()]
)
def test_what_is_no_digest_is_hashed_again_and_replaced(archive: Archive, reads: Reads, forged: bytes) -> None:
    archive.log(b"one")
    digest_of(archive)
    (path,) = archive.states.objects
    archive.states.objects[path] = forged
    assert digest_of(archive) == of(b"one")
    assert archive.states.objects == {path: of(b"one").encode()}
    assert reads.taken() == [KEY, KEY]


def test_a_forged_digest_is_found_when_the_rows_are_read(archive: Archive) -> None:
    archive.log(spec := b"PAR1")
    digest_of(archive)
    (path,) = archive.states.objects
    archive.states.objects[path] = of(b"another").encode()
    with pytest.raises(IntegrityBroken, match="other bytes than were pinned"):
        archive.read(spec_of())
    assert of(spec) != of(b"another")


def test_another_identity_is_another_memory(archive: Archive) -> None:
    archive.log(b"one")
    (info,) = archive.storage.list()
    memory = Memory(archive.states)
    memory.remember("file:///a", info, of(b"one"))
    others = [
        ("file:///b", info),
        *(
            ("file:///a", replace(info, **change))
            for change in (
                {"key": "x"},
                {"size": 4},
                {"modified": info.modified + timedelta(microseconds=1)},
                {"version": "v"},
                {"checksum": "etag:x"},
            )
        ),
    ]
    assert memory.recall("file:///a", info) == of(b"one")
    assert [memory.recall(*other) for other in others] == [None] * len(others)
    assert all(key.startswith(ROOT) for key in archive.states.objects)


def test_one_day_in_several_references_is_hashed_once(archive: Archive, reads: Reads) -> None:
    for day in ("2026-06-30", DAY, "2026-07-02"):
        archive.log(b"x" + day.encode(), day=day)
    archive.pin(spec_of(tier="high", **ROLLING), "2026-07-02")
    assert sorted(reads.taken()) == [f"logs/date={day}/a.parquet" for day in ("2026-06-30", DAY, "2026-07-02")]


def test_versions_are_hashed_for_tier_high_alone(archive: Archive, reads: Reads) -> None:
    archive.log(b"one")
    (info,) = archive.storage.list()
    versioned = Pinned(replace(info, version="v1"))
    partition = Partition(DAY, None, None, (versioned,))
    memory = Memory(archive.states)
    assert Hashing(archive.storage, everything=False, memory=memory).partition(partition) == partition
    assert reads.taken() == []


@pytest.mark.parametrize("change", [b"longer than it was", b"", None])
def test_an_object_that_changes_under_hashing_stops_it(archive: Archive, change: bytes | None) -> None:
    path = archive.log(b"one")
    (info,) = archive.storage.list()
    path.unlink() if change is None else path.write_bytes(change)
    expected = "no such object" if change is None else "an object that changes"
    with pytest.raises((BadInput, IntegrityBroken), match=expected):
        sha256(Pinned(info), archive.storage)


def test_content_is_read_in_ranges(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_CHUNK", 2)
    archive.log(b"12345")
    (info,) = archive.storage.list()
    assert sha256(Pinned(info), archive.storage) == of(b"12345")
