from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import commits, manifest
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import COMMITS, TILES, blob_key, commit_key, commit_number
from retroaudit.ledger.read import find, read_file, reports
from retroaudit.ledger.seal import Receipt, ReportId, Sealing, next_revision, seal, seal_all
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import File
from retroaudit.storage.open import open_storage
from retroaudit.storage.protocol import Storage
from tests.ledger.conftest import (
    NOON,
    Crash,
    Memory,
    at,
    beat,
    crash_at_commit,
    crashes,
    files_of,
    id_of,
    record_body,
    run_of,
    seal_day,
    sealing_of,
    whole_log,
)

WRITERS, SEALS = 4, 10
WRITE = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from retroaudit.ledger.seal import ReportId, Sealing, seal
from retroaudit.ledger.signing import load_signer
from retroaudit.storage.open import open_storage

url, key, writer, seals = sys.argv[1:]
storage, signer = open_storage(url), load_signer(Path(key))
for number in range(int(seals)):
    own = ReportId(f"model-{writer}", f"window-{number}", "day", "main", 1)
    shared = ReportId("shared", f"window-{number}", "day", "main", 1)
    for report in (own, shared):
        sealing = Sealing(report, {"report.json": str(report).encode()}, {}, {"inputs": "1"})
        receipt = seal(storage, sealing, signer, datetime(2026, 7, 1, 12, int(writer), tzinfo=UTC))
        print(receipt.commit, report)
