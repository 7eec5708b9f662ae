from __future__ import annotations

import pytest

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger import commits, entries, keyring
from retroaudit.ledger.appending import CLOCK_JUMPED
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import COMMITS, blob_key, commit_key, entry_kind
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.read import logged
from retroaudit.ledger.recording import Receipt, record, rotate
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import File
from retroaudit.ledger.verify import Options, verify
from tests.ledger.conftest import (
    NOON,
    Crash,
    Memory,
    at,
    beat,
    crash_at_commit,
    crashes,
    plan_of,
    record_body,
    whole_log,
)

MOMENTS = pytest.mark.parametrize("moment", ["before", "after"])


def _rotate(memory: Memory, old: Signer, new: Signer, hours: float = 0, *, ends: float | None = None) -> Receipt:
    return rotate(memory, old, new, "ann", "yearly", None if ends is None else at(ends), at(hours))


def _leaf(receipt: Receipt) -> Leaf:
    return Leaf(receipt.key, receipt.sha256)


def _require_keys_in_order(memory: Memory, *signers: Signer) -> None:
    """Rule K1 of the format: who signed each commit, and what each handover holds."""
    named = list(logged(Memory(memory.objects), "key"))
    assert [keyring.read(each.recorded.entry).public.keyid for each in named] == [s.public.keyid for s in signers]
    holders = list(signers)
    for number in range(1, commits_in(memory) + 1):
        commit = commits.read(memory, number)
        assert commit.envelope.signed_by(holders[0].public)
        if commit.body.next_key != holders[0].public.keyid:
            old = holders.pop(0)
            (handed,) = [each for each in named if each.commit == number]
            assert keyring.read(handed.recorded.entry).follows(old.public, commit.body.previous)
            assert [leaf.key for leaf in commit.body.leaves] == [handed.key]
            assert commit.body.next_key == holders[0].public.keyid


def commits_in(memory: Memory) -> int:
    return sum(key.startswith(COMMITS) for key in memory.objects)


def _require_signed_by_its_commits_key(memory: Memory) -> None:
    """Rule K2 of the format: an entry is signed by the key that signs the commit that holds it."""
    for each in logged(Memory(memory.objects)):
        recorded, envelope = entries.parse(memory.objects[each.key], each.key)
        assert recorded.after < each.commit
        assert envelope.keyid == commits.read(memory, each.commit).envelope.keyid


def test_entries_of_one_call_share_a_commit(memory: Memory, signer: Signer) -> None:
    plan, files = plan_of(1)
    both = record(memory, [plan, Entry(beat(0))], files, signer, NOON)
    assert [(each.commit, each.created) for each in both] == [(1, True)] * 2
    assert [leaf.key for leaf in whole_log(memory)][1:] == [plan.key, Entry(beat(0)).key]
    assert all(memory.objects[blob_key(sha256)] == data for sha256, data in files.items())
    assert [each.recorded for each in logged(memory, "plan")] == [Recorded(plan, NOON, 0)]


def test_recording_again_gives_the_receipt_of_the_first_time(memory: Memory, signer: Signer) -> None:
    plan, files = plan_of(1)
    (first,) = record(memory, [plan], files, signer, NOON)
    record_body(memory, signer, beat(0))
    before = dict(memory.objects)
    (again,) = record(memory, [plan], files, signer, at(9))
    assert again == Receipt(first.key, first.sha256, 1, created=False)
    assert memory.objects == before


def test_old_and_new_entries_in_one_call(memory: Memory, signer: Signer) -> None:
    old = record_body(memory, signer, beat(0))
    receipts = record(memory, [Entry(beat(1)), Entry(beat(0)), Entry(beat(1))], {}, signer, at(1))
    assert [(each.commit, each.created) for each in receipts] == [(2, True), (1, False), (2, True)]
    assert receipts[1].sha256 == old.sha256
    assert len(whole_log(memory)) == 3


def test_nothing_to_record_is_nothing(memory: Memory, signer: Signer) -> None:
    assert record(memory, [], {}, signer, NOON) == ()
    assert memory.objects == {}


