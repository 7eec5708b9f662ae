"""What a sealed report consists of and how it came about: an in-toto Statement in a signed envelope."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.envelope import Envelope, Exact, Sha256, canonical, read_exact, unwrap, wrap
from retroaudit.ledger.signing import Signer

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://retroaudit.dev/audit/v1"


@dataclass(frozen=True)
class File:
    """One file of a report: its name, and what its content must be."""

    name: str
    sha256: str
    size: int  # bytes

    @classmethod
    def of(cls, name: str, data: bytes) -> File:
        """Describe a file's content."""
        return cls(name, hashlib.sha256(data).hexdigest(), len(data))


@dataclass(frozen=True)
class Manifest:
    """A report's identity, its files by name, and its provenance.

    `run_key` are the digests that determine the report's bytes (inputs, versions, spec, policy, as_of): equal
    run keys mean equal bytes. `predicate` is the caller's (shaped like SLSA provenance); wall clock belongs here.
    `after` is the number of the log's last commit when it was sealed, 0 in an empty log: its own comes later.
    """

    report: ReportId
    files: tuple[File, ...]
    run_key: Mapping[str, str]
    sealed_at: datetime  # UTC
    predicate: Mapping[str, Any]
    after: int


class _Digest(Exact):
    sha256: Sha256


class _Annotations(Exact):
    size: Annotated[int, Field(ge=0)]


class _Subject(Exact):
    name: str
    digest: _Digest
    annotations: _Annotations


class _Predicate(Exact):
    report: str
    supersedes: str | None
    run_key: dict[str, str]
    sealed_at: str
    after: Annotated[int, Field(ge=0)]
    audit: dict[str, Any]


class _Statement(Exact):
    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")]
    subject: Annotated[list[_Subject], Field(min_length=1)]
    predicateType: Literal["https://retroaudit.dev/audit/v1"]  # noqa: N815  (in-toto's spelling)
    predicate: _Predicate


def sign(manifest: Manifest, signer: Signer) -> bytes:
    """The manifest's bytes as they are stored; raises `BadInput` where the predicate is not JSON."""
    return wrap(_payload(manifest), PAYLOAD_TYPE, signer)


def parse(data: bytes, subject: str) -> tuple[Manifest, Envelope]:
    """Read a stored manifest; raises `IntegrityBroken` on any bytes that `sign` would not give. No key is asked."""
    envelope = unwrap(data, PAYLOAD_TYPE, subject)
    statement = read_exact(envelope.payload, _Statement, subject)
    try:
        manifest = _manifest(statement)
        faithful = _payload(manifest) == envelope.payload
    except (BadInput, ValueError, OverflowError) as error:  # a date can be too early for UTC
        raise IntegrityBroken(Fault(subject, f"a value without sense ({error})", "a manifest")) from None
    if not faithful:
        raise IntegrityBroken(Fault(subject, "fields that contradict each other", "a manifest"))
    return manifest, envelope


def _payload(manifest: Manifest) -> bytes:
    if manifest.sealed_at.tzinfo is None:
        raise BadInput(Fault("sealed_at", "a time without zone", "UTC"))
    supersedes = manifest.report.supersedes
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [
                {"name": file.name, "digest": {"sha256": file.sha256}, "annotations": {"size": file.size}}
                for file in sorted(manifest.files, key=lambda file: file.name)
            ],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "report": str(manifest.report),
                "supersedes": str(supersedes) if supersedes else None,
                "run_key": dict(manifest.run_key),
                "sealed_at": manifest.sealed_at.astimezone(UTC).isoformat(),
                "after": manifest.after,
                "audit": dict(manifest.predicate),
            },
        },
        f"manifest of {manifest.report}",
    )


def _manifest(statement: _Statement) -> Manifest:
    predicate = statement.predicate
    return Manifest(
        ReportId.parse(predicate.report),
        tuple(File(each.name, each.digest.sha256, each.annotations.size) for each in statement.subject),
        predicate.run_key,
        datetime.fromisoformat(predicate.sealed_at),
        predicate.audit,
        predicate.after,
    )
