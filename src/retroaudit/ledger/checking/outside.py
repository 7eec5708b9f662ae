"""Outside evidence: what others keep of this log's sizes and roots must agree with it, and be no larger than it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.x509 import Certificate

from retroaudit.faults import RetroauditError
from retroaudit.ledger import anchors, timestamps
from retroaudit.ledger.checking.findings import Findings
from retroaudit.ledger.checking.keychain import Keychain
from retroaudit.ledger.checking.reading import Reader, Unread
from retroaudit.ledger.checking.walk import Wanted
from retroaudit.ledger.checkpoint import Checkpoint, Note
from retroaudit.ledger.signing import PublicKey
from retroaudit.storage.protocol import Storage

_LARGEST_TOKEN = 1 << 20  # bytes
_UNKNOWN = "the second place knows nothing of this log: none was ever put there, or this is another log"
_OR_PUT = "or somebody put something there"


@dataclass(frozen=True)
class Anchor:
    """One piece of outside evidence: whose it is, the size it speaks of, when it was made, and whether it was proved.

    `proved` is False where nobody's signature could be checked, or where it contradicts the log.
    """

    kind: str  # time-stamp, second place, saved checkpoint
    size: int  # leaves
    time: datetime | None  # UTC; a commit's own word for it but for time-stamps
    proved: bool


def kept(place: Storage | None, origin: str | None, findings: Findings) -> tuple[Note, ...]:
    """What bears this log's name in a second place, smallest first; who signed it is for `vouched` to ask.

    None there at all is a problem; what is no checkpoint is passed over, with a note.
    """
    if place is None:
        return ()
    if origin is None:
        findings.unchecked.append("the second place: the log's own name cannot be read")
        return ()
    try:
        found = list(anchors.candidates(place, origin))
    except RetroauditError as error:
        meaning = "the second place cannot be read: its checkpoints prove nothing"
        findings.refused(place.url, "checkpoints of this log", error, meaning)
        return ()
    strange = [name for name, note in found if note is None]
    findings.names(strange, f"no checkpoint of this log, {_OR_PUT}: it is passed over")
    notes = tuple(note for _, note in found if note)
    if not notes:
        findings.problem(place.url, f"checkpoints of {origin}", "none", _UNKNOWN)
    return notes


def vouched(notes: Sequence[Note], keys: Sequence[PublicKey], findings: Findings) -> tuple[Note, ...]:
    """Those that a key of the log signed: the others say nothing of it, and are passed over with a note.

    Where none is left of some, that is a problem.
    """
    signed = tuple(note for note in notes if any(map(note.signed_by, keys)))
    others = [anchors.key(each.checkpoint.origin, each.checkpoint.size) for each in notes if each not in signed]
    meaning = f"signed by no key of this log that is known here: by a later one (give it with --key), {_OR_PUT}"
    findings.names(others, f"{meaning}; it is passed over")
    if notes and not signed:
        meaning = "no key of this log signed it, or anything else there that bears this log's name: it is no evidence"
        findings.problem("the second place", "a checkpoint signed by the log's key", "others' alone", meaning)
    return signed


def kept_stamps(place: Storage | None, origin: str | None, findings: Findings) -> Mapping[int, str]:
    """The keys of this log's time-stamps in a second place, by size."""
    if place is None or origin is None:
        return {}
    try:
        return timestamps.published(place, origin)
    except RetroauditError as error:
        meaning = "the second place cannot be read: its time-stamps prove nothing"
        findings.refused(place.url, "time-stamps of this log", error, meaning)
        return {}


