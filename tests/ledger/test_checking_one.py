"""One report, proved in few requests, and what belongs to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from retroaudit.faults import BadInput
from retroaudit.ledger import anchors, checkpoint, commits, keyring, recording
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import TILES, commit_key
from retroaudit.ledger.head import head, leaf_hashes
from retroaudit.ledger.seal import Sealing, seal, seal_all
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.tiles import rebuild
from retroaudit.ledger.verify import Options, Verification, verify
from tests.ledger.conftest import NOON, Memory, at, id_of, plan_of, run_of, seal_day

LEAVES = 70_000  # more than two levels of full tiles: 256 * 256 = 65,536


def _meanings(outcome: Verification) -> str:
    return "\n".join(problem.meaning for problem in outcome.problems)


def _note(memory: Memory, number: int) -> checkpoint.Note:
    return checkpoint.parse(commits.read(memory, number).body.note, "note")


def _sealed_with_plan(memory: Memory, signer: Signer, when: datetime = NOON) -> str:
    entry, files = plan_of(1)
    recording.record(memory, [entry], files, signer, when)
    plan = entry.body.model_dump()["plan"]
    seal(memory, Sealing(id_of(1), {"report.json": b"{}"}, {"plan": plan}, run_of(1)), signer, when)
    return str(plan)


@pytest.fixture(scope="module")
def large(signer: Signer) -> Memory:
    """A log with a report among many leaves that name nothing, and another report at its end."""
    memory = Memory()
    seal_day(memory, signer, 1)
    for start in range(0, LEAVES, 10_000):
        number = head(memory)
        added = [
            Leaf(f"entries/v1/kind=heartbeat/{n:064x}.dsse.json", f"{n:064x}") for n in range(start, start + 10_000)
        ]
        memory.objects[commit_key(number + 1)] = commits.follow(commits.read(memory, number), added, signer, NOON)
        if start == 0:
            seal_day(memory, signer, 2)
    seal_day(memory, signer, 3)
    last = commits.read(memory, head(memory))
    rebuild(memory, last.body.size, lambda start, end: leaf_hashes(memory, last, start, end))
    return memory


@pytest.mark.slow
@pytest.mark.parametrize("day", [1, 2, 3])
def test_one_proof_takes_ten_requests_at_most(large: Memory, signer: Signer, day: int) -> None:
    """The issue's own figure, of any kind, given a checkpoint."""
    last = commits.read(large, head(large))
    note = checkpoint.parse(last.body.note, "note")
    large.asked.clear()
    outcome = verify(large, signer.public, str(id_of(day)), options=Options(checkpoint=note))
    assert outcome.problems == ()
    manifest = id_of(day).manifest_key
    proof = [(kind, key) for kind, key in large.asked if key.startswith("log/") or (kind, key) == ("read", manifest)]
    assert len(proof) <= 10, proof
    assert (outcome.checked["reports"], outcome.checked["files"]) == (1, 3)
    large.asked.clear()
    assert verify(large, signer.public, str(id_of(day))).problems == ()
    assert len(large.asked) < 60, large.asked


def test_the_checkpoint_of_long_ago_does_too(memory: Memory, signer: Signer) -> None:
    for day in range(1, 9):
        seal_day(memory, signer, day)
    for number in range(3, 9):
        outcome = verify(memory, signer.public, str(id_of(3)), options=Options(checkpoint=_note(memory, number)))
        assert outcome.problems == ()
        assert outcome.head is not None
        assert outcome.head.note == _note(memory, number)
    assert "newer than the checkpoint" in _meanings(
        verify(memory, signer.public, str(id_of(3)), options=Options(checkpoint=_note(memory, 2)))
    )


def test_a_checkpoint_of_somebody_elses_is_refused(memory: Memory, signer: Signer, stranger: Signer) -> None:
    seal_day(memory, signer, 1)
    mine = _note(memory, 1).checkpoint
    forged = checkpoint.parse(checkpoint.sign(mine, stranger), "note")
    outcome = verify(memory, signer.public, str(id_of(1)), options=Options(checkpoint=forged))
    assert "no key that the given one vouches for signed it" in _meanings(outcome)


