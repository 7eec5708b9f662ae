"""The verifier's look at what the log's leaves name: manifests, other entries, and their files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from retroaudit.faults import RetroauditError
from retroaudit.ledger import entries, manifest
from retroaudit.ledger.checking.digests import Digests
from retroaudit.ledger.checking.findings import Findings
from retroaudit.ledger.checking.inputs import Inputs
from retroaudit.ledger.checking.keychain import SPOILT, Keychain
from retroaudit.ledger.checking.locks import Locks
from retroaudit.ledger.checking.reading import Reader, Unread
from retroaudit.ledger.checking.rules import Place, Rules
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import blob_key, entry_kind
from retroaudit.ledger.entries import Recorded
from retroaudit.ledger.envelope import Envelope
from retroaudit.ledger.manifest import Manifest
from retroaudit.ledger.statement import File

_BATCH = 2048  # leaves whose entries are read side by side
_SKEW = timedelta(hours=1)  # that clocks may differ


@dataclass
class Contents:
    """Takes commits in order. Each entry is judged by hash, signature and place; each file once by sha256 and size."""

    reader: Reader
    chain: Keychain
    rules: Rules
    locks: Locks
    inputs: Inputs
    findings: Findings
    reports: int = 0
    entries: int = 0
    files: int = 0
    blobs: Digests = field(default_factory=Digests)
    _waiting: list[tuple[Place, Leaf]] = field(default_factory=list)

    def add(self, commit: Commit) -> None:
        """Look at what the commit names, now or with the next ones."""
        body = commit.body
        for position, leaf in enumerate(body.leaves):
            self._waiting.append((Place(leaf.key, body.before + position, body.number, body.time), leaf))
        if len(self._waiting) >= _BATCH:
            self.finish()

    def finish(self) -> None:
        """Look at what waits."""
        waiting, self._waiting = self._waiting, []
        owed: list[tuple[str, File]] = []
        found = self.reader.many(leaf.key for _, leaf in waiting)
        for (place, leaf), (_, data) in zip(waiting, found, strict=True):
            self.rules.leaf(leaf.key)
            judged = self.judge(place, leaf, data)
            if judged:
                owed += self.owed(*judged)
        self.look(owed)

    def judge(self, place: Place, leaf: Leaf, data: bytes | Unread) -> tuple[str, Manifest | Recorded] | None:
        """The entry of a leaf with a name for people, where it is one; whatever is wrong with it is told."""
        found = self._parse(leaf, data)
        if found is None:
            return None
        kept, envelope = found
        self.chain.check_entry(leaf.key, envelope, kept.after, place.commit)
        self._check_time(place, kept)
        if isinstance(kept, Manifest):
            self._in_place(leaf, kept.report.manifest_key, f"the report {kept.report}")
            self.reports += 1
            self.rules.report(kept)
            self.locks.report(place, kept)
            self.inputs.report(place, kept)
            return str(kept.report), kept
        self._in_place(leaf, kept.entry.key, f"an entry of kind {kept.entry.kind}")
        self.entries += 1
        self.rules.entry(place, kept)
        self.locks.entry(place, kept, signed=self._signed(envelope))
        self.inputs.entry(place, kept)
        return leaf.key, kept

    def owed(self, name: str, kept: Manifest | Recorded) -> Iterable[tuple[str, File]]:
        """The files of an entry that were not looked at before."""
        files = kept.files if isinstance(kept, Manifest) else kept.entry.files
        for file in files:
            self.files += 1
            if (sized := f"{file.sha256} {file.size}") not in self.blobs:  # who lies about a size is heard too
                self.blobs.add(sized)
                self.blobs.add(blob_key(file.sha256))
                yield name, file

    def look(self, owed: Iterable[tuple[str, File]]) -> None:
        """Read files, and tell of those that are not what was sealed."""
        for name, file, there in self.reader.each(lambda each: (*each, self._describe(each[1])), owed):
            if there:
                meaning = f"{file.name} was deleted, replaced or damaged after it was sealed"
                expected = f"{file.size} bytes, sha256 {file.sha256}"
                self.findings.problem(f"{file.name} of {name}", expected, there, meaning)

    def _describe(self, file: File) -> str | None:
        return self.reader.describe(blob_key(file.sha256), file)

    def _parse(self, leaf: Leaf, data: bytes | Unread) -> tuple[Manifest | Recorded, Envelope] | None:
        digest = None if isinstance(data, Unread) else hashlib.sha256(data).hexdigest()
        if isinstance(data, Unread) or digest != leaf.sha256:
            found = data.found if isinstance(data, Unread) else f"sha256 {digest}"
            self.findings.problem(leaf.key, f"sha256 {leaf.sha256}", found, SPOILT)
            return None
        try:
            return (manifest.parse if entry_kind(leaf.key) == "report" else entries.parse)(data, leaf.key)
        except RetroauditError as error:
            self.findings.refused(leaf.key, "an entry", error, "something else was committed as an entry")
            return None

    def _check_time(self, place: Place, kept: Manifest | Recorded) -> None:
        """No entry is from the future of its commit, which would keep rules that count days from taking hold (K3)."""
        written = kept.sealed_at if isinstance(kept, Manifest) else kept.recorded_at
        if written - place.time > _SKEW:
            meaning = "the entry claims to be younger than the commit that holds it: its time is false"
            expected = f"at most an hour after commit {place.commit}, {place.time.isoformat()}"
            self.findings.problem(place.key, expected, written.isoformat(), meaning)

    def _signed(self, envelope: Envelope) -> bool:
        public = self.chain.public(envelope.keyid)
        return public is not None and envelope.signed_by(public)

    def _in_place(self, leaf: Leaf, key: str, what: str) -> None:
        if leaf.key != key:
            self.findings.problem(leaf.key, leaf.key, key, f"{what} was put in another's place")
