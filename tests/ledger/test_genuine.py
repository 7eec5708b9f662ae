"""Objects that somebody put there who may write and has no key: they stop nobody, hide nothing, and cost little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger import entries, kinds, manifest
from retroaudit.ledger._evidence import gather
from retroaudit.ledger._standing import Log
from retroaudit.ledger.appending import append, read_head
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import COMMITS, commit_key
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.genuine import LARGEST, NEAR, content
from retroaudit.ledger.listing import listed, logged_at
from retroaudit.ledger.manifest import Manifest
from retroaudit.ledger.read import find, reports
from retroaudit.ledger.recording import record, rotate
from retroaudit.ledger.seal import Sealing, next_revision, seal_all
from retroaudit.ledger.settings import retain_until
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import File
from retroaudit.storage.protocol import ObjectInfo
from tests.ledger.conftest import (
    NOON,
    Crash,
    Memory,
    at,
    beat,
    crash_at_commit,
    id_of,
    plan_of,
    record_body,
    run_of,
    seal_day,
    sealing_of,
)

SERIES = id_of(1).series
NAME = f"{'0' * 64}.dsse.json"
PLAN = f"entries/v1/kind=plan/model=lending/window=2026-07-01/audit=day/part=main/{NAME}"
PLACES = [
    f"entries/v1/kind=key/{NAME}",
    f"entries/v1/kind=store/{NAME}",
    f"entries/v1/kind=erasure/model=lending/{NAME}",
    f"entries/v1/kind=void/{NAME}",
    PLAN,
    PLAN.replace("part=main", "part=x"),
    id_of(1, 2).manifest_key,
    id_of(1, 3).manifest_key,
    id_of(1, 999_999).manifest_key,
]


@pytest.fixture
def log(memory: Memory, signer: Signer) -> Memory:
    """A log with its settings, an erasure, a plan and its report."""
    plan, files = plan_of(1)
    store = kinds.Store(tenant="bank", retention_days={"low": 3}, locked=False, at=NOON.isoformat())
    record_body(memory, signer, store)
    record_body(memory, signer, erasure("815"))
    record(memory, [plan], files, signer, NOON)
    seal_day(memory, signer, 1)
    return memory


def erasure(reason: str) -> kinds.Erasure:
    at_noon = NOON.isoformat()
    return kinds.Erasure(
        model="lending", scope="archive", partitions=["2026-07-01"], rows=2, by="dpo", reason=reason, at=at_noon
    )


def seen_by(memory: Memory) -> tuple[object, ...]:
    """What everybody reads before a report is sealed, shown or exported."""
    evidence = gather(Log(memory), id_of(1))
    return (
        retain_until(memory, "low", NOON),
        [*listed(memory, "erasure", "lending")],
        [*listed(memory, "plan", "lending", "2026-07-01")],
        next_revision(memory, "lending", "2026-07-01", "day", "main", run_of(1, "b")),
        next_revision(memory, "lending", "2026-07-01", "day", "main", run_of(1)),
        find(memory, SERIES),
        find(memory, str(id_of(1))),
        evidence.standing,
    )


def foreign(memory: Memory, stranger: Signer) -> dict[str, bytes]:
    """What somebody without a key of the log can make: garbage, copies, and what another key signed."""
    sealed, _ = manifest.parse(memory.objects[id_of(1).manifest_key], "x")
    return {
        "garbage": b"garbage",
        "nothing": b"",
        "a copy of a report": memory.objects[id_of(1).manifest_key],
        "a copy of an entry": next(data for key, data in memory.objects.items() if "kind=key" in key),
        "a stranger's report": manifest.sign(replace(sealed, report=id_of(1, 2)), stranger),
        "a stranger's entry": entries.sign(Recorded(Entry(erasure("x")), NOON, 10**6), stranger),
    }


@pytest.mark.parametrize("place", PLACES)
def test_what_the_log_did_not_sign_changes_nothing(log: Memory, signer: Signer, stranger: Signer, place: str) -> None:
    expected = seen_by(log)
    for name, data in foreign(log, stranger).items():
        planted = Memory(log.objects | {place: data})
        assert seen_by(planted) == expected, name
        assert logged_at(planted, place, 4) is None
        assert record_body(planted, signer, beat(1)).commit == 5
        seal_day(planted, signer, 2)
        assert [each.report for each in reports(planted)] == [id_of(1), id_of(2)]


@pytest.mark.parametrize("place", PLACES[1:])
def test_what_is_too_large_is_not_read(log: Memory, place: str) -> None:
    """A store that says an object has three GiB, and gives none of it: not even asked."""
    expected = seen_by(log)

    @dataclass(eq=False)
    class Huge(Memory):
        def list(self, prefix: str = "") -> list[ObjectInfo]:  # type: ignore[override]
            return [replace(info, size=3 << 30) if info.key == place else info for info in super().list(prefix)]

        def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
            assert key != place
            return super().read(key, version=version, start=start, length=length)

    assert seen_by(Huge(log.objects | {place: b""})) == expected


def test_no_more_is_read_than_an_object_had(memory: Memory) -> None:
    """Somebody puts a larger one between the look and the reading."""
    memory.objects["x"] = b"larger"
    assert content(memory, ObjectInfo("x", 2, NOON)) == b"la"
    assert content(memory, ObjectInfo("x", LARGEST + 1, NOON)) is None


@pytest.fixture
def long(log: Memory, signer: Signer) -> Memory:
    for number in range(120):
        record_body(log, signer, beat(number / 100), recorded_at=at(number / 100))
    return log


READERS: list[Callable[[Memory], object]] = [
    lambda memory: retain_until(memory, "low", NOON),
    lambda memory: [*listed(memory, "plan", "lending", "2026-07-01")],
    lambda memory: next_revision(memory, "lending", "2026-07-01", "day", "main", run_of(1)),
    lambda memory: find(memory, SERIES),
    lambda memory: gather(Log(memory), id_of(1)),
]


def test_what_was_planted_costs_a_few_reads_whatever_the_size_of_the_log(
    long: Memory, signer: Signer, stranger: Signer
) -> None:
    """A reader looks at it and, once for all of them, at the log's first commits, not at all 124."""
    sealed, _ = manifest.parse(long.objects[id_of(1).manifest_key], "x")
    planted = Memory(dict(long.objects))
    for place in PLACES:
        planted.objects[place] = b"garbage"
    planted.objects[id_of(1, 2).manifest_key] = manifest.sign(replace(sealed, report=id_of(1, 2), after=0), stranger)
    for reader in READERS:
        asked = []
        for memory in (long, planted):
            cold = Memory(memory.objects)
            reader(cold)
            asked.append(len(cold.asked))
        assert asked[1] <= asked[0] + len(PLACES) + NEAR
    planted.asked.clear()
    with pytest.raises(BadInput):
        seal_day(planted, signer, 1, rev=2, spec="b", sealed_at=at(2))
    assert sum(what == "read" and key.startswith(COMMITS) for what, key in planted.asked) <= NEAR + 3


