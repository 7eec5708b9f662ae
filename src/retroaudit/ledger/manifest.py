"""What a sealed report consists of and how it came about: the entry of the log that a report is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, ValidationError

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import statement
from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.envelope import Envelope, Exact
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import File, Statement, in_order, instant, moment

__all__ = ["PREDICATE_TYPE", "File", "Manifest", "parse", "sign"]

PREDICATE_TYPE = "https://retroaudit.dev/audit/v1"


@dataclass(frozen=True)
class Manifest:
    """A report's identity, its files by name, and its provenance.

    `run_key` are the digests that determine the report's bytes (inputs, versions, spec, policy, as_of): equal
    run keys mean equal bytes. `predicate` is the caller's, shaped like SLSA provenance; wall clock belongs there.
    `after` is the number of the log's last commit when it was sealed, 0 in an empty log: its own comes later.
    """

    report: ReportId
    files: tuple[File, ...]
    run_key: Mapping[str, str]
    sealed_at: datetime  # UTC
    predicate: Mapping[str, Any]
    after: int


class _Predicate(Exact):
    report: str
    supersedes: str | None
    run_key: dict[str, str]
    sealed_at: str
    after: Annotated[int, Field(ge=0)]
    audit: dict[str, Any]


def sign(manifest: Manifest, signer: Signer) -> bytes:
    """The manifest's bytes as they are stored; raises `BadInput` where the predicate is not JSON."""
    return statement.sign(_statement(manifest), signer, f"manifest of {manifest.report}")


def parse(data: bytes, subject: str) -> tuple[Manifest, Envelope]:
    """Read a stored manifest; raises `IntegrityBroken` on any bytes that `sign` would not give. No key is asked."""
    stated, envelope = statement.parse(data, subject)
    try:
        predicate = _Predicate.model_validate(dict(stated.predicate))
        report = ReportId.parse(predicate.report)
    except ValidationError:
        raise IntegrityBroken(Fault(subject, "wrong fields", "the fields of a manifest")) from None
    except BadInput as error:
        raise IntegrityBroken(Fault(subject, f"a value without sense ({error})", "a manifest")) from None
    sealed_at = moment(predicate.sealed_at, subject)
    found = Manifest(report, stated.files, predicate.run_key, sealed_at, predicate.audit, predicate.after)
    if _statement(found) != stated:
        raise IntegrityBroken(Fault(subject, "fields that contradict each other", "a manifest"))
    return found, envelope


def _statement(manifest: Manifest) -> Statement:
    supersedes = manifest.report.supersedes
    predicate = {
        "report": str(manifest.report),
        "supersedes": str(supersedes) if supersedes else None,
        "run_key": dict(manifest.run_key),
        "sealed_at": instant(manifest.sealed_at, "sealed_at"),
        "after": manifest.after,
        "audit": dict(manifest.predicate),
    }
    return Statement(PREDICATE_TYPE, in_order(manifest.files), predicate)