@dataclass
class Outside:
    """Compares evidence with the sizes and roots that the walk found."""

    reader: Reader
    chain: Keychain
    findings: Findings
    wanted: Mapping[int, Wanted]
    head: Checkpoint | None

    def notes(self, kind: str, notes: Sequence[Note]) -> Iterator[Anchor]:
        """Signed checkpoints that were kept elsewhere."""
        for note in notes:
            mine = note.checkpoint
            subject = f"{kind} of {mine.size} leaves"
            signed = any(note.signed_by(key) for key in self.chain.publics())
            if not signed:
                meaning = "no key of this log signed it: it is no evidence, or of another log"
                self.findings.problem(subject, "a checkpoint signed by the log's key", "another signature", meaning)
            agrees = self._agrees(subject, mine)
            there = self.wanted.get(mine.size)
            yield Anchor(kind, mine.size, there.time if there else None, proved=signed and agrees)

    def stamps(self, tokens: Mapping[int, str], roots: Sequence[Certificate] | None) -> Iterator[Anchor]:
        """Time-stamps that lie in the store."""
        if tokens and not timestamps.available():
            self.findings.unchecked.append(f"{len(tokens)} time-stamps: the extra `timestamps` is not installed")
            return
        for size, key in sorted(tokens.items()):
            data, there = self.reader.small(key, _LARGEST_TOKEN), self.wanted.get(size)
            if isinstance(data, Unread):
                self.findings.problem(key, "a time-stamp", data.found, "the time-stamp cannot be read")
            elif there is None or there.note is None:
                meaning = self._beyond(size) or "no commit of this log ended at this size: it is of another history"
                self.findings.problem(key, f"a commit with {size} leaves", "none", f"{meaning}, {_OR_PUT}")
            else:
                yield self._stamp(key, size, data, there.note, roots)

    def stamps_elsewhere(
        self, place: Storage, tokens: Mapping[int, str], notes: Sequence[Note], roots: Sequence[Certificate] | None
    ) -> Iterator[Anchor]:
        """Time-stamps in a second place, over the log's checkpoints or over those kept there, which the log signed.

        What is no time-stamp of either is passed over, with a note: anybody may have put it there.
        """
        if tokens and not timestamps.available():
            self.findings.unchecked.append(f"{len(tokens)} time-stamps: the extra `timestamps` is not installed")
            return
        strange = []
        for size, key in sorted(tokens.items()):
            there = self.wanted.get(size)
            same = [each.text for each in notes if there and _is(each, size, there.root)]
            texts = [there.note, *same] if there and there.note else same
            found = self._first(place, key, size, texts, roots)
            if found:
                yield found
            else:
                strange.append(key)
        meaning = f"a time-stamp of no checkpoint of this log that is known here: the log was longer, {_OR_PUT}"
        self.findings.names(strange, f"{meaning}; it is passed over")

    def _first(
        self, place: Storage, key: str, size: int, texts: Sequence[str], roots: Sequence[Certificate] | None
    ) -> Anchor | None:
        """The evidence that a token is for the first of these notes that it is of."""
        try:
            data = place.read(key, length=_LARGEST_TOKEN)
        except RetroauditError:
            return None
        for text in texts:
            stamp = timestamps.check(data, text, roots)
            if stamp.problem is None:
                if not stamp.signature_checked:
                    self.findings.not_checked(f"who made {key}", _NO_ROOTS)
                return Anchor("time-stamp", size, stamp.time, proved=stamp.signature_checked)
        return None

    def _stamp(self, key: str, size: int, data: bytes, note: str, roots: Sequence[Certificate] | None) -> Anchor:
        stamp = timestamps.check(data, note, roots)
        if stamp.problem:
            why = f"it was replaced, the log was rewritten, {_OR_PUT}"
            meaning = f"the time-stamp does not prove the log's {size} leaves: {why}"
            self.findings.problem(key, "a time-stamp of this checkpoint", stamp.problem, meaning)
        elif not stamp.signature_checked:
            self.findings.not_checked(f"who made {key}", _NO_ROOTS)
        return Anchor("time-stamp", size, stamp.time, proved=stamp.signature_checked and not stamp.problem)

    def _agrees(self, subject: str, mine: Checkpoint) -> bool:
        """Whether the log has this root at this size."""
        there = self.wanted.get(mine.size)
        if self.head and mine.origin != self.head.origin:
            meaning = "it is of another log: this store was put in the place of that one, or the file is the wrong one"
            self.findings.problem(subject, self.head.origin, mine.origin[:200], meaning)
        elif there is None:
            meaning = self._beyond(mine.size) or "the log cannot be computed at this size"
            found = f"{self.head.size if self.head else 0} leaves"
            self.findings.problem(subject, f"a log of at least {mine.size} leaves", found, meaning)
        elif there.root != mine.root:
            meaning = f"the log was rewritten: of its first {mine.size} leaves some are others than they were"
            self.findings.problem(subject, f"root {mine.root.hex()}", f"root {there.root.hex()}", meaning)
        else:
            return True
        return False

    def _beyond(self, size: int) -> str | None:
        if self.head and size <= self.head.size:
            return None
        return f"the log was longer: its end was cut off, or the store was set back to before {size} leaves"


def _is(note: Note, size: int, root: bytes) -> bool:
    return (note.checkpoint.size, note.checkpoint.root) == (size, root)


_NO_ROOTS = "name the authority's certificates with --tsa-roots"


def tell_newest(found: Sequence[Anchor], at: datetime | None, findings: Findings, size: int) -> None:
    """How old the newest evidence is, and how much of the log it covers."""
    proved = [each for each in found if each.proved]
    if not proved:
        findings.notes.append(
            "no anchor: that the newest commits were cut off, or the store set back, could not be seen from here"
        )
        return
    newest = max(proved, key=lambda each: each.size)
    age = f", {_age(at, newest.time)} old ({newest.time.isoformat()})" if newest.time and at else ""
    findings.notes.append(f"newest anchor: a {newest.kind} of {newest.size} of {size} leaves{age}")


def _age(at: datetime, time: datetime) -> str:
    hours = max(0, int((at - time).total_seconds() // 3600))
    return f"{hours // 24} days" if hours >= _TWO_DAYS else f"{hours} hours"


_TWO_DAYS = 48
