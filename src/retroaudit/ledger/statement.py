"""In-toto Statements in signed envelopes: what every entry of the log is, a report's manifest included."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger.envelope import Envelope, Exact, Sha256, canonical, read_exact, unwrap, wrap
from retroaudit.ledger.signing import Signer

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"


@dataclass(frozen=True)
class File:
    """Something with a name, and what its content must be."""

    name: str
    sha256: str
    size: int  # bytes

    @classmethod
    def of(cls, name: str, data: bytes) -> File:
        """Describe a file's content."""
        return cls(name, hashlib.sha256(data).hexdigest(), len(data))


@dataclass(frozen=True)
class Statement:
    """What is stated about which files; the predicate is JSON and its form is the caller's."""

    predicate_type: str
    files: tuple[File, ...]
    predicate: Mapping[str, Any]


class _Digest(Exact):
    sha256: Sha256


class _Annotations(Exact):
    size: Annotated[int, Field(ge=0)]


class _Subject(Exact):
    name: str
    digest: _Digest
    annotations: _Annotations


class _Document(Exact):
    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")]
    subject: Annotated[list[_Subject], Field(min_length=1)]
    predicateType: str  # noqa: N815  (in-toto's spelling)
    predicate: dict[str, Any]


def sign(statement: Statement, signer: Signer, subject: str) -> bytes:
    """The statement's bytes as they are stored; raises `BadInput` where the predicate is not JSON."""
    return wrap(_payload(statement, subject), PAYLOAD_TYPE, signer)


def parse(data: bytes, subject: str) -> tuple[Statement, Envelope]:
    """Read a stored statement; raises `IntegrityBroken` on any bytes that `sign` would not give. No key is asked."""
    envelope = unwrap(data, PAYLOAD_TYPE, subject)
    document = read_exact(envelope.payload, _Document, subject)
    files = tuple(File(each.name, each.digest.sha256, each.annotations.size) for each in document.subject)
    statement = Statement(document.predicateType, files, document.predicate)
    if _payload(statement, subject) != envelope.payload:
        raise IntegrityBroken(Fault(subject, "fields that contradict each other", "a statement"))
    if any(one.name >= other.name for one, other in pairwise(files)):
        raise IntegrityBroken(Fault(subject, "files out of order, or two of one name", "files sorted by name"))
    return statement, envelope


def in_order(files: Iterable[File]) -> tuple[File, ...]:
    """Files as a statement names them: by name."""
    return tuple(sorted(files, key=lambda file: file.name))


def instant(moment: datetime, subject: str) -> str:
    """A time as the log writes it: ISO 8601 in UTC. Raises `BadInput` where it has no zone."""
    if moment.tzinfo is None:
        raise BadInput(Fault(subject, "a time without zone", "UTC"))
    return moment.astimezone(UTC).isoformat()


def moment(text: str, subject: str) -> datetime:
    """A time that the log wrote; raises `IntegrityBroken` on any other spelling."""
    try:
        found = datetime.fromisoformat(text)
        faithful = found.tzinfo is not None and instant(found, subject) == text
    except (ValueError, OverflowError):
        faithful = False
    if not faithful:
        raise IntegrityBroken(Fault(subject, f"the time {text[:50]!r}", "ISO 8601 in UTC, as the log writes it"))
    return found


def _payload(statement: Statement, subject: str) -> bytes:
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": _subjects(statement.files),
            "predicateType": statement.predicate_type,
            "predicate": dict(statement.predicate),
        },
        subject,
    )


def _subjects(files: Sequence[File]) -> list[dict[str, Any]]:
    return [
        {"name": file.name, "digest": {"sha256": file.sha256}, "annotations": {"size": file.size}} for file in files
    ]