def _handed_over(memory: Memory, signer: Signer, successor: Signer) -> None:
    seal_day(memory, signer, 1)
    recording.rotate(memory, signer, successor, "ops", "it leaked", None, NOON)


def test_a_retired_key_signs_the_logs_end_no_more(
    memory: Memory, signer: Signer, successor: Signer, stranger: Signer
) -> None:
    """Nor does one between the given key and the newest; given itself, it is not believed against its own handover."""
    _handed_over(memory, signer, successor)
    elsewhere = Memory(dict(memory.objects))
    seal_day(memory, successor, 2)
    recording.rotate(memory, successor, stranger, "ops", "yearly", None, NOON)
    for number, last, by, keys in (
        (3, elsewhere, signer, (signer, successor)),
        (5, memory, successor, (signer, successor, stranger)),
        (5, memory, signer, (signer, successor, stranger)),
    ):
        forged = Memory(dict(last.objects))
        before = commits.read(forged, number - 1)
        forged.objects[commit_key(number)] = commits.follow(before, [Leaf("entries/v1/x", "0" * 64)], by, NOON)
        for key in keys:
            outcome = verify(forged, key.public, str(id_of(1)))
            assert "which was retired: a fork, or a forgery" in _meanings(outcome)
            assert outcome.checked == {"reports": 0}


def test_a_handover_as_the_logs_end_holds_what_was_agreed_to(memory: Memory, signer: Signer, successor: Signer) -> None:
    """The new key signed nothing yet. The old one signs the commit anew, over a root that holds another report."""
    seal_day(memory, signer, 1)
    true = commits.read(memory, 1)
    seal_day(other := Memory(dict(memory.objects)), signer, 9)
    recording.rotate(memory, signer, successor, "ops", "it leaked", None, NOON)
    for key in (signer, successor):
        assert verify(memory, key.public, str(id_of(1))).problems == ()
    handing = commits.read(memory, 2).body.leaves
    size, frontier = commits.grow(true, commits.read(other, 2).body.leaves)
    false = replace(true, body=replace(true.body, size=size, frontier=frontier))
    memory.objects[commit_key(2)] = commits.follow(false, handing, signer, NOON, successor.public.keyid)
    for key in (signer, successor):
        assert verify(memory, key.public, str(id_of(1))).problems != ()


def test_the_given_key_may_be_an_old_one(memory: Memory, signer: Signer, successor: Signer) -> None:
    _handed_over(memory, signer, successor)
    seal_day(memory, successor, 2)
    for day in (1, 2):
        outcome = verify(memory, signer.public, str(id_of(day)))
        assert outcome.problems == ()
        assert f"the key given is not the log's newest, {successor.public.keyid}" in "\n".join(outcome.notes)
        assert not any("the key given" in note for note in verify(memory, successor.public, str(id_of(day))).notes)


def test_a_kept_checkpoint_is_trusted_whichever_key_of_the_log_signed_it(
    memory: Memory, signer: Signer, successor: Signer
) -> None:
    _handed_over(memory, signer, successor)
    seal_day(memory, successor, 2)
    for key in (signer, successor):
        for number in (1, 2, 3):
            options = Options(checkpoint=_note(memory, number))
            assert verify(memory, key.public, str(id_of(1)), options=options).problems == ()


def test_keys_cost_one_listing_and_a_look_at_each(memory: Memory, signer: Signer, successor: Signer) -> None:
    seal_day(memory, signer, 1)

    def asked(key: Signer) -> tuple[int, int, int]:
        memory.asked.clear()
        assert verify(memory, key.public, str(id_of(1))).problems == ()
        entries = [kind for kind, name in memory.asked if name.startswith(keyring.FOLDER)]
        return entries.count("list"), entries.count("read"), len(memory.asked)

    lists, reads, before = asked(signer)
    assert (lists, reads) == (1, 1)
    recording.rotate(memory, signer, successor, "ops", "yearly", None, NOON)
    lists, reads, after = asked(successor)
    assert (lists, reads) == (1, 2)
    assert after <= before + 6


