"""Each rule of the format beyond hashes, with a log that keeps it and one that does not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from retroaudit.ledger import commits, entries, keyring, recording
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import TILES, ReportId, commit_key
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.kinds import Body, Decision, Due, DueList, Void
from retroaudit.ledger.seal import Sealing, seal
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import instant
from retroaudit.ledger.verify import Options, Verification, verify
from tests.ledger.conftest import NOON, Memory, at, beat, id_of, plan_of, record_body, run_of, seal_day

DAY = 24.0
HOSTILE = "\x1b[31m<script>../%2e%2e/\u00fc\u202e"


def _meanings(outcome: Verification) -> str:
    return "\n".join(problem.meaning for problem in outcome.problems)


def _judged(memory: Memory, signer: Signer, when: datetime = NOON) -> Verification:
    return verify(memory, signer.public, options=Options(at=when))


def _plan(memory: Memory, signer: Signer, day: int, when: datetime = NOON) -> str:
    """Seal a day's plan, and give its digest."""
    entry, files = plan_of(day)
    recording.record(memory, [entry], files, signer, when)
    return str(entry.body.model_dump()["plan"])


def _report(memory: Memory, signer: Signer, report: ReportId, audit: Mapping[str, Any], when: datetime = NOON) -> None:
    seal(memory, Sealing(report, {"report.json": str(report).encode()}, audit, run_of(report.rev)), signer, when)


def _commit(memory: Memory, signer: Signer, *leaves: Leaf, next_key: str | None = None, when: datetime = NOON) -> None:
    """Commit leaves whatever they name, and be done with tiles."""
    numbers = [key for key in memory.objects if key.startswith("log/commits/")]
    last = commits.read(memory, len(numbers))
    data = commits.follow(last, leaves, signer, when, next_key)
    memory.objects[commit_key(len(numbers) + 1)] = data
    memory.objects = {key: data for key, data in memory.objects.items() if not key.startswith(TILES)}


def _entry(memory: Memory, signer: Signer, body: Body, *, after: int, when: datetime = NOON) -> Leaf:
    """An entry put into the store by whoever, with any `after`."""
    entry = Entry(body)
    data = entries.sign(Recorded(entry, when, after), signer)
    memory.objects[entry.key] = data
    return Leaf(entry.key, hashlib.sha256(data).hexdigest())


def _due(window: str, due: datetime, model: str = "lending") -> DueList:
    return DueList(model=model, audit="day", part="main", windows=[Due(window=window, due=instant(due, "due"))])


def _void(key: str) -> Void:
    return Void(entry=key, by="a", reason="a mistake", at=instant(NOON, "at"))


def _decision(report: str) -> Decision:
    when = instant(NOON, "at")
    return Decision(model="m", report=report, fingerprint=None, decision="accept", by="a", reason="b", at=when)


# Rule K1, keys


def test_a_log_that_changed_its_key_is_verified_with_either(
    memory: Memory, signer: Signer, successor: Signer, stranger: Signer
) -> None:
    seal_day(memory, signer, 1)
    recording.rotate(memory, signer, successor, "ops", "yearly", None, NOON)
    seal_day(memory, successor, 2)
    for key in (signer, successor):
        assert verify(memory, key.public).problems == ()
        for day in (1, 2):
            assert verify(memory, key.public, str(id_of(day))).problems == ()
    assert "not by the key given" in _meanings(verify(memory, stranger.public))
    for day in (1, 2):
        assert verify(memory, stranger.public, str(id_of(day))).problems


def test_a_key_that_did_not_agree_is_named(memory: Memory, signer: Signer, stranger: Signer) -> None:
    seal_day(memory, signer, 1)
    body = keyring.first(stranger).body  # its possession is null
    leaf = _entry(memory, signer, body, after=1)
    _commit(memory, signer, leaf, next_key=stranger.public.keyid)
    assert "hands the log to a key that did not agree" in _meanings(verify(memory, signer.public))


def test_a_key_without_an_entry_is_named(memory: Memory, signer: Signer, stranger: Signer) -> None:
    seal_day(memory, signer, 1)
    _commit(memory, signer, _entry(memory, signer, beat(0), after=1), next_key=stranger.public.keyid)
    assert "hands the log to a key that did not agree" in _meanings(verify(memory, signer.public))


