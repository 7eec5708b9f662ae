"""Which key had the right to sign what: rules K1 and K2 of the format."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator

from retroaudit.faults import IntegrityBroken
from retroaudit.ledger import commits, entries, keyring
from retroaudit.ledger.checking.findings import Findings
from retroaudit.ledger.checking.reading import Reader, Unread
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import entry_kind
from retroaudit.ledger.envelope import Envelope
from retroaudit.ledger.keyring import LogKey
from retroaudit.ledger.signing import PublicKey


class Keychain:
    """The log's keys, as its commits hand it over from one to the next."""

    def __init__(self, reader: Reader, pinned: PublicKey, findings: Findings) -> None:
        self._reader, self._pinned, self._findings = reader, pinned, findings
        self._public: dict[str, PublicKey] = {pinned.keyid: pinned}
        self._known: dict[str, LogKey] = {}
        self._reigns: list[tuple[int, str]] = []  # from which commit on each key signs
        self._next: str | None = None

    @property
    def origin(self) -> str | None:
        """The log's name, as its first key gives it; None where commit 1 could not be read."""
        return commits.origin(self._reigns[0][1]) if self._reigns and self._reigns[0][0] == 1 else None

    def public(self, keyid: str) -> PublicKey | None:
        """One of the log's keys."""
        return self._public.get(keyid)

    def publics(self) -> tuple[PublicKey, ...]:
        """All of them, and the one that the verifier was given."""
        return tuple(self._public.values())

    def signer(self, number: int) -> str | None:
        """The id of the key that has the right to sign commit `number`, as far as it is known."""
        place = bisect_right(self._reigns, number, key=lambda reign: reign[0])
        return self._reigns[place - 1][1] if place else None

    def retired(self, keyid: str, number: int) -> bool:
        """Whether that key signed commits before commit `number`, and signs none from it on."""
        return keyid in {each for start, each in self._reigns if start <= number} - {self.signer(number)}

    def check(self, commit: Commit, *, follows: bool) -> None:
        """Whether the right key signed a commit, and to whom it hands the log. `follows`: the one before was read."""
        body, keyid = commit.body, commit.envelope.keyid
        subject = f"commit {body.number}"
        if not self._reigns or not follows:
            self._begin(commit)
        if self._next is not None and keyid != self._next:
            meaning = f"commit {body.number} was signed by a key that the log was not handed to: a fork, or a forgery"
            self._findings.problem(subject, f"key {self._next}", f"key {keyid}", meaning)
        self._check_signatures(subject, commit)
        self._check_age(subject, commit)
        self._hand_over(commit)

    def check_entry(self, subject: str, envelope: Envelope, after: int, commit: int) -> None:
        """Whether an entry was signed by the key that signs the commit that holds it, and written before that."""
        if after >= commit:
            meaning = "the entry claims to be younger than the commit that holds it"
            self._findings.problem(subject, f"after a commit before {commit}", f"after commit {after}", meaning)
            return
        keyid, public = self.signer(commit), self.public(envelope.keyid)
        if keyid is not None and envelope.keyid != keyid:
            meaning = _RETIRED if self.retired(envelope.keyid, commit) else _EARLY
            self._findings.problem(subject, f"key {keyid}", f"key {envelope.keyid}", meaning)
        elif public is None:
            meaning = "no key of this log signed it: it is nobody's statement"
            self._findings.problem(subject, "a key of the log", f"key {envelope.keyid}", meaning)
        elif not envelope.signed_by(public):
            meaning = "the entry was committed without being signed: it is nobody's statement"
            self._findings.problem(subject, "a signature over these bytes", "one over other bytes", meaning)

    def finish(self) -> None:
        """After the last commit: whether the key that the verifier was given is the log's."""
        names = [keyid for _, keyid in self._reigns]
        if names and self._pinned.keyid not in names:
            found = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
            meaning = (
                f"signed by key {names[0]}, not by the key given {self._pinned.keyid}: another log, or a forgery. "
                "Nothing here was signed by whoever gave you this key"
            )
            self._findings.problem("the log", f"key {self._pinned.keyid}", f"key {found}", meaning)

    def _begin(self, commit: Commit) -> None:
        """Take the first commit's key from its first leaf; after a gap, whatever key signs goes on."""
        body, keyid = commit.body, commit.envelope.keyid
        self._reigns.append((body.number, keyid))
        self._next = None
        if body.number != 1:
            return
        named = self._load(body.leaves[0]) if entry_kind(body.leaves[0].key) == "key" else None
        first = named[0] if named else None
        if first is None or first.public.keyid != keyid or first.possession is not None:
            found = "no key" if first is None else f"key {first.public.keyid}"
            meaning = "the log does not begin with the key that signs it: its beginning was replaced"
            self._findings.problem("commit 1", f"a first leaf that names key {keyid}", found, meaning)
        if first is not None:
            self._add(first)

    def _check_signatures(self, subject: str, commit: Commit) -> None:
        public = self._public.get(commit.envelope.keyid)
        if public is None:
            meaning = f"{subject} was signed by a key that the log names nowhere: a forgery, or the key's entry is gone"
            self._findings.problem(subject, "a key of the log", f"key {commit.envelope.keyid}", meaning)
        elif not commit.envelope.signed_by(public):
            meaning = f"{subject} was replaced: nobody signed these bytes"
            self._findings.problem(subject, "a signature over these bytes", "one over other bytes", meaning)
        elif not commit.note.signed_by(public):
            meaning = f"the checkpoint in {subject} is nobody's: its signature is not the commit's key's"
            self._findings.problem(subject, "a signed checkpoint", "another signature", meaning)

    def _check_age(self, subject: str, commit: Commit) -> None:
        key = self._known.get(commit.envelope.keyid)
        retires = commit.body.next_key != commit.envelope.keyid and _holds_keys_alone(commit)
        if key and key.expires and commit.body.time >= key.expires and not retires:
            meaning = f"{subject} was signed on {commit.body.time.isoformat()} by a key that had expired"
            self._findings.problem(subject, f"before {key.expires.isoformat()}", commit.body.time.isoformat(), meaning)

    def _hand_over(self, commit: Commit) -> None:
        body, keyid = commit.body, commit.envelope.keyid
        self._next = body.next_key
        hands_over = body.next_key != keyid
        self._count_keys(commit, int(body.number == 1 or hands_over))
        if not hands_over:
            return
        old, had = self._public.get(keyid), {each for _, each in self._reigns}
        self._reigns.append((body.number + 1, body.next_key))
        if body.next_key in had:
            meaning = f"commit {body.number} hands the log back to a key that was retired: it was taken over"
            self._findings.problem(f"commit {body.number}", "a new key", f"key {body.next_key}", meaning)
            return
        for key, after in self._named(commit):
            if key.public.keyid == body.next_key:
                self._add(key)
                if old is not None and key.follows(old, body.previous) and after == body.number - 1:
                    return
        meaning = f"commit {body.number} hands the log to a key that did not agree to it: it was taken over"
        expected = f"an entry of key {body.next_key} that it signed itself, to come after key {keyid} and this history"
        self._findings.problem(f"commit {body.number}", expected, "none", meaning)

    def _count_keys(self, commit: Commit, expected: int) -> None:
        """Key entries stand where the log is handed over, and nowhere else: none may look like a key of the log."""
        number = commit.body.number
        found = sum(leaf.key.startswith(keyring.FOLDER) for leaf in commit.body.leaves)
        if found != expected:
            meaning = f"commit {number} names keys that it does not hand the log to"
            self._findings.problem(f"commit {number}", f"{expected} key entries", str(found), meaning)
        elif commit.body.next_key != commit.envelope.keyid and number > 1 and not _holds_keys_alone(commit):
            meaning = f"commit {number} hands the log over and holds what the next key did not agree to"
            self._findings.problem(f"commit {number}", "the next key's entry alone", "other entries", meaning)

    def _named(self, commit: Commit) -> Iterator[tuple[LogKey, int]]:
        """The keys that a commit names, each with the number after which its entry was written."""
        for leaf in commit.body.leaves:
            if entry_kind(leaf.key) == "key" and (recorded := self._load(leaf)):
                yield recorded

    def _load(self, leaf: Leaf) -> tuple[LogKey, int] | None:
        data = self._reader.small(leaf.key)
        if isinstance(data, Unread) or hashlib.sha256(data).hexdigest() != leaf.sha256:
            self._spoilt(leaf, data)
            return None
        try:
            recorded, _ = entries.parse(data, leaf.key)
            return keyring.read(recorded.entry), recorded.after
        except IntegrityBroken as error:
            self._findings.refused(leaf.key, "a key entry", error, "something else was committed as a key")
            return None

    def _spoilt(self, leaf: Leaf, data: bytes | Unread) -> None:
        found = data.found if isinstance(data, Unread) else f"sha256 {hashlib.sha256(data).hexdigest()}"
        self._findings.problem(leaf.key, f"sha256 {leaf.sha256}", found, SPOILT)

    def _add(self, key: LogKey) -> None:
        self._public[key.public.keyid] = key.public
        self._known[key.public.keyid] = key


def _holds_keys_alone(commit: Commit) -> bool:
    return all(leaf.key.startswith(keyring.FOLDER) for leaf in commit.body.leaves)


_RETIRED = "the entry was signed by a key that had been retired when it was committed: it may be dated back"
_EARLY = "the entry was signed by a key that did not keep the log at the time: a forgery"
SPOILT = "the entry was deleted, replaced or damaged after it was committed"
