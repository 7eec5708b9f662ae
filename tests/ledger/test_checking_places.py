"""What a place shows beside the objects: versions, delete markers, locks; and what reports were made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from retroaudit.faults import BadInput, Fault
from retroaudit.ledger import commits, entries, manifest
from retroaudit.ledger.checking.digests import Digests
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import anchor_key, blob_key, commit_key
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.kinds import Erasure, Store
from retroaudit.ledger.manifest import Manifest
from retroaudit.ledger.seal import Sealing, seal
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import File, instant
from retroaudit.ledger.tiles import tile_key
from retroaudit.ledger.verify import Options, Verification, verify
from retroaudit.storage.protocol import ObjectVersion, Retention
from retroaudit.storage.s3 import S3Storage, connect
from tests.ledger.conftest import NOON, Memory, at, id_of, record_body, run_of, seal_day
from tests.servers import AsRole, lift_policy

YEAR = 365


@dataclass(eq=False)
class Bucket(Memory):
    """A memory that keeps versions, and locks what is put for a year."""

    later: dict[str, list[bytes | None]] = field(default_factory=dict)  # versions after the first; None: a marker
    locks: dict[str, Retention | None] = field(default_factory=dict)
    lock: Retention | None = field(default_factory=lambda: Retention("COMPLIANCE", NOON + timedelta(days=YEAR), False))

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        data = self.later[key][-1] if key in self.later and version is None else self.objects.get(key)
        if data is None:
            raise BadInput(Fault(key, "no such object", "an object"))
        return data[start:][:length]

    def versions(self, prefix: str = "") -> Iterator[ObjectVersion]:
        for key, data in sorted(self.objects.items()):
            if key.startswith(prefix):
                yield ObjectVersion(key, "v0", len(data), NOON, deleted=False)
                for number, later in enumerate(self.later.get(key, ()), 1):
                    yield ObjectVersion(key, f"v{number}", len(later or b""), at(number), deleted=later is None)

    def retention(self, key: str, version: str | None = None) -> Retention | None:
        del version
        return self.locks.get(key, self.lock)

    def extend(self, key: str, until: datetime) -> None:
        raise NotImplementedError

    def hold(self, key: str, *, on: bool) -> None:
        raise NotImplementedError


def _meanings(outcome: Verification) -> str:
    return "\n".join(problem.meaning for problem in outcome.problems)


def _terms(*, locked: bool = True) -> Store:
    days: dict[Any, int] = {"low": 30, "high": YEAR}
    return Store(tenant="t", retention_days=days, locked=locked, at=instant(NOON, "at"))


def _seal(memory: Memory, signer: Signer, day: int, audit: dict[str, Any], when: datetime = NOON) -> None:
    seal(memory, Sealing(id_of(day), {"report.json": b"%d" % day}, audit, run_of(day)), signer, when)


def test_a_second_version_is_a_finding_and_the_oldest_is_judged(signer: Signer) -> None:
    bucket = Bucket()
    for day in (1, 2):
        seal_day(bucket, signer, day)
    assert verify(bucket, signer.public).problems == ()
    for key in sorted(bucket.objects):
        changed = Bucket(bucket.objects, later={key: [b"something else"]})
        (problem,) = verify(changed, signer.public).problems
        assert (problem.object, problem.found) == (key, "2 versions")
        assert problem.meaning.startswith(f"somebody wrote over it on {at(1).isoformat()}")


def test_a_delete_marker_is_a_finding_and_what_it_hides_is_judged(signer: Signer) -> None:
    bucket = Bucket()
    for day in (1, 2):
        seal_day(bucket, signer, day)
    for key in sorted(bucket.objects):
        (problem,) = verify(Bucket(bucket.objects, later={key: [None]}), signer.public).problems
        assert (problem.object, problem.found) == (key, "1 version(s) and 1 delete marker(s)")
        assert problem.meaning.startswith(f"somebody deleted it on {at(1).isoformat()}")


def test_who_may_not_list_versions_is_told_so(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket()
    seal_day(bucket, signer, 1)

    def refuse(prefix: str = "") -> Iterator[ObjectVersion]:
        raise BadInput(Fault(prefix, "access denied", "the right to list versions"))

    monkeypatch.setattr(bucket, "versions", refuse)
    outcome = verify(bucket, signer.public)
    assert outcome.problems == ()
    assert outcome.checked["commits"] == 1
    assert any(line.startswith("whether objects have several versions:") for line in outcome.unchecked)


def test_a_store_that_calls_itself_locked_is_locked(signer: Signer) -> None:
    bucket = Bucket()
    record_body(bucket, signer, _terms())
    _seal(bucket, signer, 1, {"tier": "high"})
    outcome = verify(bucket, signer.public, options=Options(at=NOON))
    assert outcome.problems == ()
    assert outcome.checked["locks"] == 2 + 2 + 2 + 2  # commits; entries; a manifest and its file; tiles
    assert verify(bucket, signer.public, str(id_of(1))).problems == ()


@pytest.mark.parametrize(
    ("lock", "meaning"),
    [
        (None, "it can be deleted or changed"),
        (Retention("GOVERNANCE", at(24 * 9999), legal_hold=False), "it can be deleted or changed"),
        (Retention(None, None, legal_hold=True), "it can be deleted or changed"),
        (Retention("COMPLIANCE", NOON + timedelta(days=YEAR - 1), legal_hold=False), "sooner than the store promised"),
        (Retention("COMPLIANCE", None, legal_hold=False), "sooner than the store promised"),
    ],
)
def test_a_report_that_is_not_locked_as_promised_is_named(signer: Signer, lock: Retention | None, meaning: str) -> None:
    bucket = Bucket()
    record_body(bucket, signer, _terms())
    _seal(bucket, signer, 1, {"tier": "high"})
    bucket.locks[id_of(1).manifest_key] = lock
    for text in (None, str(id_of(1))):
        (problem,) = verify(bucket, signer.public, text, options=Options(at=NOON)).problems
        assert problem.object == id_of(1).manifest_key
        assert meaning in problem.meaning


def test_commits_and_entries_are_locked_now(signer: Signer) -> None:
    bucket = Bucket()
    record_body(bucket, signer, _terms())
    bucket.locks[commit_key(1)] = Retention("COMPLIANCE", at(1), legal_hold=False)
    assert verify(bucket, signer.public, options=Options(at=at(1))).problems == ()
    (problem,) = verify(bucket, signer.public, options=Options(at=at(2))).problems
    assert problem.object == commit_key(1)


def test_tiles_and_time_stamps_are_locked_now(signer: Signer) -> None:
    bucket = Bucket()
    record_body(bucket, signer, _terms())
    for key in (tile_key(0, 0, 2), anchor_key(2)):
        bucket.objects.setdefault(key, b"")
        bucket.locks = {key: None}
        found = verify(bucket, signer.public, options=Options(at=NOON)).problems
        (meaning,) = [each.meaning for each in found if each.found == "no lock"]
        assert "it can be deleted or changed" in meaning


def test_a_store_entry_that_somebody_put_there_promises_nothing(signer: Signer, stranger: Signer) -> None:
    bucket = Bucket(lock=None)
    seal_day(bucket, signer, 1)
    for by in (stranger, signer):  # signed even: no commit holds it
        entry = Entry(_terms())
        bucket.objects[entry.key] = entries.sign(Recorded(entry, NOON, 0), by)
        for text in (None, str(id_of(1))):
            outcome = verify(bucket, signer.public, text)
            assert outcome.problems == ()
            assert "locks" not in outcome.checked


def test_a_report_is_locked_from_its_commit_on(signer: Signer) -> None:
    """Whoever dates a report back does not shorten its lock."""
    bucket = Bucket()
    record_body(bucket, signer, _terms())
    bucket.objects[blob_key(hashlib.sha256(b"").hexdigest())] = b""
    dated_back = Manifest(
        id_of(1), (File.of("empty", b""),), run_of(1), NOON - timedelta(days=1000), {"tier": "high"}, 1
    )
    data = manifest.sign(dated_back, signer)
    leaf = Leaf(id_of(1).manifest_key, hashlib.sha256(data).hexdigest())
    bucket.objects[leaf.key] = data
    following = commits.follow(commits.read(bucket, 1), [leaf], signer, NOON)
    bucket.objects[commit_key(2)] = following
    for text in (None, str(id_of(1))):
        assert verify(bucket, signer.public, text, options=Options(at=NOON)).problems == ()
        bucket.locks[leaf.key] = Retention("COMPLIANCE", NOON + timedelta(days=YEAR - 1), legal_hold=False)
        (problem,) = verify(bucket, signer.public, text, options=Options(at=NOON)).problems
        assert (problem.object, "sooner than the store promised" in problem.meaning) == (leaf.key, True)
        bucket.locks.clear()


@pytest.mark.parametrize(
    ("days", "locked", "told"),
    [
        ({"low": 30, "high": YEAR}, True, None),
        ({"low": 31, "medium": 1, "high": YEAR}, True, None),
        ({"high": YEAR}, True, "(low: 30 days, now 0)"),
        ({"low": 30, "high": 1}, True, "(high: 365 days, now 1)"),
        ({}, False, "(high: 365 days, now 0; low: 30 days, now 0; locked, now not)"),
    ],
)
def test_a_promise_that_was_taken_back_is_noted(
    signer: Signer, days: dict[Any, int], locked: bool, told: str | None
) -> None:
    bucket = Bucket()
    first = record_body(bucket, signer, _terms()).key
    second = record_body(
        bucket, signer, Store(tenant="t", retention_days=days, locked=locked, at=instant(at(1), "at"))
    ).key
    outcome = verify(bucket, signer.public, options=Options(at=NOON))
    assert outcome.problems == ()
    found = [note for note in outcome.notes if "promises less" in note]
    assert found == ([f"{second} promises less than {first} before it {told}"] if told else [])


def test_a_report_may_go_when_its_time_is_over(signer: Signer) -> None:
    bucket = Bucket()
    record_body(bucket, signer, _terms())
    _seal(bucket, signer, 1, {"tier": "low"})
    bucket.locks[id_of(1).manifest_key] = Retention("COMPLIANCE", NOON + timedelta(days=30), legal_hold=False)
    assert verify(bucket, signer.public, options=Options(at=NOON + timedelta(days=100))).problems == ()


def test_a_copy_is_told_that_locks_were_not_looked_at(memory: Memory, signer: Signer) -> None:
    record_body(memory, signer, _terms())
    outcome = verify(memory, signer.public)
    assert outcome.problems == ()
    assert "locks: this is a copy, in a place that has none" in outcome.unchecked


def test_a_store_that_calls_itself_unlocked_is_not_asked(signer: Signer) -> None:
    bucket = Bucket(lock=None)
    record_body(bucket, signer, _terms(locked=False))
    outcome = verify(bucket, signer.public)
    assert (outcome.problems, outcome.unchecked) == ((), ())


def _input(archive: Memory, key: str, partition: str, **notes: object) -> dict[str, Any]:
    return {
        "uri": f"file:///archive/{key}",
        "digest": {"sha256": _sha256(archive.objects[key])},
        "annotations": {"role": "predictions", "partition": partition, "key": key, **notes},
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def archive() -> Memory:
    return Memory({"date=2026-07-01/a.parquet": b"rows", "date=2026-07-02/a.parquet": b"other rows"})


def _made_of(memory: Memory, archive: Memory, signer: Signer) -> None:
    inputs = [
        _input(archive, key, key.partition("/")[0], size=len(data)) for key, data in sorted(archive.objects.items())
    ]
    _seal(memory, signer, 1, {"buildDefinition": {"resolvedDependencies": inputs}})


def test_what_a_later_report_was_made_of_is_lawful(memory: Memory, archive: Memory, signer: Signer) -> None:
    _made_of(memory, archive, signer)
    key = "date=2026-07-01/a.parquet"
    archive.objects[key] = b"delivered late"
    assert len(verify(memory, signer.public, options=Options(archive=archive)).problems) == 1
    again = [_input(archive, key, "date=2026-07-01", size=len(archive.objects[key]))]
    _seal(memory, signer, 2, {"buildDefinition": {"resolvedDependencies": again}})
    outcome = verify(memory, signer.public, options=Options(archive=archive))
    assert outcome.problems == ()
    (note,) = (note for note in outcome.notes if key in note)
    assert note.endswith(f"{id_of(2)}, sealed later, was made of what is there now")


def test_inputs_that_are_as_they_were_are_counted(memory: Memory, archive: Memory, signer: Signer) -> None:
    _made_of(memory, archive, signer)
    for text in (None, str(id_of(1))):
        outcome = verify(memory, signer.public, text, options=Options(archive=archive))
        assert (outcome.problems, outcome.checked["inputs"]) == ((), 2)
    assert "inputs: --archive was not named" in verify(memory, signer.public).unchecked


@pytest.mark.parametrize("data", [b"ROWS", b"longer rows", None])
def test_an_input_that_changed_is_named_unless_its_erasure_was_declared(
    memory: Memory, archive: Memory, signer: Signer, data: bytes | None
) -> None:
    _made_of(memory, archive, signer)
    del archive.objects["date=2026-07-01/a.parquet"]
    if data is not None:
        archive.objects["date=2026-07-01/a.parquet"] = data
    for text in (None, str(id_of(1))):
        (problem,) = verify(memory, signer.public, text, options=Options(archive=archive)).problems
        assert problem.object == "date=2026-07-01/a.parquet in the archive"
        assert "no erasure was declared" in problem.meaning
    body = Erasure(
        model="lending",
        scope="archive",
        partitions=["date=2026-07-01"],
        rows=3,
        by="dpo",
        reason="ticket 7",
        at=instant(NOON, "at"),
    )
    receipt = record_body(memory, signer, body)
    for text in (None, str(id_of(1))):
        outcome = verify(memory, signer.public, text, options=Options(archive=archive))
        assert outcome.problems == ()
        (note,) = [note for note in outcome.notes if "3 rows were erased, by dpo" in note]
        assert note.endswith(f"ticket 7 (entry {receipt.key})")


@pytest.mark.parametrize("change", [{"model": "other"}, {"scope": "states"}, {"partitions": ["date=2026-07-02"]}])
def test_an_erasure_of_something_else_explains_nothing(
    memory: Memory, archive: Memory, signer: Signer, change: dict[str, Any]
) -> None:
    _made_of(memory, archive, signer)
    del archive.objects["date=2026-07-01/a.parquet"]
    fields = {"model": "lending", "scope": "archive", "partitions": ["date=2026-07-01"], "rows": None, **change}
    record_body(memory, signer, Erasure(**fields, by="dpo", reason="ticket 7", at=instant(NOON, "at")))
    assert verify(memory, signer.public, options=Options(archive=archive)).problems


@pytest.mark.parametrize("named", [None, 3, [3], [{}], [{"annotations": {"key": 3}}], [{"annotations": {"key": "x"}}]])
def test_inputs_of_another_form_never_stop_it(memory: Memory, archive: Memory, signer: Signer, named: object) -> None:
    _seal(memory, signer, 1, {"buildDefinition": {"resolvedDependencies": named}})
    verify(memory, signer.public, options=Options(archive=archive))


def test_hashes_of_keys_are_of_this_run_alone() -> None:
    found = Digests()
    keys = [f"key {number}" for number in range(200_000)]
    for key in keys:
        found.add(key)
    assert all(key in found for key in keys[::1000])
    assert not any(f"{key}'" in found for key in keys[::1000])
    assert found.repeated() == set()
    found.add(keys[7])
    assert found.repeated() == {Digests.of(keys[7])}


@pytest.mark.server
@pytest.mark.slow
def test_an_auditor_who_may_only_read_verifies_everything(
    lock_store: S3Storage, as_role: AsRole, signer: Signer
) -> None:
    record_body(lock_store, signer, Store(tenant="t", retention_days={"low": 1}, locked=True, at=instant(NOON, "at")))
    now = datetime.now(NOON.tzinfo)
    seal(
        lock_store,
        Sealing(id_of(1), {"report.json": b"{}"}, {"tier": "low"}, run_of(1)),
        signer,
        now,
        retain_until=now + timedelta(days=2),
    )
    with as_role("auditor"):
        store = connect(lock_store.bucket, lock_store.prefix, append_only=True)
        for text in (None, str(id_of(1))):
            outcome = verify(store, signer.public, text, options=Options(at=now))
            assert outcome.problems == ()
            assert outcome.checked["locks"] > 0
            assert not any("versions:" in line for line in outcome.unchecked)


@pytest.mark.server
@pytest.mark.slow
def test_versions_and_delete_markers_of_a_real_server_are_found(lock_store: S3Storage, signer: Signer) -> None:
    for day in (1, 2, 3):
        seal_day(lock_store, signer, day)
    assert verify(lock_store, signer.public).problems == ()
    lift_policy(lock_store)
    name = f"{lock_store.prefix}/{{}}".format
    lock_store.client.put_object(Bucket=lock_store.bucket, Key=name(commit_key(2)), Body=b"forged")
    lock_store.client.delete_object(Bucket=lock_store.bucket, Key=name(id_of(3).manifest_key))
    found = {problem.object: problem.found for problem in verify(lock_store, signer.public).problems}
    assert found == {
        commit_key(2): "2 versions",
        id_of(3).manifest_key: "1 version(s) and 1 delete marker(s)",
    }
    assert verify(lock_store, signer.public, str(id_of(1))).problems == ()


@pytest.mark.parametrize("tier", [None, 3, ["high"], {"high": 1}, "other"])
def test_a_tier_of_another_form_is_locked_now(signer: Signer, tier: object) -> None:
    bucket = Bucket()
    record_body(bucket, signer, _terms())
    _seal(bucket, signer, 1, {"tier": tier})
    assert verify(bucket, signer.public, options=Options(at=NOON)).problems == ()


def test_a_promise_beyond_all_calendars_is_kept_by_no_lock(signer: Signer) -> None:
    bucket = Bucket()
    days: dict[Any, int] = {"high": 10**12}
    record_body(bucket, signer, Store(tenant="t", retention_days=days, locked=True, at=instant(NOON, "at")))
    _seal(bucket, signer, 1, {"tier": "high"})
    assert "sooner than the store promised" in _meanings(verify(bucket, signer.public, options=Options(at=NOON)))