def test_a_file_without_content_or_with_another_is_refused(memory: Memory, signer: Signer) -> None:
    plan, files = plan_of(1)
    with pytest.raises(BadInput, match=r"file 'spec\.json': found no content") as caught:
        record(memory, [plan], {}, signer, NOON)
    assert len(caught.value.faults) == 2
    with pytest.raises(BadInput, match="found other bytes"):
        record(memory, [plan], dict.fromkeys(files, b"other"), signer, NOON)
    assert memory.objects == {}
    record(memory, [plan], files, signer, NOON)
    assert record(memory, [plan], {}, signer, NOON)[0].created is False  # they are there already


def test_an_entry_that_another_put_there_is_not_committed(memory: Memory, signer: Signer, stranger: Signer) -> None:
    record_body(memory, signer, beat(0))
    entry = Entry(beat(1))
    memory.objects[entry.key] = entries.sign(Recorded(entry, NOON, 0), stranger)
    with pytest.raises(IntegrityBroken, match="no key of the log signed"):
        record_body(memory, signer, beat(1))
    other = Entry(entry.body, (File.of("more", b""),))
    memory.objects[entry.key] = entries.sign(Recorded(other, NOON, 0), signer)
    with pytest.raises(IntegrityBroken, match="another entry"):
        record_body(memory, signer, beat(1))
    assert len(whole_log(memory)) == 2


@MOMENTS
@pytest.mark.parametrize("length", [0, 2])
def test_a_crash_at_any_put_is_completed_by_recording_again(signer: Signer, moment: str, length: int) -> None:
    start = Memory()
    for hours in range(length):
        record_body(start, signer, beat(hours))
    plan, files = plan_of(1)

    def work(memory: Memory, clock: float = 2) -> tuple[Receipt, ...]:
        return record(memory, [plan, Entry(beat(9))], files, signer, at(clock))

    seen = 0
    for count, left in crashes(start, moment, work):
        seen = count + 1
        receipts = work(left, 3)
        assert whole_log(left)[-2:] == [_leaf(each) for each in receipts]
        assert len(whole_log(left)) == length + 3
        assert [each.created for each in work(left, 4)] == [False, False]
        _require_signed_by_its_commits_key(left)
    # two blobs, two entries, the commit and one tile; in an empty log its key besides
    assert seen == 6 + (not length)


def test_a_log_is_handed_over(memory: Memory, signer: Signer, successor: Signer, stranger: Signer) -> None:
    record_body(memory, signer, beat(0))
    receipt = _rotate(memory, signer, successor, 1, ends=99)
    assert (receipt.commit, receipt.created) == (2, True)
    record_body(memory, successor, beat(2), recorded_at=at(2))
    _rotate(memory, successor, stranger, 3)
    record_body(memory, stranger, beat(4), recorded_at=at(4))
    assert record_body(memory, stranger, beat(0), recorded_at=at(5)).created is False  # signed by the first key
    _require_keys_in_order(memory, signer, successor, stranger)
    _require_signed_by_its_commits_key(memory)
    for old in (signer, successor):
        with pytest.raises(BadInput, match="Use the store's key"):
            record_body(memory, old, beat(9), recorded_at=at(9))


@MOMENTS
def test_a_crash_at_any_put_of_a_handover_is_completed_by_it(signer: Signer, successor: Signer, moment: str) -> None:
    start = Memory()
    record_body(start, signer, beat(0))
    seen = 0
    for count, left in crashes(start, moment, lambda memory: _rotate(memory, signer, successor, 1, ends=99)):
        seen = count + 1
        receipt = _rotate(left, signer, successor, 2, ends=50)  # another end, but what was begun counts
        assert whole_log(left)[-1] == _leaf(receipt)
        assert len(whole_log(left)) == 3
        record_body(left, successor, beat(3), recorded_at=at(3))
        again = _rotate(left, signer, successor, 4)
        assert again == Receipt(receipt.key, receipt.sha256, 2, created=False)
        _require_keys_in_order(left, signer, successor)
    assert seen == 3  # the entry, the commit and a tile


