from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger import manifest
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.read import find, leaves, logged, read_file, reports
from retroaudit.ledger.recording import record
from retroaudit.ledger.seal import seal_all
from retroaudit.ledger.signing import Signer
from tests.ledger.conftest import (
    NOON,
    Crash,
    Memory,
    at,
    beat,
    crash_at_commit,
    files_of,
    id_of,
    plan_of,
    record_body,
    seal_day,
    sealing_of,
)


@pytest.fixture
def store(memory: Memory, signer: Signer) -> Memory:
    seal_day(memory, signer, 2)
    seal_day(memory, signer, 1, sealed_at=at(1))
    seal_day(memory, signer, 2, rev=2, spec="b", sealed_at=at(2))
    return memory


def test_reports_come_in_the_order_of_the_log(store: Memory) -> None:
    entries = reports(store)
    assert [(entry.report, entry.commit) for entry in entries] == [(id_of(2), 1), (id_of(1), 2), (id_of(2, 2), 3)]
    assert [entry.verdict for entry in entries] == ["passed"] * 3
    assert [entry.findings for entry in entries] == [2, 1, 2]
    assert entries[1].sealed_at == at(1)
    assert entries[1].summary()["report"] == "lending/2026-07-01/day/main/1"


def test_an_empty_log_has_nothing(memory: Memory) -> None:
    assert reports(memory) == ()
    assert list(leaves(memory)) == []
    assert list(logged(memory)) == []


def test_other_entries_come_in_the_order_of_the_log(memory: Memory, signer: Signer) -> None:
    plan, files = plan_of(1)
    record(memory, [plan], files, signer, NOON)
    seal_day(memory, signer, 1)
    record_body(memory, signer, beat(1), recorded_at=at(1))
    found = list(logged(memory))
    assert [(each.index, each.commit, each.recorded.entry.kind) for each in found] == [
        (0, 1, "key"),
        (1, 1, "plan"),
        (3, 3, "heartbeat"),
    ]
    assert [each.recorded.after for each in found] == [0, 0, 2]
    assert [each.recorded.entry for each in logged(memory, "plan", "due")] == [plan]
    assert list(logged(memory, "void")) == []
    assert found[1].summary()["entry"] == plan.key
    assert [index for _, index, _ in leaves(memory)] == [0, 1, 2, 3]


def test_a_report_is_found_by_its_id_or_without_revision(store: Memory) -> None:
    assert find(store, "lending/2026-07-02/day/main/1").report == id_of(2)
    assert find(store, "lending/2026-07-02/day/main").report == id_of(2, 2)
    assert find(store, "lending/2026-07-01/day/main") == reports(store)[1]


def test_an_unknown_id_names_the_nearest(store: Memory) -> None:
    for text in ("lending/2026-07-02/day/main/3", "lendign/2026-07-02/day/main"):
        with pytest.raises(BadInput, match="Nearest: lending/2026-07-02/day/main/"):
            find(store, text)
    with pytest.raises(BadInput, match="nothing is sealed here yet"):
        find(Memory(), "lending/2026-07-02/day/main")
    with pytest.raises(BadInput, match="report id"):
        find(store, "lending")


@pytest.mark.parametrize("place", [1, 150, 299])
def test_a_report_is_found_in_few_requests(memory: Memory, signer: Signer, place: int) -> None:
    """300 leaves: the log's key and 299 reports, each in a commit of its own; the head is not known beforehand."""
    wanted = replace(sealing_of(1), files={"report.json": b"1"})
    reports_of = [replace(wanted, report=replace(wanted.report, window=f"w{number}")) for number in range(1, 300)]
    for each in reports_of:
        seal_all(memory, [each], signer, NOON)
    cold = Memory(memory.objects)
    assert find(cold, str(reports_of[place - 1].report)).commit == place
    # one listing, one manifest, one commit; the head: one look, then eight at once, two rounds up (2^8 < 299 < 2^9) and
    # three down (9^3 > 256)
    assert len(cold.asked) <= 3 + 1 + 8 * 5