@pytest.mark.parametrize("spoil", [b"garbage", b""])
def test_what_was_replaced_is_told_where_it_costs_little(log: Memory, stranger: Signer, spoil: bytes) -> None:
    """The log is short, or what lies there says still where it stands; verify looks at all of it in any case."""
    for kind, reader in (("store", READERS[0]), ("plan", READERS[1]), ("", READERS[2]), ("", READERS[3])):
        name = next(key for key in log.objects if key.startswith(f"entries/v1/kind={kind}/" if kind else "reports/"))
        spoilt = Memory(log.objects | {name: spoil})
        with pytest.raises(IntegrityBroken, match="Run verify"):
            reader(spoilt)
    plan, _ = plan_of(1)
    spoilt = Memory(log.objects | {plan.key: entries.sign(Recorded(plan, NOON, 2), stranger)})
    with pytest.raises(IntegrityBroken, match="other bytes"):
        READERS[1](spoilt)


def test_who_names_one_revision_learns_that_it_was_replaced(long: Memory, signer: Signer) -> None:
    seal_day(long, signer, 1, rev=2, spec="b", sealed_at=at(2))
    long.objects[id_of(1, 2).manifest_key] = b"garbage"
    with pytest.raises(IntegrityBroken, match="other bytes"):
        find(long, str(id_of(1, 2)))


