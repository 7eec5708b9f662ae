from __future__ import annotations

import pytest

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.read import find, read_file, reports
from retroaudit.ledger.signing import Signer
from tests.ledger.conftest import NOON, Memory, files_of, id_of, seal_day


@pytest.fixture
def store(memory: Memory, signer: Signer) -> Memory:
    seal_day(memory, signer, 2)
    seal_day(memory, signer, 1)
    seal_day(memory, signer, 2, rev=2, spec="b")
    return memory


def test_reports_come_in_the_order_of_the_log(store: Memory) -> None:
    entries = reports(store)
    assert [(entry.report, entry.commit) for entry in entries] == [(id_of(2), 1), (id_of(1), 2), (id_of(2, 2), 3)]
    assert [entry.verdict for entry in entries] == ["passed"] * 3
    assert [entry.findings for entry in entries] == [2, 1, 2]
    assert entries[1].sealed_at == NOON.replace(day=1)
    assert entries[1].summary()["report"] == "lending/2026-07-01/day/main/1"


def test_an_empty_log_has_no_reports(memory: Memory) -> None:
    assert reports(memory) == ()


def test_a_report_is_found_by_its_id_or_without_revision(store: Memory) -> None:
    assert find(store, "lending/2026-07-02/day/main/1").report == id_of(2)
    assert find(store, "lending/2026-07-02/day/main").report == id_of(2, 2)


def test_an_unknown_id_names_the_nearest(store: Memory, memory: Memory) -> None:
    for text in ("lending/2026-07-02/day/main/3", "lendign/2026-07-02/day/main"):
        with pytest.raises(BadInput, match="Nearest: lending/2026-07-02/day/main/"):
            find(store, text)
    with pytest.raises(BadInput, match="nothing is sealed here yet"):
        find(Memory(), "lending/2026-07-02/day/main")
    with pytest.raises(BadInput, match="report id"):
        find(memory, "lending")


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


def test_a_manifest_or_commit_that_was_replaced_is_not_read(store: Memory) -> None:
    manifest = store.objects[id_of(1).manifest_key]
    store.objects[id_of(1).manifest_key] = store.objects[id_of(2).manifest_key]
    with pytest.raises(IntegrityBroken, match="other bytes"):
        reports(store)
    store.objects[id_of(1).manifest_key] = manifest
    assert len(reports(store)) == 3
    store.objects[commit_key(2)] = store.objects[commit_key(1)]
    with pytest.raises(IntegrityBroken, match="commit 1 in its place"):
        reports(store)


@pytest.mark.parametrize("left", [(2, 3), (3,)])
def test_a_log_without_its_beginning_is_not_an_empty_one(store: Memory, left: tuple[int, ...]) -> None:
    for number in {1, 2, 3} - set(left):
        del store.objects[commit_key(number)]
    with pytest.raises(IntegrityBroken, match=f"commit 1: found nothing, but {commit_key(left[0])}"):
        reports(store)


def test_a_log_put_together_from_two_is_not_read(store: Memory, signer: Signer) -> None:
    other = Memory()
    seal_day(other, signer, 9)
    store.objects[commit_key(1)] = other.objects[commit_key(1)]
    store.objects |= {key: data for key, data in other.objects.items() if not key.startswith("log/")}
    with pytest.raises(IntegrityBroken, match="another commit before it"):
        reports(store)