def test_an_uncommitted_manifest_is_not_found(store: Memory, signer: Signer) -> None:
    with pytest.raises(Crash):
        seal_day(Memory(store.objects, before_put=crash_at_commit), signer, 2, rev=3, spec="c", sealed_at=at(3))
    assert id_of(2, 3).manifest_key in store.objects
    assert find(store, "lending/2026-07-02/day/main").report.rev == 2
    with pytest.raises(BadInput, match="no such report"):
        find(store, "lending/2026-07-02/day/main/3")
    seal_day(store, signer, 2, rev=3, spec="c", sealed_at=at(4))
    assert find(store, "lending/2026-07-02/day/main").report.rev == 3


def test_a_swapped_manifest_breaks_integrity(store: Memory, signer: Signer) -> None:
    """By another report's, by another of the same report that the same key signed, by one with a changed signature."""
    key = id_of(1).manifest_key
    own = store.objects[key]
    signed = manifest.parse(own, "x")[0]
    document = json.loads(own)
    document["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    for other in (
        store.objects[id_of(2).manifest_key],
        store.objects[id_of(2, 2).manifest_key],
        manifest.sign(replace(signed, predicate={"verdict": "failed"}), signer),
        json.dumps(document, separators=(",", ":")).encode(),
    ):
        store.objects[key] = other
        with pytest.raises(IntegrityBroken, match="Run verify"):
            find(store, str(id_of(1)))
    store.objects[key] = own[:-1]
    with pytest.raises(IntegrityBroken):
        find(store, str(id_of(1)))


def test_a_file_is_read_with_its_hash_checked(store: Memory) -> None:
    entry = find(store, "lending/2026-07-01/day/main")
    for name, data in files_of(1).items():
        assert read_file(store, entry, name) == data
    with pytest.raises(BadInput, match=r"one of empty, report\.html, report\.json"):
        read_file(store, entry, "report.pdf")
    for key in store.objects:
        if key.startswith("blobs/"):
            store.objects[key] += b"!"
    with pytest.raises(IntegrityBroken, match="other bytes"):
        read_file(store, entry, "report.json")


def test_an_entry_or_commit_that_was_replaced_is_not_read(store: Memory, signer: Signer) -> None:
    beats = [record_body(store, signer, beat(hours), recorded_at=at(3)).key for hours in range(2)]
    own = store.objects[id_of(1).manifest_key], store.objects[beats[0]]
    store.objects[id_of(1).manifest_key] = store.objects[id_of(2).manifest_key]
    with pytest.raises(IntegrityBroken, match="other bytes"):
        reports(store)
    store.objects[beats[0]] = store.objects[beats[1]]
    with pytest.raises(IntegrityBroken, match="other bytes"):
        list(logged(store, "heartbeat"))
    store.objects[id_of(1).manifest_key], store.objects[beats[0]] = own
    assert (len(reports(store)), len(list(logged(store)))) == (3, 3)
    store.objects[commit_key(2)] = store.objects[commit_key(1)]
    with pytest.raises(IntegrityBroken, match="commit 1 in its place"):
        reports(store)


@pytest.mark.parametrize("left", [(2, 3), (3,)])
def test_a_log_without_its_beginning_is_not_an_empty_one(store: Memory, left: tuple[int, ...]) -> None:
    for number in {1, 2, 3} - set(left):
        del store.objects[commit_key(number)]
    with pytest.raises(IntegrityBroken, match=f"commit 1: found nothing, but {commit_key(left[0])}"):
        reports(Memory(store.objects))


def test_a_log_put_together_from_two_is_not_read(store: Memory, signer: Signer) -> None:
    other = Memory()
    seal_day(other, signer, 9)
    store.objects[commit_key(1)] = other.objects[commit_key(1)]
    store.objects |= {key: data for key, data in other.objects.items() if not key.startswith("log/")}
    with pytest.raises(IntegrityBroken, match="another commit before it"):
        list(leaves(store))