def test_a_commit_of_another_key_than_the_one_named_is_a_fork(
    memory: Memory, signer: Signer, successor: Signer
) -> None:
    seal_day(memory, signer, 1)
    recording.rotate(memory, signer, successor, "ops", "yearly", None, NOON)
    _commit(memory, signer, _entry(memory, successor, beat(0), after=2))  # the old key goes on
    meanings = _meanings(verify(memory, signer.public))
    assert "commit 3 was signed by a key that the log was not handed to: a fork" in meanings


def test_a_log_whose_first_leaf_is_no_key_is_named(memory: Memory, signer: Signer) -> None:
    leaf = _entry(memory, signer, beat(0), after=0)
    memory.objects[commit_key(1)] = commits.follow(None, [leaf], signer, NOON)
    assert "the log does not begin with the key that signs it" in _meanings(verify(memory, signer.public))


def test_a_key_that_expired_is_named(memory: Memory, signer: Signer, successor: Signer) -> None:
    seal_day(memory, signer, 1)
    recording.rotate(memory, signer, successor, "ops", "short", at(DAY), NOON)
    seal_day(memory, successor, 2, sealed_at=at(DAY - 1))
    assert verify(memory, signer.public).problems == ()
    _commit(memory, successor, _entry(memory, successor, beat(0), after=3), when=at(DAY))
    assert "by a key that had expired" in _meanings(verify(memory, signer.public))


def test_a_key_that_nothing_is_handed_to_is_named(memory: Memory, signer: Signer, successor: Signer) -> None:
    seal_day(memory, signer, 1)
    body = keyring.successor(signer.public, successor, "", "", None).body
    _commit(memory, signer, _entry(memory, signer, body, after=1))
    assert _meanings(_judged(memory, signer)) == "commit 2 names keys that it does not hand the log to"


def test_a_key_that_was_retired_does_not_come_back(memory: Memory, signer: Signer, successor: Signer) -> None:
    seal_day(memory, signer, 1)
    recording.rotate(memory, signer, successor, "", "", None, NOON)
    body = keyring.successor(successor.public, signer, "", "", None).body
    _commit(memory, successor, _entry(memory, successor, body, after=2), next_key=signer.public.keyid)
    meaning = "commit 3 hands the log back to a key that was retired: it was taken over"
    assert _meanings(_judged(memory, signer)) == meaning


def test_a_key_entry_that_is_gone_is_named_once(memory: Memory, signer: Signer, successor: Signer) -> None:
    seal_day(memory, signer, 1)
    receipt = recording.rotate(memory, signer, successor, "ops", "yearly", None, NOON)
    seal_day(memory, successor, 2)
    del memory.objects[receipt.key]
    found = [problem for problem in verify(memory, signer.public).problems if problem.object == receipt.key]
    assert [problem.found for problem in found] == ["nothing"]


# Rule K2, who signed an entry


def test_an_entry_of_a_key_that_came_later_is_a_forgery(memory: Memory, signer: Signer, successor: Signer) -> None:
    seal_day(memory, signer, 1)
    recording.rotate(memory, signer, successor, "ops", "yearly", None, NOON)
    _commit(memory, successor, _entry(memory, successor, beat(0), after=0))
    assert "signed by a key that did not keep the log at the time" in _meanings(verify(memory, signer.public))


def test_an_entry_that_was_begun_under_the_old_key_is_good(memory: Memory, signer: Signer, successor: Signer) -> None:
    seal_day(memory, signer, 1)
    leaf = _entry(memory, signer, beat(0), after=1)
    recording.rotate(memory, signer, successor, "ops", "yearly", None, NOON)
    _commit(memory, successor, leaf)
    assert verify(memory, signer.public).problems == ()


def test_an_entry_younger_than_its_commit_is_named(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 1)
    _commit(memory, signer, _entry(memory, signer, beat(0), after=2))
    assert "younger than the commit that holds it" in _meanings(verify(memory, signer.public))


# Rule C1, what is due


