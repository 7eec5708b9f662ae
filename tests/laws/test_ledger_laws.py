"""The log against a plain list: writers of three kinds crash at any put, come back, and hand the key over.

After each step somebody who knows the objects alone reads the log: it is the list, under the root of the list; every
receipt that was given still holds; and who signed what is as the format has it (rules K1, K2 and C7). What a crash left
of a key that was retired since stays out of the log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from retroaudit.faults import BadInput
from retroaudit.ledger import commits, entries, keyring, manifest, recording, tree
from retroaudit.ledger.coordinates import entry_kind
from retroaudit.ledger.entries import Entry
from retroaudit.ledger.head import head
from retroaudit.ledger.read import leaves, reports
from retroaudit.ledger.seal import Receipt, Sealing, next_revision, seal_all
from retroaudit.ledger.signing import Signer, generate, signer_from_pem
from tests.ledger.conftest import Crash, Memory, at, beat, crash_at, sealing_of, whole_log

pytestmark = pytest.mark.slow

Work = Callable[[Memory, float], Sequence[Receipt | recording.Receipt]]
CRASH = st.none() | st.tuples(st.sampled_from(["before", "after"]), st.integers(0, 14))
DAYS = st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True)


def _new_key() -> Signer:
    return signer_from_pem(generate().signing, "a key of the test")


def _wanted(storage: Memory, day: int, spec: str) -> Sealing:
    """A day's report as a whole run of this spec seals it: as the next revision, or as the one it has."""
    ours = sealing_of(day, spec=spec)
    report = ours.report
    found = next_revision(storage, report.model, report.window, report.kind, report.part, ours.run_key)
    return replace(ours, report=replace(report, rev=found.rev))


