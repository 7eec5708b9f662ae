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
from retroaudit.storage.protocol import Storage

_LARGEST_TOKEN = 1 << 20  # bytes


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
    """The checkpoints of this log in a second place; none there at all is a problem."""
    if place is None or origin is None:
        return ()
    try:
        found = anchors.published(place, origin)
    except RetroauditError as error:
        meaning = "the second place cannot be read, or somebody was there: its checkpoints prove nothing"
        findings.refused(place.url, "checkpoints of this log", error, meaning)
        return ()
    if not found:
        meaning = "the second place knows nothing of this log: none was ever put there, or this is another log"
        findings.problem(place.url, f"checkpoints of {origin}", "none", meaning)
    return found


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
                self.findings.problem(key, f"a commit with {size} leaves", "none", meaning)
            else:
                yield self._stamp(key, size, data, there.note, roots)

    def _stamp(self, key: str, size: int, data: bytes, note: str, roots: Sequence[Certificate] | None) -> Anchor:
        stamp = timestamps.check(data, note, roots)
        if stamp.problem:
            meaning = (
                f"the time-stamp does not prove the log's {size} leaves: it was replaced, or the log was rewritten"
            )
            self.findings.problem(key, "a time-stamp of this checkpoint", stamp.problem, meaning)
        elif not stamp.signature_checked:
            self.findings.not_checked(f"who made {key}", "name the authority's certificates with --tsa-roots")
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
