"""Entries of the log that are no reports: a body of a known kind, the files that belong to it, and where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, ValidationError

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import statement
from retroaudit.ledger.coordinates import entry_key
from retroaudit.ledger.envelope import Envelope, Exact, canonical
from retroaudit.ledger.kinds import KINDS, Body
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import File, Statement, in_order, instant, moment

_TYPE = "https://retroaudit.dev/{}/v1"
_TYPES = {_TYPE.format(kind): body for kind, body in KINDS.items()}


@dataclass(frozen=True)
class Entry:
    """What is said, and the files that belong to it, by name. Two entries with the same body are one.

    Raises `BadInput` where two files share a name, or one has the kind's, which names the body.
    """

    body: Body
    files: tuple[File, ...] = ()

    def __post_init__(self) -> None:
        names = [self.body.kind, *(file.name for file in self.files)]
        if len(set(names)) < len(names):
            raise BadInput(Fault(f"{self.kind} entry", "files of the same name", "a name for each"))
        object.__setattr__(self, "files", in_order(self.files))

    @property
    def kind(self) -> str:
        """The body's kind."""
        return self.body.kind

    @property
    def document(self) -> File:
        """The body as a statement names it: its kind, and the sha256 and size of its canonical bytes."""
        return File.of(self.kind, canonical(self.body.model_dump(), f"{self.kind} entry"))

    @property
    def key(self) -> str:
        """Where it lies: a function of the body alone."""
        fields = self.body.model_dump()
        return entry_key(self.kind, [(name, str(fields[name])) for name in self.body.about], self.document.sha256)


@dataclass(frozen=True)
class Recorded:
    """An entry as it was signed. `after` is the number of the log's last commit when it was written."""

    entry: Entry
    recorded_at: datetime
    after: int


class _Predicate(Exact):
    body: dict[str, Any]
    recorded_at: str
    after: Annotated[int, Field(ge=0)]


def sign(recorded: Recorded, signer: Signer) -> bytes:
    """The entry's bytes as they are stored."""
    return statement.sign(_statement(recorded), signer, f"{recorded.entry.kind} entry")


def parse(data: bytes, subject: str) -> tuple[Recorded, Envelope]:
    """Read a stored entry; raises `IntegrityBroken` on any bytes that `sign` would not give. No key is asked."""
    stated, envelope = statement.parse(data, subject)
    try:
        kind = _TYPES[stated.predicate_type]
        predicate = _Predicate.model_validate(dict(stated.predicate))
        entry = Entry(kind.model_validate(predicate.body), tuple(f for f in stated.files if f.name != kind.kind))
        found = Recorded(entry, moment(predicate.recorded_at, subject), predicate.after)
        faithful = _statement(found) == stated
    except (KeyError, ValidationError):
        raise IntegrityBroken(Fault(subject, "wrong fields", "the fields of its kind")) from None
    except BadInput as error:
        raise IntegrityBroken(Fault(subject, f"a value without sense ({error})", "an entry")) from None
    if not faithful:
        raise IntegrityBroken(Fault(subject, "fields that contradict each other", "an entry"))
    return found, envelope


def _statement(recorded: Recorded) -> Statement:
    entry = recorded.entry
    predicate: Mapping[str, Any] = {
        "body": entry.body.model_dump(),
        "recorded_at": instant(recorded.recorded_at, "recorded_at"),
        "after": recorded.after,
    }
    return Statement(_TYPE.format(entry.kind), in_order((entry.document, *entry.files)), predicate)
