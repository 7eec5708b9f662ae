"""Verifying one report, and what belongs to it, in a number of requests that grows with the logarithm of the log."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from retroaudit.faults import RetroauditError
from retroaudit.ledger import commits, entries, head, keyring, manifest
from retroaudit.ledger.checking.contents import Contents
from retroaudit.ledger.checking.findings import Findings
from retroaudit.ledger.checking.inputs import Inputs
from retroaudit.ledger.checking.keychain import SPOILT, Keychain
from retroaudit.ledger.checking.locks import Locks, called_locked
from retroaudit.ledger.checking.outcome import Head, Options, Verification
from retroaudit.ledger.checking.outside import Anchor, kept, tell_newest, vouched
from retroaudit.ledger.checking.proving import Prover
from retroaudit.ledger.checking.reading import Oldest, Reader, Unread
from retroaudit.ledger.checking.ring import Ring
from retroaudit.ledger.checking.rules import Place, Rules
from retroaudit.ledger.checking.whole import RETIRED
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import ENTRIES, ReportId, entry_kind
from retroaudit.ledger.entries import Recorded
from retroaudit.ledger.manifest import Manifest
from retroaudit.ledger.signing import PublicKey
from retroaudit.ledger.statement import File
from retroaudit.progress import Progress, Step
from retroaudit.storage.keys import encode
from retroaudit.storage.protocol import Storage

_WITHOUT_REVISION = 3  # slashes in model/window/kind/part
_NEVER = (
    "no such report is in the log: it was never sealed here, its commit was cut off, or it is newer than the checkpoint"
)
_FOREIGN = (
    "no key of this log signed it, and no commit thereabouts names it: somebody who may write put it there, or it was "
    "replaced (the whole log can tell)"
)


def verify_one(storage: Storage, key: PublicKey, text: str, progress: Progress, options: Options) -> Verification:
    """One report; see `verify`. Raises `BadInput` where the text is no id."""
    any_revision = text.count("/") == _WITHOUT_REVISION
    wanted = ReportId.parse(f"{text}/1" if any_revision else text)
    findings = Findings()
    reader = Reader(Oldest(storage))
    try:
        found = _One(reader, options, findings, _ring(reader, key, findings), progress)
        return found.verify(text, wanted, any_revision=any_revision)
    finally:
        reader.close()


def _ring(reader: Reader, key: PublicKey, findings: Findings) -> Ring:
    try:
        return Ring.of(reader.storage, key)
    except RetroauditError as error:
        findings.refused(keyring.FOLDER, "the log's keys", error, "the key entries cannot be read")
        return Ring(key, ())


class _Rights(Keychain):
    """Who may sign what, told by handovers instead of all commits."""

    def __init__(self, reader: Reader, ring: Ring, findings: Findings) -> None:
        super().__init__(reader, ring.given, findings)
        self._ring = ring

    def public(self, keyid: str) -> PublicKey | None:
        """A key that is linked to the given one."""
        return self._ring.public(keyid)

    def signer(self, number: int) -> str | None:
        """The key of a commit's term."""
        return self._ring.signer(number).keyid

    def retired(self, keyid: str, number: int) -> bool:
        """Whether the key handed the log on before commit `number`."""
        return any(each.giver.keyid == keyid and each.number < number for each in self._ring.handovers)


@dataclass(frozen=True)
class _Found:
    """An entry that was proved to be in the log."""

    place: Place
    leaf: Leaf
    data: bytes