def test_what_was_begun_with_the_old_key_is_not_finished_with_the_new(
    memory: Memory, signer: Signer, successor: Signer
) -> None:
    """Nobody can tell it from what the old key's holder puts there today: rule K2 of the format."""
    record_body(memory, signer, beat(0))
    with pytest.raises(Crash):
        record_body(Memory(memory.objects, before_put=crash_at_commit), signer, beat(1))
    _rotate(memory, signer, successor, 1)
    with pytest.raises(BadInput, match=r"begun with key .*, which is retired.*No commit holds it.* remove it"):
        record_body(memory, successor, beat(1), recorded_at=at(2))
    assert commits_in(memory) == 2
    assert record_body(memory, successor, beat(2), recorded_at=at(2)).commit == 3
    _require_signed_by_its_commits_key(memory)


@pytest.mark.parametrize(("hours", "refused"), [(3.0, False), (3.01, True), (1000.0, True)])
def test_what_was_begun_with_a_clock_far_ahead_is_not_finished(
    memory: Memory, signer: Signer, hours: float, refused: bool
) -> None:
    """Rule K3 of the format: an hour after its commit's time, no more; the log's head is from 2 h."""
    record_body(memory, signer, beat(0), recorded_at=at(2))
    with pytest.raises(Crash):
        record_body(Memory(memory.objects, before_put=crash_at_commit), signer, beat(1), recorded_at=at(hours))
    if refused:
        with pytest.raises(BadInput, match=r"recorded at .*expected one recorded by 2026-07-02T15:00:00"):
            record_body(memory, signer, beat(1), recorded_at=at(1.5))
    else:
        assert record_body(memory, signer, beat(1), recorded_at=at(1.5)).commit == 2


def test_a_handover_that_lasted_too_long_is_begun_anew(memory: Memory, signer: Signer, successor: Signer) -> None:
    record_body(memory, signer, beat(0))
    with pytest.raises(Crash):
        _rotate(Memory(memory.objects, before_put=crash_at_commit), signer, successor, 1, ends=2)
    _rotate(memory, signer, successor, 3, ends=99)
    (named,) = [each for each in logged(memory, "key") if each.commit == 2]
    assert keyring.read(named.recorded.entry).expires == at(99)


def test_a_handover_is_agreed_to_anew_after_anothers_commit(memory: Memory, signer: Signer, successor: Signer) -> None:
    """Once between crash and retry, and three times between its look at the log and its commit."""
    record_body(memory, signer, beat(0))
    with pytest.raises(Crash):
        _rotate(Memory(memory.objects, before_put=crash_at_commit), signer, successor, 1, ends=50)
    record_body(memory, signer, beat(1), recorded_at=at(1))
    rival = Memory(memory.objects)

    def be_slow(key: str) -> None:
        if key in {commit_key(3), commit_key(4), commit_key(5)} and key not in rival.objects:
            record_body(rival, signer, beat(len(rival.objects)), recorded_at=at(2))

    receipt = _rotate(Memory(memory.objects, before_put=be_slow), signer, successor, 2, ends=99)
    assert (receipt.commit, receipt.created) == (6, True)
    named = [each.key for each in keyring.named(memory) if each.key.public.keyid == successor.public.keyid]
    assert sorted(str(each.expires) for each in named) == sorted([str(at(50)), *[str(at(99))] * 4])
    assert keyring.lineage(memory, successor.public)[successor.public.keyid].expires == at(99)
    record_body(memory, successor, beat(3), recorded_at=at(3))
    _require_keys_in_order(memory, signer, successor)
    _require_signed_by_its_commits_key(memory)