@pytest.mark.parametrize(("hours", "missing"), [(47.0, False), (48.0, True), (200.0, True)])
def test_what_is_due_and_not_there_is_named_once_its_time_has_come(
    memory: Memory, signer: Signer, hours: float, missing: bool
) -> None:
    record_body(memory, signer, _due("2026-07-02", at(48)))
    seal_day(memory, signer, 1)
    outcome = _judged(memory, signer, at(hours))
    assert ("an audit that was due" in _meanings(outcome)) == missing
    assert [problem.object for problem in outcome.problems] == ["lending/2026-07-02/day/main"][: int(missing)]


def test_what_is_due_and_there_is_good(memory: Memory, signer: Signer) -> None:
    record_body(memory, signer, _due("2026-07-01", at(48)))
    seal_day(memory, signer, 1)
    assert _judged(memory, signer, at(200)).problems == ()


def test_a_due_list_that_was_voided_is_passed_over(memory: Memory, signer: Signer) -> None:
    receipt = record_body(memory, signer, _due("2026-07-02", at(48)))
    record_body(memory, signer, _void(receipt.key))
    assert _judged(memory, signer, at(200)).problems == ()


@pytest.mark.parametrize("text", [HOSTILE, "a/b", "", "x" * 200])
def test_no_window_is_so_odd_that_it_is_taken_for_audited(memory: Memory, signer: Signer, text: str) -> None:
    record_body(memory, signer, _due(text, NOON))
    seal_day(memory, signer, 1)
    assert "an audit that was due" in _meanings(_judged(memory, signer, at(1)))


def test_without_a_moment_of_judgement_it_is_the_newest_commits(memory: Memory, signer: Signer) -> None:
    record_body(memory, signer, _due("2026-07-09", at(48)))
    outcome = verify(memory, signer.public)
    assert outcome.problems == ()
    assert any(
        note.startswith(f"completeness was judged as of the newest commit, {NOON}"[:40]) for note in outcome.notes
    )
    seal_day(memory, signer, 1, sealed_at=at(49))
    assert "an audit that was due" in _meanings(verify(memory, signer.public))


# Rule C2, open plans


@pytest.mark.parametrize(("days", "broken"), [(0.0, False), (7.0, False), (7.1, True)])
def test_a_plan_may_stay_open_for_a_week(memory: Memory, signer: Signer, days: float, broken: bool) -> None:
    plan = _plan(memory, signer, 1)
    outcome = _judged(memory, signer, at(days * DAY))
    assert ("neither reported nor given up" in _meanings(outcome)) == broken
    assert any(f"plan {plan} of lending/2026-07-01/day/main: open" in note for note in outcome.notes) != broken


def test_a_report_closes_its_plan_and_a_void_does_too(memory: Memory, signer: Signer) -> None:
    plan = _plan(memory, signer, 1)
    _report(memory, signer, id_of(1), {"plan": plan})
    entry, files = plan_of(2)
    (receipt,) = recording.record(memory, [entry], files, signer, NOON)
    record_body(memory, signer, _void(receipt.key))
    outcome = _judged(memory, signer, at(30 * DAY))
    assert outcome.problems == ()
    assert not any("open since" in note for note in outcome.notes)


def test_a_report_of_another_series_closes_no_plan(memory: Memory, signer: Signer) -> None:
    plan = _plan(memory, signer, 1)
    other = ReportId("lending", "2026-07-01", "day", "other", 1)
    _report(memory, signer, other, {"plan": plan})
    meanings = _meanings(_judged(memory, signer, at(30 * DAY)))
    assert "neither reported nor given up" in meanings
    assert "what it would test was not sealed before" in meanings


# Rule C3 and C4, a report's plan, and the others of its window


def test_a_plan_after_its_report_is_named(memory: Memory, signer: Signer) -> None:
    entry, _ = plan_of(1)
    _report(memory, signer, id_of(1), {"plan": entry.body.model_dump()["plan"]})
    _plan(memory, signer, 1)
    assert "what it would test was not sealed before" in _meanings(_judged(memory, signer))
    assert verify(memory, signer.public, str(id_of(1))).problems


def test_reports_without_plans_are_a_note_until_one_has_one(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 1)
    outcome = _judged(memory, signer)
    assert outcome.problems == ()
    assert any("no plan was sealed in this log" in note for note in outcome.notes)
    _plan(memory, signer, 2)
    assert "it names no plan, as others here do" in _meanings(_judged(memory, signer))