@dataclass
class _One:
    reader: Reader
    options: Options
    findings: Findings
    ring: Ring
    progress: Progress

    def verify(self, text: str, wanted: ReportId, *, any_revision: bool) -> Verification:
        top = self._top()
        if top is None:
            return Verification.of({"reports": 0}, self.findings, None, ())
        prover = Prover(self.reader, top.note.checkpoint, self.findings)
        revisions = [wanted] if not any_revision else self._revisions(wanted)
        found = ((each, self._find(each.manifest_key, prover)) for each in reversed(revisions))
        report, mine = next((pair for pair in found if pair[1]), (wanted, None))  # what no commit has is no revision
        contents = self._contents(report)
        if mine is None:
            self.findings.problem(text, "something to check", "nothing", _NEVER)
        else:
            self._judge(mine, self._related(report, prover), contents)
        anchors = tuple(self._outside(prover))
        tell_newest(anchors, self.options.at or top.time, self.findings, top.note.checkpoint.size)
        self._prove_keys(prover)
        self.findings.unchecked.append("the rest of the log, versions, time-stamps, completeness: verify without an id")
        return Verification.of(_counts(prover, contents), self.findings, top, anchors)

    def _top(self) -> Head | None:
        """The checkpoint that everything is proved against: the given one, or the newest commit's.

        The given one was kept elsewhere than the store, and is trusted as the given key is: any of the log's keys may
        have signed it, a retired one too.
        """
        note = self.options.checkpoint
        if note is None:
            return self._newest()
        if not any(map(note.signed_by, self.ring.publics)):
            meaning = "no key that the given one vouches for signed it: it is of another log, or a forgery"
            self.findings.problem("the given checkpoint", "a signature of the log's key", "another", meaning)
            return None
        return Head(note, None, None)

    def _newest(self) -> Head | None:
        try:
            number = head.head(self.reader.storage)
            if not number:
                meaning = "an empty log proves nothing: wrong store?"
                self.findings.problem("the store", "something to check", "nothing", meaning)
                return None
            commit = commits.read(self.reader.storage, number)
            good = self.ring.signed_end(self.reader.storage, commit)
        except RetroauditError as error:
            self.findings.refused("the newest commit", "a commit", error, "the log's end was replaced or damaged")
            return None
        if good:
            self._tell_newer()
            return Head.of(commit)
        self._tell_false(f"commit {number}", commit.envelope.keyid)
        return None

    def _tell_false(self, subject: str, keyid: str) -> None:
        """Whose the log's end is, which is not the newest key's."""
        newest, given = self.ring.newest.keyid, self.ring.given.keyid
        if keyid == newest:
            meaning = f"{subject} was replaced: nobody signed these bytes"
            self.findings.problem(subject, "a signature over these bytes", "one over other bytes", meaning)
        elif self.ring.public(keyid):
            meaning = f"signed by key {keyid}, which was retired: a fork, or a forgery"
            self.findings.problem(subject, f"key {newest}", f"key {keyid}", meaning)
        else:
            meaning = f"signed by key {keyid}, not by the key given {given}: another log, or a forgery"
            self.findings.problem(subject, f"key {given}", f"key {keyid}", meaning)

    def _tell_newer(self) -> None:
        newest = self.ring.newest.keyid
        if newest != self.ring.given.keyid:
            self.findings.notes.append(RETIRED.format(newest))

    def _contents(self, report: ReportId) -> Contents:
        listed = self._keys(f"{ENTRIES}kind=store/")
        locks = Locks(self.reader, self.findings, called_locked(self.reader, listed), self.options.at)
        inputs = Inputs(self.options.archive, self.findings, only=str(report))
        rights = _Rights(self.reader, self.ring, self.findings)
        return Contents(self.reader, rights, Rules(self.findings), locks, inputs, self.findings)

    def _related(self, report: ReportId, prover: Prover) -> Iterator[_Found]:
        """What is judged with a report: the revisions before it, plans of its window, the store's terms, erasures."""
        plans = f"{ENTRIES}kind=plan/model={encode(report.model)}/window={encode(report.window)}/"
        erasures = f"{ENTRIES}kind=erasure/model={encode(report.model)}/" if self.options.archive else None
        found = [key for folder in (plans, f"{ENTRIES}kind=store/", erasures) if folder for key in self._keys(folder)]
        revisions = self._revisions(report)
        self.findings.names([str(each) for each in revisions if each.rev > report.rev], f"a newer revision of {report}")
        keys = [*found, *(each.manifest_key for each in revisions if each.rev < report.rev)]
        for done, key in enumerate(keys):
            self.progress(Step("related entries", done, len(keys)))
            proved = self._find(key, prover)
            if proved:
                yield proved

    def _judge(self, mine: _Found, related: Iterator[_Found], contents: Contents) -> None:
        owed: list[tuple[str, File]] = []
        for found in sorted([mine, *related], key=lambda each: each.place.index):
            contents.rules.leaf(found.leaf.key)
            judged = contents.judge(found.place, found.leaf, found.data)
            if judged and (found is mine or entry_kind(found.leaf.key) == "plan"):
                owed += contents.owed(*judged)
        contents.look(owed)
        contents.locks.finish()
        contents.inputs.finish()
        contents.rules.tell_unplanned()

    def _find(self, key: str, prover: Prover) -> _Found | None:
        """An entry with its place and proof; None where no commit holds it, or it cannot be proved."""
        data = self.reader.small(key)
        if isinstance(data, Unread):
            return None
        try:
            is_report = entry_kind(key) == "report"
            kept: Manifest | Recorded
            kept, envelope = manifest.parse(data, key) if is_report else entries.parse(data, key)
        except RetroauditError as error:
            if prover.names(key, 0):
                self.findings.refused(key, "an entry", error, SPOILT)
            else:
                self.findings.names([key], _FOREIGN)
            return None
        public = self.ring.public(envelope.keyid)
        if not (public and envelope.signed_by(public)) and not prover.names(key, kept.after):
            self.findings.names([key], _FOREIGN)
            return None
        leaf = Leaf(key, hashlib.sha256(data).hexdigest())
        place = prover.place(leaf, kept.after)
        if place is None:
            meaning = "no commit holds it as it is: it was replaced after it was committed, or a crash left it"
            self.findings.names([key], f"{meaning} (the whole log can tell)")
            return None
        return _Found(place, leaf, data) if prover.included(leaf, place) else None

    def _revisions(self, report: ReportId) -> list[ReportId]:
        found = (report.revision_of(key) for key in self._keys(report.series_folder))
        return [replace(report, rev=rev) for rev in sorted(rev for rev in found if rev)]

    def _keys(self, folder: str) -> list[str]:
        try:
            return [info.key for info in self.reader.storage.list(folder)]
        except RetroauditError as error:
            self.findings.refused(folder, "a listing", error, "the store cannot be listed")
            return []

    def _outside(self, prover: Prover) -> Iterator[Anchor]:
        """The newest checkpoint in a second place, and the auditor's own."""
        notes = kept(self.options.anchors, prover.trusted.origin, self.findings)
        found = vouched(notes, self.ring.publics, self.findings)[-1:]
        saved = [self.options.since] if self.options.since else []
        for kind, note in [
            *(("second place", each) for each in found),
            *(("saved checkpoint", each) for each in saved),
        ]:
            subject = f"{kind} of {note.checkpoint.size} leaves"
            signed = any(map(note.signed_by, self.ring.publics))
            if not signed:
                meaning = "no key of this log signed it: it is no evidence, or of another log"
                self.findings.problem(subject, "a checkpoint signed by the log's key", "another signature", meaning)
            yield Anchor(
                kind, note.checkpoint.size, None, proved=prover.consistent(subject, note.checkpoint) and signed
            )

    def _prove_keys(self, prover: Prover) -> None:
        """The handovers that led from the given key to others are in the log too, those since the checkpoint aside."""
        for each in self.ring.handovers:
            leaf, body = each.named.leaf, each.commit.body
            if body.before < prover.trusted.size:
                prover.included(leaf, Place(leaf.key, body.before, body.number, body.time))


def _counts(prover: Prover, contents: Contents) -> dict[str, int]:
    counts = {
        "commits": prover.commits,
        "proofs": prover.proofs,
        "entries": contents.entries,
        "reports": contents.reports,
        "files": contents.files,
    }
    asked = {"locks": contents.locks.checked, "inputs": contents.inputs.checked}
    return {**counts, **{what: count for what, count in asked.items() if count}}
