"""The whole way of an audit, on one page: pin -> measure -> merge -> check -> judge -> report -> seal.

Each stage takes and gives frozen values that can be written down (`artefacts`), so that the command line
calls them in a row and Airflow calls them as tasks, on any machine, with the same bytes of `report.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from retroaudit import plan, provenance
from retroaudit.archive import read
from retroaudit.archive.inputs import Accounting, Inputs, Partition, SchemaChange
from retroaudit.archive.pin import pin as pin_inputs
from retroaudit.archive.schema import survey
from retroaudit.checks.all import CHECKS
from retroaudit.checks.metric import Metric, Verdict
from retroaudit.judgement.findings import Finding, findings
from retroaudit.judgement.suppression import withhold_small_cells
from retroaudit.judgement.verdicts import decide, with_nothing_checked_failed, worst
from retroaudit.ledger.seal import Receipt, ReportId, next_revision
from retroaudit.ledger.seal import seal as seal_files
from retroaudit.ledger.signing import Signer
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.measures.run import measure as measure_rows
from retroaudit.measures.store import StateKey, StateStore
from retroaudit.report.document import Header, build
from retroaudit.report.histograms import histograms
from retroaudit.report.write import write
from retroaudit.spec.features import expand
from retroaudit.spec.model import Spec
from retroaudit.spec.window import Window
from retroaudit.storage.protocol import Storage

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """Who asks for what: the model's spec, the window, the labels' cut-off, and the part's name."""

    spec: Spec
    window: Window
    as_of: datetime | None = None
    part: str = "main"


@dataclass(frozen=True)
class Places:
    """Where things lie: the archive is read, the store is appended to, states may be erased, the spool is local."""

    archive: Storage
    store: Storage
    states: StateStore
    spool: Path


@dataclass(frozen=True)
class Pinned:
    """What will be read and asked: fixed before the first row is seen. The spec's patterns are expanded."""

    spec: Spec
    part: str
    inputs: Inputs
    schema_changes: tuple[SchemaChange, ...]
    needs: tuple[Need, ...]
    reference_needs: tuple[Need, ...]
    plan: str  # digest


@dataclass(frozen=True)
class Kept:
    """One state in the state store, with the digest of what was put there."""

    need: Need
    key: StateKey
    digest: str


@dataclass(frozen=True)
class Measured:
    """What one partition yielded: its rows accounted for, and its states."""

    accounting: Accounting
    states: tuple[Kept, ...] = ()


@dataclass(frozen=True)
class Merged:
    """The window's states, and those of its parts that a check wants apart."""

    window: tuple[Kept, ...]
    versions: tuple[tuple[str, Kept], ...]
    measured: tuple[Measured, ...]
    reference: Measured | None


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
    files: Mapping[str, bytes]


def audit(request: Request, places: Places, signer: Signer, now: datetime, progress: Progress) -> Receipt:
    """Run one audit from the archive to the ledger."""
    progress("pin")
    pinned = pin(request, places)
    measured = []
    for number, partition in enumerate(pinned.inputs.partitions, 1):
        progress(f"measure {number}/{len(pinned.inputs.partitions)}")
        measured.append(measure(pinned, partition, places))
    reference = measure_reference(pinned, places)
    progress("merge")
    merged = merge(pinned, measured, reference, places.states)
    progress("check")
    metrics = check(pinned, merged, places.states)
    progress("judge")
    judged = judge(pinned.spec, metrics)
    progress("report")
    written = report(pinned, merged, judged, places)
    progress("seal")
    return seal(pinned, written, judged, places, signer, now)
