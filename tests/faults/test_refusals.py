"""What the ledger is given wrongly: each is refused in plain words, and nothing is half sealed."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest

from retroaudit.faults import BadInput, IntegrityBroken, RetroauditError
from retroaudit.ledger import commits
from retroaudit.ledger.appending import CLOCK_JUMPED
from retroaudit.ledger.coordinates import blob_key, commit_key
from retroaudit.ledger.head import head
from retroaudit.ledger.recording import record, rotate
from retroaudit.ledger.seal import seal
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import File
from retroaudit.ledger.verify import Options, verify
from retroaudit.storage import checking, founding
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.nesting import require_alone
from retroaudit.storage.open import open_store
from retroaudit.storage.probing import require_put_if_absent
from retroaudit.storage.protocol import Storage
from retroaudit.storage.s3 import S3Storage
from tests.faults.actions import hold, unplanned
from tests.faults.attacker import overwrite, truncate
from tests.faults.ram import Ram
from tests.faults.standard import KEEPER, STRANGER, SUCCESSOR, hours
from tests.servers import AsRole

on_server = [pytest.mark.server, pytest.mark.xdist_group("server")]


@pytest.fixture
def store(tmp_path: Path) -> LocalStorage:
    """A log of two reports."""
    (tmp_path / "store").mkdir()
    found = LocalStorage(tmp_path / "store", durable=False)
    for day in (0, 1):
        seal(found, unplanned(day), KEEPER, hours(day))
    return found


def problems(storage: Storage) -> list[str]:
    found = verify(storage, KEEPER.public, options=Options(at=hours(20)))
    return [f"{each.object}: {each.meaning}" for each in found.problems]


@contextmanager
def refused(storage: Storage, kind: type[RetroauditError], words: str) -> Iterator[None]:
    """Refused with these words, and the log neither longer nor broken."""
    before = {info.key: storage.read(info.key) for info in storage.list("log/")}
    with pytest.raises(kind, match=words):
        yield
    assert {info.key: storage.read(info.key) for info in storage.list("log/")} == before


# --- keys and clocks -------------------------------------------------------------------------------------------------


def test_another_key(store: LocalStorage) -> None:
    before = [info.key for info in store.list()]
    with refused(store, BadInput, f"{KEEPER.public.keyid}, expected key {STRANGER.public.keyid}.*Use the store's key"):
        seal(store, unplanned(2), STRANGER, hours(2))
    assert [info.key for info in store.list()] == before  # not even a blob
    assert problems(store) == []


def test_the_key_before(store: LocalStorage) -> None:
    rotate(store, KEEPER, SUCCESSOR, "keeper", "yearly", None, hours(2))
    with refused(store, BadInput, f"signed by key {SUCCESSOR.public.keyid}, expected key {KEEPER.public.keyid}"):
        seal(store, unplanned(2), KEEPER, hours(3))
    seal(store, unplanned(2), SUCCESSOR, hours(3))
    assert problems(store) == []


def test_an_expired_key(store: LocalStorage) -> None:
    rotate(store, KEEPER, SUCCESSOR, "keeper", "yearly", hours(5), hours(2))
    seal(store, unplanned(2), SUCCESSOR, hours(4))
    with refused(store, BadInput, "expired at .*keys rotate.*look at the clock"):
        seal(store, unplanned(3), SUCCESSOR, hours(5))
    with refused(store, BadInput, "expired at"):
        record(store, [hold(1)], {}, SUCCESSOR, hours(6))
    assert problems(store) == []


def test_a_clock_that_goes_back_a_day(store: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    with refused(store, BadInput, rf"before the log's last commit.*clock that goes forward.*{CLOCK_JUMPED}=1"):
        seal(store, unplanned(2), KEEPER, hours(-24))
    monkeypatch.setenv(CLOCK_JUMPED, "1")
    seal(store, unplanned(2), KEEPER, hours(-24))
    assert commits.read(store, 3).body.time == hours(1)  # a commit is never older than the one before
    assert problems(store) == []


def test_a_clock_that_is_minutes_behind(store: LocalStorage) -> None:
    assert seal(store, unplanned(2), KEEPER, hours(0.5)).commit == 3
    assert problems(store) == []


def test_a_clock_without_zone(store: LocalStorage) -> None:
    with refused(store, BadInput, "a time without zone, expected UTC"):
        seal(store, unplanned(2), KEEPER, datetime(2026, 7, 2))  # noqa: DTZ001


# --- objects ---------------------------------------------------------------------------------------------------------


def test_a_truncated_last_commit(store: LocalStorage) -> None:
    truncate(store.root / commit_key(2))
    with refused(store, IntegrityBroken, "commit 2: found no readable JSON"):
        seal(store, unplanned(2), KEEPER, hours(2))
    assert any("commit 2 was replaced or damaged" in each for each in problems(store))


def test_a_truncated_manifest_is_not_sealed_over(store: LocalStorage) -> None:
    key = unplanned(1).report.manifest_key
    truncate(store.root / key)
    with refused(store, IntegrityBroken, f"{key}: found other bytes"):
        seal(store, unplanned(1), KEEPER, hours(2))


def test_a_truncated_file_is_not_sealed_over(store: LocalStorage) -> None:
    key = blob_key(File.of("", unplanned(1).files["report.json"]).sha256)
    truncate(store.root / key)
    with refused(store, IntegrityBroken, f"{key}: found other bytes than its name says"):
        seal(store, unplanned(1), KEEPER, hours(2))


@pytest.mark.parametrize("data", [b"", b"squatter", b"{}"])
def test_a_squatter_on_the_next_number(store: LocalStorage, data: bytes) -> None:
    overwrite(store.root / commit_key(3), data)
    with refused(store, IntegrityBroken, "commit 3: found"):
        seal(store, unplanned(2), KEEPER, hours(2))
    assert any("commit 3 was replaced or damaged" in each for each in problems(store))


def test_a_foreign_object_in_an_entrys_place(store: LocalStorage) -> None:
    overwrite(store.root / hold(1).key, b"foreign")
    with refused(store, IntegrityBroken, "found no readable JSON, expected canonical JSON"):
        record(store, [hold(1)], {}, KEEPER, hours(2))


def test_a_foreign_object_in_a_reports_place(store: LocalStorage) -> None:
    key = unplanned(2).report.manifest_key
    overwrite(store.root / key, b"foreign")
    with refused(store, BadInput, f"{key}: found an object that no key of this log signed for this place"):
        seal(store, unplanned(2), KEEPER, hours(2))


def test_another_keys_manifest_in_a_reports_place(store: LocalStorage, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    elsewhere = LocalStorage(tmp_path / "elsewhere", durable=False)
    key = unplanned(2).report.manifest_key
    seal(elsewhere, unplanned(2), STRANGER, hours(2))
    overwrite(store.root / key, elsewhere.read(key))
    with refused(store, BadInput, f"{key}: found an object that no key of this log signed for this place"):
        seal(store, unplanned(2), KEEPER, hours(2))
    assert problems(store) == []  # uncommitted, so no part of the log


def test_foreign_objects_beside_the_ledger_are_named_and_harmless(store: LocalStorage) -> None:
    for key in ("readme.txt", "reports/v1/notes", "blobs/sha256/zz/x"):
        overwrite(store.root / key, b"foreign")
    assert seal(store, unplanned(2), KEEPER, hours(2)).commit == 3
    found = verify(store, KEEPER.public, options=Options(at=hours(20)))
    assert found.problems == ()
    assert any("readme.txt" in note and "unknown to the ledger" in note for note in found.notes)


# --- places ----------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Liar(Ram):
    """A server that ignores If-None-Match, or says so of every object."""

    always: bool = True

    def put_if_absent(self, key: str, data: bytes, *, retain_until: datetime | None = None) -> bool:  # noqa: ARG002
        self.objects |= {key: data} if self.always else {}
        return self.always


@pytest.mark.parametrize(("always", "words"), [(True, "overwrites in spite of"), (False, "refuses If-None-Match")])
def test_a_server_that_lies_about_put_if_absent(always: bool, words: str) -> None:
    storage = Liar(always=always)
    with pytest.raises(BadInput, match=f"{words}.*: a log would fork here"):
        require_put_if_absent(storage)
    assert head(storage) == 0


def test_two_ledgers_in_one_directory(store: LocalStorage) -> None:
    (store.root / "other").mkdir()
    with pytest.raises(BadInput, match=r"another ledger at .*best give each tenant a bucket or directory of its own"):
        founding.plan((store.root / "other").as_uri(), 1)
    seal(LocalStorage(store.root / "other"), unplanned(0), STRANGER, hours(0))
    with pytest.raises(BadInput, match="another ledger at"):
        require_alone(store)
    found = verify(store, KEEPER.public, options=Options(at=hours(20)))
    assert found.problems == ()
    assert any("another ledger lies here" in note for note in found.notes)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 512 kB; skips where this process may not mount one."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, check=False, capture_output=True).returncode != 0:
        pytest.skip("no rights to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def no_large_files() -> Iterator[None]:
    """Nobody here can write a file of more than 100 kB: how a full quota looks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def large(day: int) -> Callable[[Storage, Signer, datetime], object]:
    wanted = unplanned(day)
    wanted = replace(wanted, files={**wanted.files, "table.csv": bytes(600_000)})
    return lambda storage, signer, at: seal(storage, wanted, signer, at)


