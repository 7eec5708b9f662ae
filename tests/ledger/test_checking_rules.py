"""Each rule of the format beyond hashes, with a log that keeps it and one that does not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from retroaudit.ledger import commits, entries, keyring, manifest, recording
from retroaudit.ledger.blobs import put_blobs
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import TILES, ReportId, commit_key
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.kinds import Body, Decision, Due, DueList, Heartbeat, Hold, Void
from retroaudit.ledger.manifest import Manifest
from retroaudit.ledger.seal import Sealing, seal
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import File, instant
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


def test_a_key_that_expired_may_hand_over_and_nothing_else(
    memory: Memory, signer: Signer, successor: Signer, stranger: Signer
) -> None:
    seal_day(memory, signer, 1)
    recording.rotate(memory, signer, successor, "ops", "short", at(1), NOON)
    good = dict(memory.objects)
    recording.rotate(memory, successor, stranger, "ops", "late", None, at(2))
    assert _judged(memory, signer, at(3)).problems == ()
    memory.objects = good
    body = keyring.successor(successor.public, commits.read(memory, 2).sha256, stranger, "", "", None).body
    leaves = [_entry(memory, successor, each, after=2) for each in (body, beat(0))]
    _commit(memory, successor, *leaves, next_key=stranger.public.keyid, when=at(2))
    meanings = _meanings(_judged(memory, signer, at(3)))
    assert "by a key that had expired" in meanings
    assert "hands the log over and holds what the next key did not agree to" in meanings


def test_a_retired_key_cannot_write_the_logs_history_anew(memory: Memory, signer: Signer, successor: Signer) -> None:
    """With the word that the new key gave, which stands in every copy of the log: it is of the true history."""
    seal_day(memory, signer, 1)
    recording.rotate(memory, signer, successor, "ops", "it leaked", None, NOON)
    agreed = keyring.chain(memory, successor.public.keyid)[0].named.recorded.entry.body
    forged = Memory()
    seal_day(forged, signer, 1, spec="another")
    leaf = _entry(forged, signer, agreed, after=1)
    _commit(forged, signer, leaf, next_key=successor.public.keyid)
    assert "hands the log to a key that did not agree to it" in _meanings(_judged(forged, successor))
    outcome = verify(forged, successor.public, str(id_of(1)))
    assert "not by the key given" in _meanings(outcome)
    assert outcome.checked["reports"] == 0


def test_a_key_agrees_to_what_comes_right_before(memory: Memory, signer: Signer, successor: Signer) -> None:
    """The entry says that it was written after another commit than it was agreed to."""
    seal_day(memory, signer, 1)
    seal_day(memory, signer, 2)
    body = keyring.successor(signer.public, commits.read(memory, 2).sha256, successor, "", "", None).body
    _commit(memory, signer, _entry(memory, signer, body, after=1), next_key=successor.public.keyid)
    assert "did not agree" in _meanings(_judged(memory, signer))


def test_a_key_that_nothing_is_handed_to_is_named(memory: Memory, signer: Signer, successor: Signer) -> None:
    seal_day(memory, signer, 1)
    body = keyring.successor(signer.public, commits.read(memory, 1).sha256, successor, "", "", None).body
    _commit(memory, signer, _entry(memory, signer, body, after=1))
    assert _meanings(_judged(memory, signer)) == "commit 2 names keys that it does not hand the log to"


def test_a_key_that_was_retired_does_not_come_back(memory: Memory, signer: Signer, successor: Signer) -> None:
    seal_day(memory, signer, 1)
    recording.rotate(memory, signer, successor, "", "", None, NOON)
    body = keyring.successor(successor.public, commits.read(memory, 2).sha256, signer, "", "", None).body
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


def test_a_key_that_is_not_the_newest_is_noted(memory: Memory, signer: Signer, successor: Signer) -> None:
    seal_day(memory, signer, 1)
    told = f"the key given is not the log's newest, {successor.public.keyid}: after a change of keys, verify with"
    assert not any(told in note for note in _judged(memory, signer).notes)
    recording.rotate(memory, signer, successor, "ops", "yearly", None, NOON)
    for key in (signer, successor):
        outcome = _judged(memory, key)
        assert outcome.problems == ()
        assert any(told in note for note in outcome.notes) == (key is signer)


# Rule K2, who signed an entry


def test_an_entry_of_a_key_that_came_later_is_a_forgery(memory: Memory, signer: Signer, successor: Signer) -> None:
    seal_day(memory, signer, 1)
    _commit(memory, signer, _entry(memory, successor, beat(0), after=1))
    recording.rotate(memory, signer, successor, "ops", "yearly", None, NOON)
    assert "signed by a key that did not keep the log at the time" in _meanings(verify(memory, signer.public))


def test_an_entry_that_was_begun_under_the_old_key_is_named(memory: Memory, signer: Signer, successor: Signer) -> None:
    """A crash's leftover, or one that the retired key's holder dated back: nobody can tell."""
    seal_day(memory, signer, 1)
    leaf = _entry(memory, signer, beat(0), after=1)
    recording.rotate(memory, signer, successor, "ops", "yearly", None, NOON)
    _commit(memory, successor, leaf)
    meaning = "the entry was signed by a key that had been retired when it was committed: it may be dated back"
    assert _meanings(_judged(memory, signer)) == meaning


@pytest.mark.parametrize("first", [True, False])
def test_a_report_of_another_keys_time_is_named_when_it_is_verified_alone(
    memory: Memory, signer: Signer, successor: Signer, first: bool
) -> None:
    seal_day(memory, signer, 1)
    other = Memory(dict(memory.objects))
    seal_day(other, signer, 2)  # with the key that is retired in the other log by then
    recording.rotate(memory, signer, successor, "ops", "yearly", None, NOON)
    memory.objects |= {key: data for key, data in other.objects.items() if not key.startswith("log/")}
    (leaf,) = commits.read(other, 2).body.leaves
    _commit(memory, successor, leaf)
    outcome = verify(memory, (signer if first else successor).public, str(id_of(2)))
    assert "had been retired when it was committed" in _meanings(outcome)


def test_an_entry_younger_than_its_commit_is_named(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 1)
    _commit(memory, signer, _entry(memory, signer, beat(0), after=2))
    assert "younger than the commit that holds it" in _meanings(verify(memory, signer.public))


# Rule K3, when an entry was written


@pytest.mark.parametrize(("hours", "broken"), [(-9999.0, False), (1.0, False), (1.001, True), (9999.0, True)])
def test_no_entry_is_younger_than_its_commit(memory: Memory, signer: Signer, hours: float, broken: bool) -> None:
    seal_day(memory, signer, 2)
    leaf = _entry(memory, signer, beat(0), after=1, when=at(hours))
    report = Manifest(id_of(1), (File.of("empty", b""),), run_of(1), at(hours), {}, 1)  # as the other day's
    data = manifest.sign(report, signer)
    memory.objects[id_of(1).manifest_key] = data
    _commit(memory, signer, leaf, Leaf(id_of(1).manifest_key, hashlib.sha256(data).hexdigest()))
    for text, count in ((None, 2), (str(id_of(1)), 1)):
        outcome = verify(memory, signer.public, text, options=Options(at=NOON))
        assert [problem.found for problem in outcome.problems] == [at(hours).isoformat()] * bool(broken)
        if broken:
            assert outcome.problems[0].object.endswith(" and 1 more") == (count == 2)
            assert "its time is false" in _meanings(outcome)


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


def test_without_a_moment_of_judgement_it_is_now(memory: Memory, signer: Signer) -> None:
    """Not the newest commit's time, which whoever keeps the log, or set the store back, can choose."""
    record_body(memory, signer, _due("2026-07-09", NOON.replace(year=9000)))
    outcome = verify(memory, signer.public)
    assert outcome.problems == ()
    assert outcome.judged_at is not None
    told = f"completeness was judged as of {outcome.judged_at.isoformat()}: name another moment with --at"
    assert told in outcome.notes
    assert outcome.summary()["judged_at"] == outcome.judged_at.isoformat()
    record_body(memory, signer, _due("2026-07-09", NOON.replace(year=2000)))
    assert "an audit that was due" in _meanings(verify(memory, signer.public))
    long_ago = NOON.replace(year=1999)
    assert _judged(memory, signer, long_ago).problems == ()
    assert _judged(memory, signer, long_ago).judged_at == long_ago


