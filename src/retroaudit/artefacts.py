"""The frozen values that pass from stage to stage of an audit, and their form as bytes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter

from retroaudit.archive.inputs import Accounting, Inputs, SchemaChange
from retroaudit.checks.metric import Metric, Verdict
from retroaudit.judgement.findings import Finding
from retroaudit.ledger.coordinates import ReportId
from retroaudit.measures.measure import Need
from retroaudit.measures.store import StateKey
from retroaudit.spec.model import Spec
from retroaudit.spec.window import Window
from retroaudit.storage.protocol import Storage

T = TypeVar("T")
FileBytes = Annotated[
    bytes,
    PlainSerializer(lambda data: base64.b64encode(data).decode(), when_used="json"),
    BeforeValidator(lambda data: base64.b64decode(data) if isinstance(data, str) else data),
]


@dataclass(frozen=True)
class Request:
    """Who asks for what: the model's spec, the window, the labels' cut-off, and the part's name.

    `labels_due` says that the cut-off is still to come. It is settled once, when somebody asks, and pinned with the
    inputs: labels that nobody could have yet are never counted as if they were all there.
    """

    spec: Spec
    window: Window
    as_of: datetime | None = None
    part: str = "main"
    labels_due: bool = False


@dataclass(frozen=True)
class Places:
    """Where things lie: the archive is read, the store is appended to, states may be erased, the spool is local."""

    archive: Storage
    store: Storage
    states: Storage
    spool: Path


@dataclass(frozen=True)
class Run:
    """The facts of this execution, for the manifest alone: they never reach `report.json`."""

    started: datetime
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Pinned:
    """What will be read and asked: fixed before the first row is seen. The spec's patterns are expanded."""

    spec: Spec
    part: str
    inputs: Inputs
    schema_changes: tuple[SchemaChange, ...]
    needs: tuple[Need, ...]
    reference_needs: tuple[Need, ...]
    plan: str  # the digest of the spec, the window, the needs and the versions of measures and checks


@dataclass(frozen=True)
class Kept:
    """One state in the state store, with the digest of what was put there."""

    need: Need
    key: StateKey
    digest: str


@dataclass(frozen=True)
class Measured:
    """What one partition yielded: its rows accounted for, and its states (none where it could not be read)."""

    accounting: Accounting
    states: tuple[Kept, ...] = ()


@dataclass(frozen=True)
class Merged:
    """The window's states, those of the reference, and the versions' states day by day."""

    window: tuple[Kept, ...]
    versions: Mapping[str, Kept]
    measured: tuple[Measured, ...]
    reference: Measured | None


@dataclass(frozen=True)
class Checked:
    """Metrics as the checks gave them (numbers, intervals, thresholds, no verdicts), and distributions to draw."""

    metrics: tuple[Metric, ...]
    histograms: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Judged:
    """Metrics with their verdicts, and what somebody must look at."""

    metrics: tuple[Metric, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict


@dataclass(frozen=True)
class Written:
    """The report's files, ready to be sealed under this id."""

    report: ReportId
    run_key: Mapping[str, str]
    files: Mapping[str, FileBytes]


@dataclass(frozen=True)
class Sealed:
    """An audit that is in the ledger. `created` is False where these very bytes had been sealed before."""

    report: ReportId
    verdict: Verdict
    findings: tuple[Finding, ...]
    manifest: str  # its key
    manifest_sha256: str
    report_json_sha256: str
    commit: int
    created: bool

    def summary(self) -> dict[str, Any]:
        """What `run --json` prints."""
        return {
            "report": str(self.report),
            "verdict": self.verdict.value,
            "findings": [
                {"fingerprint": f.fingerprint, "severity": f.severity, "owner": f.owner, "message": f.message}
                for f in self.findings
            ],
            "manifest": self.manifest,
            "manifest_sha256": self.manifest_sha256,
            "report_json_sha256": self.report_json_sha256,
            "commit": self.commit,
            "created": self.created,
        }


def save(storage: Storage, value: object) -> str:
    """Write an artefact under its own digest; the key is all that needs to travel."""
    kind = type(value)
    data = TypeAdapter(kind).dump_json(value, by_alias=True)
    key = f"artefacts/{kind.__name__.lower()}/{hashlib.sha256(data).hexdigest()}.json"
    storage.put_if_absent(key, data)
    return key


def load(storage: Storage, key: str, kind: type[T]) -> T:
    """Read an artefact back; equal to what was saved."""
    return TypeAdapter(kind).validate_json(storage.read(key))
