from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger.coordinates import COMMITS, commit_key, commit_number
from retroaudit.ledger.read import find, reports
from retroaudit.ledger.seal import Receipt, ReportId, next_revision, seal
from retroaudit.ledger.signing import Signer, load_public
from retroaudit.ledger.verify import verify
from retroaudit.storage.open import open_storage
from retroaudit.storage.protocol import Storage
from tests.ledger.conftest import NOON, Crash, Memory, files_of, id_of, run_of, seal_day

WRITERS, SEALS = 4, 10
WRITE = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from retroaudit.ledger.seal import ReportId, next_revision, seal
from retroaudit.ledger.signing import load_signer
from retroaudit.storage.open import open_storage

url, key, writer, seals = sys.argv[1:]
storage, signer = open_storage(url), load_signer(Path(key))
for number in range(int(seals)):
    own = ReportId(f"model-{writer}", f"window-{number}", "day", "main", 1)
    shared = ReportId("shared", f"window-{number}", "day", "main", 1)
    for report in (own, shared):
        files = {"report.json": str(report).encode()}
        at = datetime(2026, 7, 1, int(writer), tzinfo=UTC)
        receipt = seal(storage, report, files, {}, {"inputs": "1"}, signer, sealed_at=at)
        print(receipt.commit, report)