# Rule C2, open plans


@pytest.mark.parametrize(("days", "broken"), [(0.0, False), (7.0, False), (7.1, True)])
def test_a_plan_may_stay_open_for_a_week(memory: Memory, signer: Signer, days: float, broken: bool) -> None:
    plan = _plan(memory, signer, 1)
    outcome = _judged(memory, signer, at(days * DAY))
    assert ("neither reported nor given up" in _meanings(outcome)) == broken
    assert any(f"plan {plan} of lending/2026-07-01/day/main: open" in note for note in outcome.notes) != broken


def test_how_long_a_plan_is_open_its_commit_says_and_not_the_plan(memory: Memory, signer: Signer) -> None:
    """The plan's own time is its keeper's claim; the commit's never goes back, and anchors bound it."""
    entry, files = plan_of(1)
    put_blobs(memory, files)
    seal_day(memory, signer, 2)
    for recorded_at in (at(-400 * DAY), NOON.replace(year=2099)):
        store = Memory(dict(memory.objects))
        data = entries.sign(Recorded(entry, recorded_at, 1), signer)
        store.objects[entry.key] = data
        _commit(store, signer, Leaf(entry.key, hashlib.sha256(data).hexdigest()))
        assert "neither reported" not in _meanings(_judged(store, signer, at(7 * DAY)))
        assert "neither reported" in _meanings(_judged(store, signer, at(8 * DAY)))


