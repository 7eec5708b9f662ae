"""The frozen values that pass from stage to stage of an audit, and their form as bytes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter

from retroaudit.archive.inputs import Accounting, Inputs, Partition, Schema
from retroaudit.checks.metric import Metric, Verdict
from retroaudit.judgement.findings import Finding
from retroaudit.ledger.coordinates import ReportId
from retroaudit.measures.measure import Need
from retroaudit.measures.store import StateKey
from retroaudit.spec.model import Spec
from retroaudit.spec.window import Window
from retroaudit.storage.protocol import Erasable, Storage

WINDOW, REFERENCE = "window", "reference"  # roles of what is measured; a rolling reference's is its name
ARTEFACTS = "artefacts/"
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
    states: Erasable
    spool: Path


def utc_now() -> datetime:
    """The wall clock's time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Run:
    """The facts of this execution, for the log alone: they never reach `report.json`.

    `facts` are those of `provenance`; `clock` says when something is sealed.
    """

    started: datetime  # UTC
    facts: Mapping[str, Any]
    clock: Callable[[], datetime] = utc_now


@dataclass(frozen=True)
class Work:
    """One partition to be measured: what for (the window, or a reference's name), as of when, and what is needed."""

    role: str
    partition: Partition
    as_of: datetime | None
    needs: tuple[Need, ...]

    @property
    def name(self) -> str:
        """What it is called among the work of one audit."""
        return f"{self.role}/{self.partition.key}"


@dataclass(frozen=True)
class Pinned:
    """What will be read and asked: fixed before the first row is seen. The spec's patterns are expanded."""

    spec: Spec
    part: str
    inputs: Inputs
    schema: Schema
    needs: tuple[Need, ...]
    reference_needs: tuple[Need, ...]
    plan: str  # the digest of the plan's document: spec, window, needs, versions of measures and checks

    @property
    def request(self) -> Request:
        """Who asked for what, with the spec's patterns expanded."""
        inputs = self.inputs
        return Request(self.spec, inputs.window, inputs.as_of, self.part, inputs.labels_due)

    @property
    def rolling_needs(self) -> tuple[Need, ...]:
        """What is asked of a rolling reference: of what is asked of the fixed one, what the window has too."""
        return tuple(need for need in self.reference_needs if need in self.needs)

    def work(self) -> tuple[Work, ...]:
        """Every partition that has to be measured, the window's first."""
        inputs, needs = self.inputs, self.reference_needs
        window = [Work(WINDOW, each, inputs.as_of, self.needs) for each in inputs.partitions]
        fixed = [Work(REFERENCE, inputs.reference, inputs.as_of, needs)] if inputs.reference else []
        rolling = [
            Work(name, each, inputs.rolling_as_of(name, each), self.rolling_needs)
            for name, other in inputs.rolling.items()
            for each in other.partitions
        ]
        return (*window, *fixed, *rolling)


@dataclass(frozen=True)
class Kept:
    """One state in the state store, with the digest of what was put there.

    `cutoff` is the place of the cut-off at which it is used, where it has the labels of several.
    """

    need: Need
    key: StateKey
    digest: str
    cutoff: int | None = None


@dataclass(frozen=True)
class Measured:
    """What one partition yielded: its rows accounted for, and its states (none where it could not be read)."""

    role: str
    accounting: Accounting
    states: tuple[Kept, ...] = ()
    rows_read: int = 0
    reused: bool = False  # all its states were there: no row was read


@dataclass(frozen=True)
class Merged:
    """The states of the window and of each reference, by role, and the versions' states day by day."""

    states: Mapping[str, tuple[Kept, ...]]
    versions: Mapping[str, Kept]
    measured: tuple[Measured, ...]

    def of(self, role: str) -> tuple[Measured, ...]:
        """What the partitions of one role yielded."""
        return tuple(each for each in self.measured if each.role == role)

    @property
    def rows_read(self) -> int:
        """Rows read from the archive by this run."""
        return sum(each.rows_read for each in self.measured)

    @property
    def reused(self) -> int:
        """Partitions that were taken from states alone."""
        return sum(each.reused for each in self.measured)


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
    rows_read: int = 0  # by this run: 0 where every state was there already
    reused: int = 0  # partitions taken from states

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
            "rows_read": self.rows_read,
            "reused": self.reused,
        }


def save(storage: Storage, value: object) -> str:
    """Write an artefact under its own digest; the key is all that needs to travel."""
    kind = type(value)
    data = TypeAdapter(kind).dump_json(value, by_alias=True)
    key = f"{ARTEFACTS}{kind.__name__.lower()}/{hashlib.sha256(data).hexdigest()}.json"
    storage.put_if_absent(key, data)
    return key


def load(storage: Storage, key: str, kind: type[T]) -> T:
    """Read an artefact back; equal to what was saved."""
    return TypeAdapter(kind).validate_json(storage.read(key))