@pytest.mark.parametrize("named", [True, False])
def test_other_plans_of_the_window_must_be_named(memory: Memory, signer: Signer, named: bool) -> None:
    first, files = plan_of(1)
    tried = Entry(first.body.model_copy(update={"part": "shadow", "plan": "a" * 64}), first.files)
    recording.record(memory, [tried], files, signer, NOON)
    plan = _plan(memory, signer, 1)
    later = Entry(first.body.model_copy(update={"part": "late", "plan": "b" * 64}), first.files)
    recording.record(memory, [later], files, signer, NOON)
    others = [{"plan": "a" * 64, "audit": "day", "part": "shadow"}] if named else []
    _report(memory, signer, id_of(1), {"plan": plan, "other_plans": others})
    for outcome in (_judged(memory, signer), verify(memory, signer.public, str(id_of(1)))):
        assert ("the report keeps silent about them" in _meanings(outcome)) != named


@pytest.mark.parametrize("others", [None, "x", 3, [None], [{"plan": None}], {"plan": "a" * 64}])
def test_other_plans_of_another_form_name_nothing(memory: Memory, signer: Signer, others: object) -> None:
    first, files = plan_of(1)
    tried = Entry(first.body.model_copy(update={"part": "shadow", "plan": "a" * 64}), first.files)
    recording.record(memory, [tried], files, signer, NOON)
    _report(memory, signer, id_of(1), {"plan": _plan(memory, signer, 1), "other_plans": others})
    assert "the report keeps silent about them" in _meanings(_judged(memory, signer))


# Rule C5, heartbeats


@pytest.mark.parametrize(("hours", "silent"), [(30.0, False), (48.0, False), (48.1, True)])
def test_a_log_that_fell_silent_is_named(memory: Memory, signer: Signer, hours: float, silent: bool) -> None:
    record_body(memory, signer, beat(0))
    record_body(memory, signer, beat(24))
    assert ("the log fell silent" in _meanings(_judged(memory, signer, at(hours)))) == silent


def test_no_heartbeat_at_all_is_a_note(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 1)
    assert any(note.startswith("no heartbeat") for note in _judged(memory, signer).notes)


# Rule C6, what others speak of


@pytest.mark.parametrize("first", [True, False])
def test_what_a_void_names_is_in_the_log_before_it(memory: Memory, signer: Signer, first: bool) -> None:
    key = Entry(beat(0)).key
    for body in (beat(0), _void(key)) if first else (_void(key), beat(0)):
        record_body(memory, signer, body)
    assert ("the entry that this one voids is not in the log" in _meanings(_judged(memory, signer))) != first


@pytest.mark.parametrize("report", ["lending/2026-07-01/day/main/2", "no id", HOSTILE])
def test_what_was_decided_about_is_in_the_log(memory: Memory, signer: Signer, report: str) -> None:
    seal_day(memory, signer, 1)
    record_body(memory, signer, _decision(str(id_of(1))))
    assert _judged(memory, signer).problems == ()
    record_body(memory, signer, _decision(report))
    assert "the report that was decided about is not in the log" in _meanings(_judged(memory, signer))


# Rule C7, revisions


def test_revisions_stand_in_their_order(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 1)
    seal_day(memory, signer, 1, rev=2, spec="b")
    assert _judged(memory, signer).problems == ()
    elsewhere = Memory()
    seal_day(elsewhere, signer, 1)
    receipt = seal_day(elsewhere, signer, 1, rev=2, spec="b")
    first = commits.read(elsewhere, 1).body.leaves
    second = Leaf(receipt.manifest_key, receipt.manifest_sha256)
    swapped = Memory({key: data for key, data in elsewhere.objects.items() if not key.startswith("log/")})
    swapped.objects[commit_key(1)] = commits.follow(None, [first[0], second, first[1]], signer, NOON)
    for options in (Options(at=NOON), Options(log_only=True)):
        outcome = verify(swapped, signer.public, options=options)
        assert "revision 2 stands in the log without the one before it" in _meanings(outcome)
    assert verify(swapped, signer.public, str(id_of(1, 2))).problems