@pytest.mark.parametrize(
    ("plan", "files"), [("0" * 64, ["plan.json", "spec.json"]), (None, ["spec.json"]), (None, []), ("0" * 64, [])]
)
def test_a_plan_entry_holds_its_plan(memory: Memory, signer: Signer, plan: str | None, files: list[str]) -> None:
    entry, contents = plan_of(1)
    kept = tuple(file for file in entry.files if file.name in files)
    body = entry.body.model_copy(update={"plan": plan}) if plan else entry.body
    wrong = Entry(body, kept)
    recording.record(memory, [wrong], {each.sha256: contents[each.sha256] for each in kept}, signer, NOON)
    _report(memory, signer, id_of(1), {"plan": body.model_dump()["plan"]})
    for text in (None, str(id_of(1))):
        (problem,) = verify(memory, signer.public, text, options=Options(at=NOON)).problems
        assert problem.object == wrong.key
        assert "the plan that the entry names is not the one that it holds" in problem.meaning


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
    assert any("no plan of its window was sealed in this log" in note for note in outcome.notes)
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


@pytest.mark.parametrize(("days", "noted"), [(31.0, False), (31.1, True)])
def test_a_heartbeat_that_promises_little_is_noted(memory: Memory, signer: Signer, days: float, noted: bool) -> None:
    body = Heartbeat(at=instant(NOON, "at"), next=instant(at(days * DAY), "next"))
    record_body(memory, signer, body)
    outcome = _judged(memory, signer)
    assert outcome.problems == ()
    assert any("that the log fell silent could not be seen before" in note for note in outcome.notes) == noted


# Rule C6, what others speak of


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kind", ["plan", "due"])
def test_what_a_void_names_is_in_the_log_before_it(memory: Memory, signer: Signer, kind: str, first: bool) -> None:
    entry, files = plan_of(1) if kind == "plan" else (Entry(_due("2026-07-02", at(48))), {})
    for each in (entry, Entry(_void(entry.key))) if first else (Entry(_void(entry.key)), entry):
        recording.record(memory, [each], files, signer, NOON)
    assert ("the entry that this one voids is not in the log" in _meanings(_judged(memory, signer))) != first


def test_nothing_else_can_be_given_up(memory: Memory, signer: Signer) -> None:
    seal_day(memory, signer, 1)
    record_body(memory, signer, beat(0))
    for key in (id_of(1).manifest_key, Entry(beat(0)).key, "x", HOSTILE):
        store = Memory(dict(memory.objects))
        record_body(store, signer, _void(key))
        (problem,) = _judged(store, signer).problems
        assert "nothing but a plan or a due list can be given up" in problem.meaning


def test_what_was_given_up_is_told(memory: Memory, signer: Signer) -> None:
    keys = [record_body(memory, signer, _due("2026-07-02", at(48))).key]
    for day in (1, 2):
        entry, files = plan_of(day)
        keys += [each.key for each in recording.record(memory, [entry], files, signer, NOON)]
    for key in keys:
        record_body(memory, signer, _void(key))
    _report(memory, signer, id_of(2), {"plan": plan_of(2)[0].body.model_dump()["plan"]})
    outcome = _judged(memory, signer)
    assert outcome.problems == ()
    where = "who did so and why: `retroaudit ledger log --kind void`"
    assert f"2 plans and 1 due list given up (void entries): {where}" in outcome.notes
    assert f"{id_of(2)}: its plan was given up before it (a void entry), and run again" in outcome.notes


@pytest.mark.parametrize("report", ["lending/2026-07-01/day/main/2", "no id", HOSTILE])
def test_what_was_decided_about_is_in_the_log(memory: Memory, signer: Signer, report: str) -> None:
    seal_day(memory, signer, 1)
    record_body(memory, signer, _decision(str(id_of(1))))
    assert _judged(memory, signer).problems == ()
    held = Hold(model="m", report=report, on=True, by="a", reason="b", at=instant(NOON, "at"))
    for body, what in ((_decision(report), "that was decided about"), (held, "that was put under hold")):
        store = Memory(dict(memory.objects))
        record_body(store, signer, body)
        assert f"the report {what} is not in the log" in _meanings(_judged(store, signer))


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