def test_whoever_is_always_outrun_hands_nothing_over(
    memory: Memory, signer: Signer, successor: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_body(memory, signer, beat(0))
    rival, clock = Memory(memory.objects), iter(range(0, 10_000, 100))

    def be_slow(key: str) -> None:
        if key.startswith(COMMITS):
            record_body(rival, signer, beat(len(rival.objects)))

    slow = Memory(memory.objects, before_put=be_slow)
    monkeypatch.setattr("retroaudit.ledger.recording.time.monotonic", lambda: next(clock))
    with pytest.raises(BadInput, match="five minutes"):
        _rotate(slow, signer, successor)
    assert {commits.read(memory, number).body.next_key for number in range(1, commits_in(memory) + 1)} == {
        signer.public.keyid
    }


def test_a_key_that_has_expired_hands_the_log_over(
    memory: Memory, signer: Signer, successor: Signer, stranger: Signer
) -> None:
    record_body(memory, signer, beat(0))
    _rotate(memory, signer, successor, 1, ends=2)
    with pytest.raises(BadInput, match="expired at"):
        record_body(memory, successor, beat(3), recorded_at=at(3))
    assert _rotate(memory, successor, stranger, 3).commit == 3
    record_body(memory, stranger, beat(4), recorded_at=at(4))
    _require_keys_in_order(memory, signer, successor, stranger)
    assert verify(memory, stranger.public, options=Options(at=at(5))).problems == ()


def test_no_key_ends_before_the_logs_last_commit(
    memory: Memory, signer: Signer, successor: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit with a wrong clock: a key that ends before it could sign nothing."""
    record_body(memory, signer, beat(0), recorded_at=at(1000))
    monkeypatch.setenv(CLOCK_JUMPED, "1")
    with pytest.raises(BadInput, match=f"one after {at(1000).isoformat()}".replace("+", r"\+")):
        _rotate(memory, signer, successor, 1, ends=500)
    _rotate(memory, signer, successor, 1, ends=1001)
    assert record_body(memory, successor, beat(1), recorded_at=at(2)).commit == 3


def test_a_key_that_began_a_log_in_vain_can_still_come_after(memory: Memory, signer: Signer, successor: Signer) -> None:
    """Its entry as a log's first key was left behind when another key began the log: it names no predecessor."""
    rival = Memory(memory.objects)

    def be_slow(key: str) -> None:
        if key == commit_key(1) and key not in rival.objects:
            record_body(rival, signer, beat(0))

    with pytest.raises(BadInput, match="Use the store's key"):
        record_body(Memory(memory.objects, before_put=be_slow), successor, beat(1))
    _rotate(memory, signer, successor, 1)
    record_body(memory, successor, beat(2), recorded_at=at(2))
    _require_keys_in_order(memory, signer, successor)


def test_handovers_that_cannot_be_are_refused(memory: Memory, signer: Signer, successor: Signer) -> None:
    with pytest.raises(BadInput, match="an empty log"):
        _rotate(memory, signer, successor)
    record_body(memory, signer, beat(0))
    before = dict(memory.objects)
    with pytest.raises(BadInput, match="a key that this log had before"):
        _rotate(memory, signer, signer)
    with pytest.raises(BadInput, match="found an end at 2026-07-02T13:00:00"):
        _rotate(memory, signer, successor, 1, ends=1)
    assert memory.objects == before
    _rotate(memory, signer, successor, 1)
    with pytest.raises(BadInput, match="a key that this log had before"):
        _rotate(memory, successor, signer, 2)


def test_two_handovers_at_once_make_no_fork(
    memory: Memory, signer: Signer, successor: Signer, stranger: Signer
) -> None:
    record_body(memory, signer, beat(0))
    rival = Memory(memory.objects)

    def be_slow(key: str) -> None:
        if key == commit_key(2) and key not in rival.objects:
            _rotate(rival, signer, stranger)

    with pytest.raises(BadInput, match="Use the store's key"):
        _rotate(Memory(memory.objects, before_put=be_slow), signer, successor)
    record_body(memory, stranger, beat(1), recorded_at=at(1))
    _rotate(memory, stranger, successor, 2)
    _require_keys_in_order(memory, signer, stranger, successor)


def test_writing_at_a_handover_fails_clearly(memory: Memory, signer: Signer, successor: Signer) -> None:
    record_body(memory, signer, beat(0))
    rival = Memory(memory.objects)

    def be_slow(key: str) -> None:
        if key == commit_key(2) and key not in rival.objects:
            _rotate(rival, signer, successor)

    with pytest.raises(BadInput, match="Use the store's key"):
        record_body(Memory(memory.objects, before_put=be_slow), signer, beat(1))
    with pytest.raises(BadInput, match="which is retired"):
        record_body(memory, successor, beat(1))
    record_body(memory, successor, beat(2))
    assert [entry_kind(leaf.key) for leaf in whole_log(memory)] == ["key", "heartbeat", "key", "heartbeat"]
    _require_signed_by_its_commits_key(memory)