"""


def _next(storage: Storage, spec: str) -> tuple[int, str | None, str | None]:
    found = next_revision(storage, "lending", "2026-07-01", "day", "main", run_of(1, spec))
    before = str(found.supersedes) if found.supersedes else None
    return found.rev, before, found.previous_run["spec"] if found.previous_run else None


def _seal_next(storage: Storage, signer: Signer, spec: str) -> Receipt:
    """Day 1 as a whole run of this spec seals it."""
    return seal_day(storage, signer, 1, rev=_next(storage, spec)[0], spec=spec)


def test_a_report_is_files_a_manifest_and_a_commit(memory: Memory, signer: Signer) -> None:
    receipt = seal_day(memory, signer, 1)
    assert receipt.created
    assert (receipt.commit, receipt.manifest_key) == (1, id_of(1).manifest_key)
    kinds = sorted(key.split("/")[0] for key in memory.objects)
    assert kinds == ["blobs"] * 3 + ["log", "reports"]


def test_sealing_again_gives_the_receipt_of_the_first_time(memory: Memory, signer: Signer) -> None:
    first = seal_day(memory, signer, 1)
    for day in (2, 3):
        seal_day(memory, signer, day)
    before = dict(memory.objects)
    later = seal(memory, id_of(1), files_of(1), {"other": 1}, run_of(1), signer, sealed_at=NOON.replace(year=2027))
    assert later == replace(first, created=False)
    assert memory.objects == before


def test_other_bytes_of_the_report_for_the_same_run_break_integrity(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 1)
    before = dict(memory.objects)
    with pytest.raises(IntegrityBroken, match=r"other bytes for the same run key: report\.json"):
        seal(memory, id_of(1), {**files_of(1), "report.json": b"other"}, {}, run_of(1), signer, sealed_at=NOON)
    assert memory.objects == before


@pytest.mark.parametrize("name", ["report.html", "empty"])
def test_what_other_libraries_draw_otherwise_stays_as_it_was_sealed(memory: Memory, signer: Signer, name: str) -> None:
    first = seal_day(memory, signer, 1)
    before = dict(memory.objects)
    again = seal(memory, id_of(1), {**files_of(1), name: b"other"}, {}, run_of(1), signer, sealed_at=NOON)
    assert again == replace(first, created=False)
    assert memory.objects == before


def test_a_revision_that_another_run_holds_is_refused(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 1)
    with pytest.raises(BadInput, match="next revision"):
        seal_day(memory, signer, 1, spec="b")


def test_revisions_have_no_gaps(memory: Memory, signer: Signer) -> None:
    with pytest.raises(BadInput, match="without gaps"):
        seal_day(memory, signer, 1, rev=2)


def test_the_next_revision_and_its_cause(memory: Memory, signer: Signer) -> None:
    assert _next(memory, "a") == (1, None, None)
    seal_day(memory, signer, 1, rev=1, spec="a")
    assert _next(memory, "a") == (1, None, None)
    assert _next(memory, "b") == (2, "lending/2026-07-01/day/main/1", "a")
    seal_day(memory, signer, 1, rev=2, spec="b")
    assert _next(memory, "b") == (2, "lending/2026-07-01/day/main/1", "a")
    assert _next(memory, "c") == (3, "lending/2026-07-01/day/main/2", "b")


def test_what_goes_back_to_what_it_was_is_a_third_revision(memory: Memory, signer: Signer) -> None:
    for rev, spec in enumerate("aba", 1):
        assert _seal_next(memory, signer, spec).commit == rev
    assert _next(memory, "a") == (3, "lending/2026-07-01/day/main/2", "b")
    assert _seal_next(memory, signer, "a").created is False
    manifest = find(memory, "lending/2026-07-01/day/main")
    assert (manifest.report.rev, str(manifest.report.supersedes)) == (3, "lending/2026-07-01/day/main/2")
    outcome = verify(memory, signer.public)
    assert (outcome.problems, outcome.notes, outcome.checked["reports"]) == ((), (), 3)


@pytest.mark.parametrize(("spec", "rev"), [("b", 2), ("a", 3)])
def test_a_begun_revision_is_finished_by_its_run_or_by_the_next(
    memory: Memory, signer: Signer, spec: str, rev: int
) -> None:
    """A crash came between the manifest and the commit of revision 2, which the run of "b" had begun."""
    _seal_next(memory, signer, "a")
    with pytest.raises(Crash):
        _seal_next(Memory(memory.objects, before_put=_crash_at_commit), signer, "b")
    receipt = _seal_next(memory, signer, spec)
    assert (receipt.report.rev, receipt.commit, receipt.created) == (rev, rev, True)
    assert [entry.report.rev for entry in reports(memory)] == list(range(1, rev + 1))
    outcome = verify(memory, signer.public)
    assert (outcome.problems, outcome.notes) == ((), ())


def test_a_late_writer_finds_what_the_next_revision_committed_for_it(memory: Memory, signer: Signer) -> None:
    """The run of "b" is about to commit when the run of "a" goes through as a whole: four racing orders in one."""
    _seal_next(memory, signer, "a")
    rival = Memory(memory.objects)

    def be_slow(key: str) -> None:
        if key.startswith(COMMITS) and id_of(1, 3).manifest_key not in memory.objects:
            _seal_next(rival, signer, "a")

    late = _seal_next(Memory(memory.objects, before_put=be_slow), signer, "b")
    assert (late.report.rev, late.commit) == (2, 2)
    assert [entry.report.rev for entry in reports(memory)] == [1, 2, 3]
    assert not verify(memory, signer.public).problems


def test_a_predecessor_that_somebody_else_signed_is_not_committed(
    memory: Memory, signer: Signer, stranger: Signer
) -> None:
    seal_day(memory, signer, 2)
    elsewhere = Memory()
    seal_day(elsewhere, stranger, 1)
    memory.objects[id_of(1).manifest_key] = elsewhere.objects[id_of(1).manifest_key]
    with pytest.raises(BadInput, match="the signature of key"):
        seal_day(memory, signer, 1, rev=2, spec="b")
    assert commit_key(2) not in memory.objects


def test_finding_a_report_again_takes_few_reads(
    memory: Memory, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(1, 29):
        seal_day(memory, signer, day)
    asked: list[str] = []
    look = memory.read

    def count(key: str, **rest: Any) -> bytes:
        asked.append(key)
        return look(key, **rest)

    monkeypatch.setattr(memory, "read", count)
    assert seal_day(memory, signer, 20).commit == 20
    assert seal_day(memory, signer, 20, rev=2, spec="b").commit == 29
    read = [commit_number(key) for key in asked if key.startswith(COMMITS)]
    assert read == [28, 20] * 2  # the head and the report's own; the head and the predecessor's


def test_nothing_is_signed_onto_a_log_without_its_beginning(memory: Memory, signer: Signer) -> None:
    for day in (1, 2, 3):
        seal_day(memory, signer, day)
    del memory.objects[commit_key(1)]
    before = dict(memory.objects)
    with pytest.raises(IntegrityBroken, match="commit 1: found nothing"):
        seal_day(memory, signer, 4)
    assert memory.objects == before


def test_other_windows_and_parts_have_revisions_of_their_own(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 1)
    for other in (("lending", "2026-07-01", "day", "main2"), ("lending", "2026-07-011", "day", "main")):
        assert next_revision(memory, *other, run_of(1)).rev == 1


def test_another_key_cannot_go_on_with_the_log(memory: Memory, signer: Signer, stranger: Signer) -> None:
    seal_day(memory, signer, 1)
    with pytest.raises(BadInput, match="the signature of key"):
        seal_day(memory, stranger, 2)
    assert commit_key(2) not in memory.objects


def test_a_blob_with_other_bytes_stops_the_seal(memory: Memory, signer: Signer) -> None:
    receipt = seal_day(memory, signer, 1)
    for key in memory.objects:
        if key.startswith("blobs/"):
            memory.objects[key] += b"!"
    with pytest.raises(IntegrityBroken, match="other bytes than its name says"):
        seal_day(memory, signer, 1)
    assert receipt.created


def _crash_at_commit(key: str) -> None:
    if key.startswith(COMMITS):
        raise Crash


def _crash_at(count: int) -> Callable[[str], None]:
    left = [count]

    def look(_: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Crash

    return look


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("length", [0, 1, 3])
def test_a_crash_at_any_put_is_completed_by_sealing_again(signer: Signer, length: int, moment: str) -> None:
    crashes = 0
    while True:
        memory = Memory()
        for day in range(2, 2 + length):
            seal_day(memory, signer, day)
        crash = _crash_at(crashes)
        failing = (
            Memory(memory.objects, before_put=crash) if moment == "before" else Memory(memory.objects, after_put=crash)
        )
        try:
            seal_day(failing, signer, 1)
        except Crash:
            crashes += 1
        else:
            break
        assert not verify(memory, signer.public).problems or length == 0  # nothing sealed yet is nothing checked
        receipt = seal_day(memory, signer, 1)
        assert (receipt.commit, receipt.created) == (length + 1, "log" not in _last_put(moment, crashes))
        assert seal_day(memory, signer, 1) == replace(receipt, created=False)
        outcome = verify(memory, signer.public)
        assert (outcome.problems, outcome.notes) == ((), ())
        assert outcome.checked["reports"] == length + 1
    assert crashes == 5  # three blobs, the manifest, the commit


def _last_put(moment: str, crashes: int) -> str:
    return "log" if moment == "after" and crashes == 5 else ""


def test_a_crashed_report_is_noted_until_it_is_sealed_again(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 1)
    with pytest.raises(Crash):
        seal_day(Memory(memory.objects, before_put=_crash_at(4)), signer, 2)
    outcome = verify(memory, signer.public)
    assert outcome.problems == ()
    assert [note.partition(": ")[2].split()[0] for note in outcome.notes] == ["uncommitted:", "in"]


@pytest.mark.parametrize("lost", range(5))
def test_an_answer_lost_at_any_put_is_no_failure(memory: Memory, signer: Signer, lost: int) -> None:
    puts: list[str] = []

    def lose(key: str) -> None:
        puts.append(key)
        if len(puts) == lost + 1:
            raise BadInput(Fault("s3", "no answer", "one"))

    memory.after_put = lose
    assert seal_day(memory, signer, 1).created
    assert len(puts) == 5
    assert not verify(memory, signer.public).problems


def test_processes_at_once_lose_no_leaf_and_make_no_fork(tmp_path: Path, keys: Path) -> None:
    url = (tmp_path / "store").as_uri()
    storage = open_storage(url, create=True)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, url, str(keys / "signing.pem"), str(writer), str(SEALS)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for writer in range(WRITERS)
    ]
    acknowledged = set()
    for process in running:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        acknowledged |= {tuple(line.split()) for line in output.splitlines()}
    entries = reports(storage)
    assert {(str(entry.commit), str(entry.report)) for entry in entries} == acknowledged
    assert len(entries) == (WRITERS + 1) * SEALS  # the shared ones once, whoever was first
    assert [entry.commit for entry in entries] == list(range(1, len(entries) + 1))
    outcome = verify(storage, load_public(keys / "public.pem"))
    assert (outcome.problems, outcome.notes) == ((), ())


def test_hostile_names_are_sealed_like_any_other(tmp_path: Path, signer: Signer) -> None:
    storage = open_storage((tmp_path / "store").as_uri(), create=True)
    report = ReportId("..", "<script>alert('1')</script>".replace("/", "\\"), "ü" * 200, '"; rm -rf ~', 1)
    receipt = seal(storage, report, {"../../x": b"1", "": b"2"}, {}, {}, signer, sealed_at=NOON)
    assert receipt.created
    assert not verify(storage, signer.public, str(report)).problems