def test_without_tiles_the_proof_comes_from_commits(memory: Memory, signer: Signer) -> None:
    for day in range(1, 6):
        seal_day(memory, signer, day)
    memory.objects = {key: data for key, data in memory.objects.items() if not key.startswith(TILES)}
    for day in range(1, 6):
        assert verify(memory, signer.public, str(id_of(day))).problems == ()


def test_false_tiles_prove_nothing(memory: Memory, signer: Signer) -> None:
    for day in range(1, 6):
        seal_day(memory, signer, day)
    key = f"{TILES}0/000.p/6"
    memory.objects[key] = bytes(len(memory.objects[key]))
    assert "the log that was signed does not hold it" in _meanings(verify(memory, signer.public, str(id_of(2))))


def test_a_report_put_in_afterwards_is_not_in_the_log(memory: Memory, signer: Signer) -> None:
    """Its commit was replaced too: the newest one's root knows nothing of it."""
    for day in (1, 2, 3):
        seal_day(memory, signer, day)
    elsewhere = Memory()
    for day in (1, 9):
        seal_day(elsewhere, signer, day)
    memory.objects |= {key: data for key, data in elsewhere.objects.items() if not key.startswith("log/tile")}
    assert "the log that was signed does not hold it" in _meanings(verify(memory, signer.public, str(id_of(9))))


def test_the_newest_revision_is_what_an_id_without_one_means(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 1)
    seal_day(memory, signer, 1, rev=2, spec="b")
    text = "lending/2026-07-01/day/main"
    outcome = verify(memory, signer.public, text)
    assert (outcome.problems, outcome.checked["reports"]) == ((), 2)  # the one before it too
    first = verify(memory, signer.public, f"{text}/1")
    assert first.problems == ()
    assert f"{text}/2: a newer revision of {text}/1" in first.notes
    del memory.objects[id_of(1).manifest_key]
    assert "without the one before it" in _meanings(verify(memory, signer.public, text))


def test_a_report_that_is_not_there_is_a_problem(memory: Memory, signer: Signer) -> None:
    assert "an empty log proves nothing" in _meanings(verify(memory, signer.public, str(id_of(1))))
    seal_day(memory, signer, 1)
    for text in (str(id_of(9)), "lending/2026-07-09/day/main"):
        assert "no such report is in the log" in _meanings(verify(memory, signer.public, text))
    with pytest.raises(BadInput):
        verify(memory, signer.public, "lending")


def test_a_report_whose_commit_is_gone_is_a_problem(memory: Memory, signer: Signer) -> None:
    for day in (1, 2, 3):
        seal_day(memory, signer, day)
    del memory.objects[commit_key(2)]
    assert verify(memory, signer.public, str(id_of(2))).problems


def test_its_files_and_its_plans_are_read_and_no_others(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 2)
    _sealed_with_plan(memory, signer)
    outcome = verify(memory, signer.public, str(id_of(1)))
    assert outcome.problems == ()
    assert (outcome.checked["reports"], outcome.checked["entries"], outcome.checked["files"]) == (1, 1, 3)
    for key, data in list(memory.objects.items()):
        if data == b'{"day":2}':
            memory.objects[key] = b""
    assert verify(memory, signer.public, str(id_of(1))).problems == ()
    for key, data in list(memory.objects.items()):
        if data == b'{"plan":1}':
            del memory.objects[key]
    (problem,) = verify(memory, signer.public, str(id_of(1))).problems
    assert problem.object.startswith("plan.json of entries/v1/kind=plan/")


@pytest.mark.parametrize("grown", [0, 1, 5])
def test_the_log_goes_on_from_what_the_auditor_saw(memory: Memory, signer: Signer, grown: int) -> None:
    for day in (1, 2, 3):
        seal_day(memory, signer, day)
    saw = _note(memory, 3)
    for day in range(4, 4 + grown):
        seal_day(memory, signer, day)
    for text in (None, str(id_of(1))):
        outcome = verify(memory, signer.public, text, options=Options(since=saw))
        assert outcome.problems == ()
        assert [(each.kind, each.size, each.proved) for each in outcome.anchors] == [("saved checkpoint", 4, True)]