class Writers(RuleBasedStateMachine):
    """What writers do, and the list that the log must be."""

    def __init__(self) -> None:
        super().__init__()
        self.storage = Memory()
        self.model: list[str] = []
        self.holders = [_new_key()]  # the last one is the log's
        self.made: dict[str, Signer] = {}  # keys that were offered the log
        self.begun: Work | None = None
        self.receipts: dict[tuple[str, str], int] = {}
        self.hours = 0.0

    @rule(days=DAYS, spec=st.sampled_from("ab"), crash=CRASH)
    def seal(self, days: list[int], spec: str, crash: tuple[str, int] | None) -> None:
        self._do(
            lambda storage, hours: seal_all(
                storage, [_wanted(storage, day, spec) for day in days], self.holders[-1], at(hours)
            ),
            crash,
        )

    @rule(beats=st.lists(st.integers(0, 4), min_size=1, max_size=3), crash=CRASH)
    def record(self, beats: list[int], crash: tuple[str, int] | None) -> None:
        wanted = [Entry(beat(each)) for each in beats]
        self._do(lambda storage, hours: recording.record(storage, wanted, {}, self.holders[-1], at(hours)), crash)

    @precondition(lambda self: self.model)
    @rule(crash=CRASH)
    def rotate(self, crash: tuple[str, int] | None) -> None:
        old, new = self.holders[-1], _new_key()
        self.made[new.public.keyid] = new
        self._do(lambda storage, hours: [recording.rotate(storage, old, new, "ann", "yearly", None, at(hours))], crash)

    @precondition(lambda self: self.begun)
    @rule()
    def retry(self) -> None:
        assert self.begun
        work, self.begun = self.begun, None
        holders = len(self.holders)
        try:
            self._do(work, None)
        except BadInput:  # a handover that another one came before
            assert holders > 1
            assert len(self.holders) == holders

    @precondition(lambda self: len(self.holders) > 1)
    @rule(day=st.integers(1, 3))
    def come_with_an_old_key(self, day: int) -> None:
        with pytest.raises(BadInput, match="Use the store's key"):
            seal_all(Memory(self.storage.objects), [sealing_of(day)], self.holders[0], at(self.hours))

    @rule()
    def begin_anew(self) -> None:
        """Another process, which has seen nothing yet."""
        self.storage = Memory(self.storage.objects)

    @invariant()
    def the_log_is_the_list(self) -> None:
        whole = whole_log(self.storage)
        assert [leaf.key for leaf in whole] == self.model
        if whole:
            last = commits.read(self.storage, head(Memory(self.storage.objects)))
            assert last.note.checkpoint.root == tree.root_of([leaf.hash for leaf in whole])

    @invariant()
    def what_was_acknowledged_holds(self) -> None:
        there = {(leaf.key, leaf.sha256): number for number, _, leaf in leaves(Memory(self.storage.objects))}
        assert self.receipts.items() <= there.items()

    @invariant()
    def revisions_come_in_order(self) -> None:
        seen: dict[str, int] = {}
        for entry in reports(Memory(self.storage.objects)):
            assert entry.report.rev == seen.get(entry.report.series, 0) + 1
            seen[entry.report.series] = entry.report.rev

    @invariant()
    def everything_is_signed_by_whose_turn_it_was(self) -> None:
        turn: dict[int, str] = {1: self.holders[0].public.keyid}
        for number, index, leaf in leaves(Memory(self.storage.objects)):
            commit = commits.read(self.storage, number)
            assert commit.envelope.keyid == turn[number]
            turn[number + 1] = commit.body.next_key
            data = self.storage.objects[leaf.key]
            if entry_kind(leaf.key) == "report":
                found, envelope = manifest.parse(data, leaf.key)
                after = found.after
            else:
                recorded, envelope = entries.parse(data, leaf.key)
                after = recorded.after
                if entry_kind(leaf.key) == "key" and index:
                    giver = next(each for each in self.holders if each.public.keyid == turn[number])
                    assert keyring.read(recorded.entry).follows(giver.public, commit.body.previous)
                    assert len(commit.body.leaves) == 1
                    assert keyring.read(recorded.entry).public.keyid == commit.body.next_key
            assert after < number
            assert envelope.keyid == turn[number]

    def _do(self, work: Work, crash: tuple[str, int] | None) -> None:
        """One writer's work: it crashes where it is told to, and adds to the list all that is its own or nothing."""
        self.hours += 0.25
        storage = self.storage
        if crash:
            moment, count = crash
            hook = crash_at(count)
            storage = Memory(storage.objects)
            storage.before_put, storage.after_put = (
                (hook, lambda _: None) if moment == "before" else (lambda _: None, hook)
            )
        before = self.model
        stuck = self._stuck()
        try:
            receipts = work(storage, self.hours)
        except BadInput as refused:
            if not {fault.subject for fault in refused.faults} <= stuck:
                raise
            assert [leaf.key for leaf in whole_log(self.storage)] == before
            return
        except Crash:
            self.begun = work
            self.model = [leaf.key for leaf in whole_log(self.storage)]
            assert self.model[: len(before)] == before
            self._meet_holder()
            return
        self.model = self._grown(before, receipts)
        self._meet_holder()
        self.receipts |= {(_key(each), _sha256(each)): each.commit for each in receipts}

    def _stuck(self) -> set[str]:
        """What crashes left of keys that were retired since, by key and by report: nobody can commit it any more."""
        found: set[str] = set()
        for key, data in self.storage.objects.items():
            kind = entry_kind(key)
            if kind in {None, "key"} or key in self.model:
                continue
            if kind == "report":
                said, envelope = manifest.parse(data, key)
                names = {key, str(said.report)}
            else:
                names, envelope = {key}, entries.parse(data, key)[1]
            if envelope.keyid != self.holders[-1].public.keyid:
                found |= names
        return found

    def _grown(self, before: list[str], receipts: Sequence[Receipt | recording.Receipt]) -> list[str]:
        """The list with what these receipts acknowledge: pending revisions of the same reports, then the own leaves."""
        added = [] if before else [keyring.first(self.holders[0]).key]
        for each in receipts:
            if isinstance(each, Receipt):
                report = each.report
                earlier = [replace(report, rev=rev).manifest_key for rev in range(1, report.rev)]
                added += [key for key in earlier if key not in before]
        own = dict.fromkeys(_key(each) for each in receipts)
        return [*before, *added, *(key for key in own if key not in before)]

    def _meet_holder(self) -> None:
        """Who has the log now: with a commit that hands it over, whom it names."""
        last = head(Memory(self.storage.objects))
        following = commits.read(self.storage, last).body.next_key if last else self.holders[0].public.keyid
        if following != self.holders[-1].public.keyid:
            self.holders.append(self.made[following])


def _key(receipt: Receipt | recording.Receipt) -> str:
    return receipt.manifest_key if isinstance(receipt, Receipt) else receipt.key


def _sha256(receipt: Receipt | recording.Receipt) -> str:
    return receipt.manifest_sha256 if isinstance(receipt, Receipt) else receipt.sha256


Writers.TestCase.settings = settings(
    max_examples=40, stateful_step_count=20, deadline=None, phases=[Phase.explicit, Phase.generate], derandomize=True
)
TestWriters = Writers.TestCase