@pytest.mark.parametrize("rev", [2, 3, 999_999])
def test_the_place_of_a_revision_that_a_stranger_took(log: Memory, signer: Signer, rev: int) -> None:
    """Of the next revision: whoever seals it is told of the object and of the way out. Of any other: nothing."""
    log.objects[id_of(1, rev).manifest_key] = b"garbage"
    assert next_revision(log, "lending", "2026-07-01", "day", "main", run_of(1, "b")).rev == 2
    before = dict(log.objects)
    if rev > 2:
        assert seal_day(log, signer, 1, rev=2, spec="b").created
        return
    with pytest.raises(
        BadInput, match=r"rev=000002/manifest\.dsse\.json: found an object .*--part; or an administrator"
    ):
        seal_day(log, signer, 1, rev=2, spec="b")
    assert log.objects == before
    other = replace(sealing_of(1), report=replace(id_of(1), part="again"))
    assert seal_all(log, [other], signer, NOON)[0].created


def test_a_retired_key_brings_no_revision_into_the_log(log: Memory, signer: Signer, successor: Signer) -> None:
    """Its holder may put objects, and dates a revision back to when the key was in its term."""
    rotate(log, signer, successor, "keeper", "it was stolen", None, at(1))
    sealed, _ = manifest.parse(log.objects[id_of(1).manifest_key], "x")
    for rev, after in ((2, 1), (3, 10**6)):
        forged: Manifest = replace(sealed, report=id_of(1, rev), run_key=run_of(1, "forged"), after=after)
        log.objects[id_of(1, rev).manifest_key] = manifest.sign(forged, signer)
    before = dict(log.objects)
    assert next_revision(log, "lending", "2026-07-01", "day", "main", run_of(1, "b")).rev == 2
    assert find(log, str(id_of(1))).commit == 4
    for rev in (2, 3):
        with pytest.raises(BadInput, match="in no commit that the retired key"):
            seal_day(log, successor, 1, rev=rev, spec="b", sealed_at=at(2))
    assert log.objects == before
    again = seal_all(log, [sealing_of(1)], successor, at(2))
    assert [(each.commit, each.created) for each in again] == [(4, False)]


def test_what_a_key_left_behind_is_not_committed_by_the_next(log: Memory, signer: Signer, successor: Signer) -> None:
    """A crash's, too: nobody can tell it from one that was dated back."""
    with pytest.raises(Crash):
        seal_day(Memory(log.objects, before_put=crash_at_commit), signer, 1, rev=2, spec="b")
    rotate(log, signer, successor, "keeper", "yearly", None, at(1))
    assert next_revision(log, "lending", "2026-07-01", "day", "main", run_of(1, "b")).rev == 2
    with pytest.raises(BadInput, match="a crash left it"):
        seal_day(log, successor, 1, rev=2, spec="b", sealed_at=at(2))


def test_in_an_empty_log_no_manifest_but_ones_own_goes_on(memory: Memory, signer: Signer, stranger: Signer) -> None:
    memory.objects[id_of(1).manifest_key] = b"garbage"
    assert next_revision(memory, "lending", "2026-07-01", "day", "main", run_of(1)).rev == 1
    elsewhere = Memory()
    seal_day(elsewhere, stranger, 1)
    for data in (b"garbage", elsewhere.objects[id_of(1).manifest_key]):
        memory.objects[id_of(1).manifest_key] = data
        with pytest.raises(BadInput, match="no key of this log signed"):
            seal_day(memory, signer, 1)
    assert commit_key(1) not in memory.objects


def test_a_bundle_has_nothing_that_a_retired_key_signed_after_its_term(
    log: Memory, signer: Signer, successor: Signer
) -> None:
    """An entry is of the key that signs the commit which holds it [K2]: somebody committed one of the old key."""
    rotate(log, signer, successor, "keeper", "yearly", None, at(1))
    late = Entry(erasure("dated back"))
    log.objects[late.key] = entries.sign(Recorded(late, NOON, 2), signer)
    leaf = Leaf(late.key, File.of("", log.objects[late.key]).sha256)
    append(log, [leaf], successor, read_head(log, successor, at(2)), at(2))
    with pytest.raises(IntegrityBroken, match=f"expected key {successor.public.keyid}"):
        gather(Log(log), id_of(1))


def test_a_place_that_is_taken_stops_a_batch_before_anything_is_put(log: Memory, signer: Signer) -> None:
    """One place is taken: nothing of the batch is put, so that it can be made again without that report."""
    log.objects[id_of(2).manifest_key] = b"garbage"
    before = dict(log.objects)
    batch: list[Sealing] = [sealing_of(3), sealing_of(2)]
    with pytest.raises(BadInput, match="rev=000001/manifest"):
        seal_all(log, batch, signer, NOON)
    assert log.objects == before
    assert seal_all(log, batch[:1], signer, NOON)[0].created