def test_another_history_than_the_auditor_saw_is_named(memory: Memory, signer: Signer, stranger: Signer) -> None:
    other = Memory()
    for day in (1, 2, 3):
        seal_day(memory, signer, day)
        seal_day(other, signer, day, spec="b")
    rewritten, foreign = Options(since=_note(other, 2)), Memory()
    seal_day(foreign, stranger, 1)
    for text in (None, str(id_of(1))):
        assert "the log was rewritten" in _meanings(verify(memory, signer.public, text, options=rewritten))
        outcome = verify(memory, signer.public, text, options=Options(since=_note(foreign, 1)))
        assert "it is of another log" in _meanings(outcome)


def test_a_second_place_of_another_history_is_named(memory: Memory, signer: Signer, stranger: Signer) -> None:
    other, place = Memory(), Memory()
    for day in (1, 2, 3):
        seal_day(memory, signer, day)
        seal_day(other, signer, day, spec="b")
    anchors.publish(commits.read(other, 3).body.note, place)
    for text in (None, str(id_of(1))):
        assert "the log was rewritten" in _meanings(verify(memory, signer.public, text, options=Options(anchors=place)))
        empty = verify(memory, signer.public, text, options=Options(anchors=Memory()))
        assert "the second place knows nothing of this log" in _meanings(empty)
    unsigned = Memory()
    anchors.publish(checkpoint.sign(_note(memory, 2).checkpoint, stranger), unsigned)
    assert "no key of this log signed it" in _meanings(verify(memory, signer.public, options=Options(anchors=unsigned)))


def test_what_anybody_put_into_the_second_place_is_passed_over(
    memory: Memory, signer: Signer, stranger: Signer
) -> None:
    """A larger log than there is, a root of one's own at a size of the log's, and no checkpoint at all."""
    place = Memory()
    for day in (1, 2, 3):
        seal_day(memory, signer, day)
    true = _note(memory, 3).checkpoint
    anchors.publish(_note(memory, 3).text, place)
    for size in (2, 1000):
        forged = checkpoint.sign(replace(true, size=size, root=bytes(32)), stranger)
        place.objects[anchors.key(true.origin, size)] = forged.encode()
    place.objects[anchors.key(true.origin, 3)] = b"?"
    for text in (None, str(id_of(1))):
        outcome = verify(memory, signer.public, text, options=Options(anchors=place))
        assert outcome.problems == ()
        assert [(each.size, each.proved) for each in outcome.anchors] == [(4, True)]
        assert sum("passed over" in note for note in outcome.notes) == 2


def test_how_old_the_newest_anchor_is_is_told(memory: Memory, signer: Signer) -> None:
    place = Memory()
    for day in (1, 2, 3):
        seal_day(memory, signer, day, sealed_at=at(24 * (day - 1)))
    anchors.publish(commits.read(memory, 2).body.note, place)
    outcome = verify(memory, signer.public, options=Options(anchors=place, at=at(24 * 6)))
    assert "newest anchor: a second place of 3 of 4 leaves, 5 days old (2026-07-03T12:00:00+00:00)" in outcome.notes


@pytest.mark.parametrize("make", [bytes, lambda: b"{}", lambda: b"\xff" * 999, lambda: b"[" * 100_000])
def test_garbage_never_stops_it(memory: Memory, signer: Signer, make: Callable[[], bytes]) -> None:
    _sealed_with_plan(memory, signer)
    seal_day(memory, signer, 2)
    for key in list(memory.objects):
        outcome = verify(Memory({**memory.objects, key: make()}), signer.public, str(id_of(1)))
        assert json.dumps(outcome.summary())
        if key in {id_of(1).manifest_key, commit_key(3)}:  # its own, and the head
            assert outcome.problems, key


def test_many_reports_of_one_commit_are_proved(memory: Memory, signer: Signer) -> None:
    sealings = [Sealing(id_of(day), {"report.json": b"%d" % day}, {}, run_of(day)) for day in range(1, 20)]
    seal_all(memory, sealings, signer, NOON)
    for day in (1, 10, 19):
        assert verify(memory, signer.public, str(id_of(day))).problems == ()