"""
MOMENTS = pytest.mark.parametrize("moment", ["before", "after"])


def _leaf(receipt: Receipt) -> Leaf:
    return Leaf(receipt.manifest_key, receipt.manifest_sha256)


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
    assert kinds == ["blobs"] * 3 + ["entries", "log", "log", "reports"]
    assert whole_log(memory)[1:] == [_leaf(receipt)]
    assert [key for key in memory.objects if key.startswith(TILES)] == ["log/tile/0/000.p/2"]


def test_sealing_again_gives_the_receipt_of_the_first_time(memory: Memory, signer: Signer) -> None:
    first = seal_day(memory, signer, 1)
    for day in (2, 3):
        seal_day(memory, signer, day)
    before = dict(memory.objects)
    later = seal(memory, replace(sealing_of(1), predicate={"other": 1}), signer, NOON.replace(year=2027))
    assert later == replace(first, created=False)
    assert memory.objects == before


def test_other_bytes_of_the_report_for_the_same_run_break_integrity(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 1)
    before = dict(memory.objects)
    with pytest.raises(IntegrityBroken, match=r"other bytes for the same run key: report\.json"):
        seal(memory, replace(sealing_of(1), files={**files_of(1), "report.json": b"other"}), signer, NOON)
    assert memory.objects == before


@pytest.mark.parametrize("name", ["report.html", "empty"])
def test_what_other_libraries_draw_otherwise_stays_as_it_was_sealed(memory: Memory, signer: Signer, name: str) -> None:
    first = seal_day(memory, signer, 1)
    before = dict(memory.objects)
    again = seal(memory, replace(sealing_of(1), files={**files_of(1), name: b"other"}), signer, NOON)
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
    entry = find(memory, "lending/2026-07-01/day/main")
    assert (entry.report.rev, str(entry.report.supersedes)) == (3, "lending/2026-07-01/day/main/2")
    assert len(whole_log(memory)) == 4


@pytest.mark.parametrize(("spec", "rev"), [("b", 2), ("a", 3)])
def test_a_begun_revision_is_finished_by_its_run_or_by_the_next(
    memory: Memory, signer: Signer, spec: str, rev: int
) -> None:
    """A crash came between the manifest and the commit of revision 2, which the run of "b" had begun."""
    _seal_next(memory, signer, "a")
    with pytest.raises(Crash):
        _seal_next(Memory(memory.objects, before_put=crash_at_commit), signer, "b")
    receipt = _seal_next(memory, signer, spec)
    assert (receipt.report.rev, receipt.commit, receipt.created) == (rev, 2, True)
    assert [entry.report.rev for entry in reports(memory)] == list(range(1, rev + 1))
    assert len(whole_log(memory)) == rev + 1


def test_revisions_that_one_crash_after_the_other_left_are_all_committed(memory: Memory, signer: Signer) -> None:
    """Three runs in a row broke off between manifest and commit; the fourth takes them along, the oldest first."""
    for rev, spec in enumerate("abc", 1):
        with pytest.raises(Crash):
            seal_day(Memory(memory.objects, before_put=crash_at_commit), signer, 1, rev=rev, spec=spec)
    assert _seal_next(memory, signer, "d").commit == 1
    assert [entry.report.rev for entry in reports(memory)] == [1, 2, 3, 4]
    assert len(whole_log(memory)) == 5


def test_a_batch_takes_along_what_was_begun_before(memory: Memory, signer: Signer) -> None:
    for day in (1, 2):
        with pytest.raises(Crash):
            seal_day(Memory(memory.objects, before_put=crash_at_commit), signer, day)
    batch = [sealing_of(1, rev=2, spec="b"), sealing_of(2, rev=2, spec="b"), sealing_of(3)]
    receipts = seal_all(memory, batch, signer, at(1))
    assert [(each.commit, each.created) for each in receipts] == [(1, True)] * 3
    begun = [Leaf(key, File.of("", memory.objects[key]).sha256) for key in map(_manifest_key, (1, 2))]
    assert whole_log(memory)[1:] == [*begun, *map(_leaf, receipts)]
    assert [seal_day(memory, signer, day, sealed_at=at(1)).created for day in (1, 2)] == [False, False]


def _manifest_key(day: int) -> str:
    return id_of(day).manifest_key


@MOMENTS
@pytest.mark.parametrize("length", [0, 2])
def test_a_crash_at_any_put_of_a_batch_is_completed_by_sealing_it_again(
    signer: Signer, length: int, moment: str
) -> None:
    start = Memory()
    for day in range(4, 4 + length):
        seal_day(start, signer, day)
    with pytest.raises(Crash):  # a predecessor that is pending
        seal_day(Memory(start.objects, before_put=crash_at_commit), signer, 1)
    batch = [sealing_of(1, rev=2, spec="b"), sealing_of(2), sealing_of(3)]
    seen = 0
    for count, left in crashes(start, moment, lambda memory: seal_all(memory, batch, signer, at(1))):
        seen = count + 1
        receipts = seal_all(left, batch, signer, at(2))
        assert whole_log(left)[-3:] == [_leaf(each) for each in receipts]
        assert len(whole_log(left)) == 1 + length + 4
        assert [each.created for each in seal_all(left, batch, signer, at(3))] == [False] * 3
        assert seal_day(left, signer, 1, sealed_at=at(3)).created is False
    assert seen == 7 + 3 + 1 + 1 + (not length)  # blobs (the empty one is shared), manifests, commit, tile, first key


def test_old_and_new_in_one_batch(memory: Memory, signer: Signer) -> None:
    old = seal_day(memory, signer, 1)
    new = seal_all(memory, [sealing_of(2), sealing_of(1), sealing_of(3)], signer, at(1))
    assert [(each.commit, each.created) for each in new] == [(2, True), (1, False), (2, True)]
    assert new[1] == replace(old, created=False)
    assert seal_all(memory, [], signer, at(1)) == ()
    assert len(whole_log(memory)) == 4


@MOMENTS
def test_the_manifest_says_after_which_commit_it_was_written(memory: Memory, signer: Signer, moment: str) -> None:
    """Another writer commits between our look at the head and our own commit: `after` stays what was seen."""
    rival = Memory(memory.objects)
    seal_day(memory, signer, 1)

    def be_slow(key: str) -> None:
        if key == id_of(2).manifest_key and commit_key(2) not in rival.objects:
            record_body(rival, signer, beat(1))

    slow = (
        Memory(memory.objects, before_put=be_slow) if moment == "before" else Memory(memory.objects, after_put=be_slow)
    )
    receipt = seal_day(slow, signer, 2)
    assert receipt.commit == 3
    assert manifest.parse(memory.objects[receipt.manifest_key], "x")[0].after == 1
    assert seal_day(memory, signer, 2) == replace(receipt, created=False)


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
    assert len(whole_log(memory)) == 4


def test_a_predecessor_that_somebody_else_signed_is_not_committed(
    memory: Memory, signer: Signer, stranger: Signer
) -> None:
    seal_day(memory, signer, 2)
    elsewhere = Memory()
    seal_day(elsewhere, stranger, 1)
    memory.objects[id_of(1).manifest_key] = elsewhere.objects[id_of(1).manifest_key]
    with pytest.raises(BadInput, match="no key of this log signed"):
        seal_day(memory, signer, 1, rev=2, spec="b")
    assert commit_key(2) not in memory.objects


def test_a_manifest_that_somebody_else_signed_is_not_committed(
    memory: Memory, signer: Signer, stranger: Signer
) -> None:
    seal_day(memory, signer, 2)
    elsewhere = Memory()
    seal_day(elsewhere, stranger, 1)
    memory.objects |= {key: data for key, data in elsewhere.objects.items() if not key.startswith("log/")}
    with pytest.raises(BadInput, match="no key of this log signed"):  # whose key entry was planted as well
        seal_day(memory, signer, 1)
    assert commit_key(2) not in memory.objects


def test_a_manifest_under_anothers_name_is_not_committed(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 2)
    memory.objects[id_of(1).manifest_key] = memory.objects[id_of(2).manifest_key]
    with pytest.raises(BadInput, match="no key of this log signed for this place"):
        seal_day(memory, signer, 1)
    assert commit_key(2) not in memory.objects


def test_a_sealed_manifest_that_was_replaced_is_not_committed_again(memory: Memory, signer: Signer) -> None:
    receipt = seal_day(memory, signer, 1)
    signed = manifest.parse(memory.objects[receipt.manifest_key], "x")[0]
    memory.objects[receipt.manifest_key] = manifest.sign(replace(signed, predicate={"verdict": "failed"}), signer)
    with pytest.raises(IntegrityBroken, match=f"expected sha256 {receipt.manifest_sha256}"):
        seal_day(memory, signer, 1)
    assert len(whole_log(memory)) == 2


def test_finding_a_report_again_takes_few_reads(memory: Memory, signer: Signer) -> None:
    for day in range(1, 29):
        seal_day(memory, signer, day)
    memory.asked.clear()
    assert seal_day(memory, signer, 20).commit == 20
    assert seal_day(memory, signer, 20, rev=2, spec="b").commit == 29
    read = [commit_number(key) for what, key in memory.asked if what == "read" and key.startswith(COMMITS)]
    assert read == [28, 20] * 2  # the head and the report's own; the head and the predecessor's


def test_nothing_is_signed_onto_a_log_without_its_beginning(memory: Memory, signer: Signer) -> None:
    for day in (1, 2, 3):
        seal_day(memory, signer, day)
    del memory.objects[commit_key(1)]
    before = dict(memory.objects)
    with pytest.raises(IntegrityBroken, match="commit 1: found nothing"):
        seal_day(Memory(memory.objects), signer, 4)
    assert memory.objects == before


def test_other_windows_and_parts_have_revisions_of_their_own(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 1)
    for other in (("lending", "2026-07-01", "day", "main2"), ("lending", "2026-07-011", "day", "main")):
        assert next_revision(memory, *other, run_of(1)).rev == 1


def test_another_key_cannot_go_on_with_the_log(memory: Memory, signer: Signer, stranger: Signer) -> None:
    seal_day(memory, signer, 1)
    with pytest.raises(BadInput, match="Use the store's key"):
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


@MOMENTS
@pytest.mark.parametrize("length", [0, 1, 3])
def test_a_crash_at_any_put_is_completed_by_sealing_again(signer: Signer, length: int, moment: str) -> None:
    start = Memory()
    for day in range(2, 2 + length):
        seal_day(start, signer, day)
    seen = 0
    for count, left in crashes(start, moment, lambda memory: seal_day(memory, signer, 1)):
        seen = count + 1
        committed = commit_key(length + 1) in left.objects
        receipt = seal_day(left, signer, 1, sealed_at=at(1))
        assert (receipt.commit, receipt.created) == (length + 1, not committed)
        assert seal_day(left, signer, 1, sealed_at=at(2)) == replace(receipt, created=False)
        assert whole_log(left)[-1] == _leaf(receipt)
        assert len(whole_log(left)) == length + 2
        entry = find(left, str(id_of(1)))
        assert {name: read_file(left, entry, name) for name in files_of(1)} == files_of(1)
    # three blobs (the empty one is in every report), the manifest, the commit and a tile; the key of an empty log
    assert seen == 6 + (not length)


def test_a_crash_while_it_is_sealed_again_is_none_either(signer: Signer) -> None:
    """Two crashes, one after the other, each at any put."""
    for _, once in crashes(Memory(), "before", lambda memory: seal_day(memory, signer, 1)):
        for _, twice in crashes(once, "after", lambda memory: seal_day(memory, signer, 1, sealed_at=at(1))):
            receipt = seal_day(twice, signer, 1, sealed_at=at(2))
            assert whole_log(twice)[1:] == [_leaf(receipt)]


@pytest.mark.parametrize("lost", range(7))
def test_an_answer_lost_at_any_put_loses_nothing(memory: Memory, signer: Signer, lost: int) -> None:
    """Of blobs and manifests the storage itself asks again, and says so where it could not; then so may we."""
    puts: list[str] = []

    def lose(key: str) -> None:
        puts.append(key)
        if len(puts) == lost + 1:
            raise BadInput(Fault("s3", "no answer", "one"))

    failing = Memory(memory.objects, after_put=lose)
    if lost < 4:  # three blobs and the manifest; then come the key, the commit and a tile
        with pytest.raises(BadInput, match="no answer"):
            seal_day(failing, signer, 1)
        assert whole_log(memory) == []
    receipt = seal_day(failing, signer, 1)
    assert receipt.created
    assert len(puts) == (lost + 1 + 7 if lost < 4 else 7)
    assert whole_log(memory)[1:] == [_leaf(receipt)]


@pytest.mark.slow
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
    assert commits.read(storage, len(entries)).body.size == len(entries) + 1


def test_hostile_names_are_sealed_like_any_other(tmp_path: Path, signer: Signer) -> None:
    storage = open_storage((tmp_path / "store").as_uri(), create=True)
    report = ReportId("..", "<script>alert('1')</script>".replace("/", "\\"), "ü" * 200, '"; rm -rf ~', 1)
    assert seal(storage, Sealing(report, {"../../x": b"1", "": b"2"}, {}, {}), signer, NOON).created
    assert read_file(storage, find(storage, str(report)), "../../x") == b"1"
    assert {path.name for path in tmp_path.iterdir()} == {"store"}


def test_files_and_manifests_are_kept_as_long_as_asked(memory: Memory, signer: Signer) -> None:
    kept: dict[str, object] = {}
    put = memory.put_if_absent

    def look(key: str, data: bytes, *, retain_until: object = None) -> bool:
        kept[key] = retain_until
        return put(key, data)

    memory.put_if_absent = look  # type: ignore[method-assign]
    receipt = seal(memory, sealing_of(1), signer, NOON, retain_until=at(24))
    assert {key for key, until in kept.items() if until == at(24)} == {
        receipt.manifest_key,
        *(blob_key(File.of(name, data).sha256) for name, data in files_of(1).items()),
    }