def test_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        storage = LocalStorage(disk)
        seal(storage, unplanned(0), KEEPER, hours(0))
        with refused(storage, BadInput, "No space left on device, expected a file or folder that can be used"):
            large(1)(storage, KEEPER, hours(1))
        assert problems(storage) == []
        assert [*storage.strays()] == []  # no torn file is left
        assert seal(storage, unplanned(1), KEEPER, hours(1)).commit == 2
        assert problems(storage) == []


def test_a_disk_that_fills_up_at_any_moment(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        storage = LocalStorage(disk)
        ballast = disk / "ballast"
        seal(storage, unplanned(0), KEEPER, hours(0))
        full = done = 0
        for blocks in range(40):  # of 4 kB that are left
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            ballast.write_bytes(bytes(max(0, free - 4096 * blocks)))
            try:
                seal(storage, unplanned(1), KEEPER, hours(1))
                done += 1
            except BadInput as error:
                full += "No space left on device" in str(error)
            finally:
                ballast.unlink()
            assert problems(storage) == []
        assert seal(storage, unplanned(1), KEEPER, hours(1)).commit == 2
        assert full > 2
        assert full + done == 40  # nothing else was ever said
        assert problems(storage) == []


def test_a_quota(store: LocalStorage) -> None:
    with refused(store, BadInput, "File too large, expected a file or folder that can be used"), no_large_files():
        large(2)(store, KEEPER, hours(2))
    assert problems(store) == []
    assert [*store.strays()] == []
    large(2)(store, KEEPER, hours(2))
    assert problems(store) == []


# --- buckets ---------------------------------------------------------------------------------------------------------


class TestOnAServer:
    """On SeaweedFS."""

    pytestmark = on_server

    def test_a_bucket_without_lock_or_versions(self, seaweedfs: S3Storage) -> None:
        with pytest.raises(BadInput, match=r"a bucket without Object Lock.*Name a bucket that is not there yet"):
            founding.plan(seaweedfs.url, 1)
        missing = {each.what: each.words for each in checking.check(seaweedfs.url) if each.state == checking.MISSING}
        assert missing["lock"] == "none: what lies here can be deleted"
        assert ("versions" in missing) is not seaweedfs.versioned
        assert head(seaweedfs) == 0

    @pytest.mark.parametrize("role", ["auditor", "writer"])
    def test_denied_rights(self, lock_store: S3Storage, as_role: AsRole, role: str) -> None:
        seal(lock_store, unplanned(0), KEEPER, hours(0))
        with as_role(role):
            denied = open_store(lock_store.url)
        words = {"writer": "credentials that may not append to the log", "auditor": "access denied"}
        with refused(lock_store, BadInput, words[role]):
            seal(denied, unplanned(1), KEEPER, hours(1))
        assert problems(lock_store) == []
        assert seal(lock_store, unplanned(1), KEEPER, hours(1)).commit == 2
        assert problems(lock_store) == []

    def test_two_ledgers_in_one_bucket(self, lock_store: S3Storage) -> None:
        seal(lock_store, unplanned(0), KEEPER, hours(0))
        with pytest.raises(BadInput, match="another ledger at"):
            founding.plan(f"{lock_store.url}/below", 1)
        beside = f"s3://{lock_store.bucket}/beside"
        founding.found(founding.plan(beside, 1), {})
        seal(open_store(beside), unplanned(0), STRANGER, hours(0))
        assert problems(lock_store) == []
        with pytest.raises(BadInput, match=f"expected key {KEEPER.public.keyid}"):
            seal(open_store(beside), unplanned(1), KEEPER, hours(1))
