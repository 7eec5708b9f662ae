"""The whole way of an audit, on one page: pin -> measure -> merge -> check -> judge -> report -> seal.

Each stage takes and gives the frozen values of `artefacts`, so that the command line calls them in a row and
Airflow calls them as tasks, on any machine, with the same bytes of `report.json`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

import rfc8785

from retroaudit.archive import pin as pinning
from retroaudit.archive.inputs import Partition
from retroaudit.archive.read import read_partition
from retroaudit.archive.schema import survey
from retroaudit.artefacts import (
    Judged,
    Kept,
    Measured,
    Merged,
    Pinned,
    Places,
    Request,
    Run,
    Sealed,
    Written,
)
from retroaudit.checks.all import CHECKS
from retroaudit.checks.metric import Metric
from retroaudit.judgement.findings import POLICY_VERSION, findings
from retroaudit.judgement.suppression import withhold_small_cells
from retroaudit.judgement.verdicts import decide, with_nothing_checked_failed, worst
from retroaudit.ledger import seal as sealing
from retroaudit.ledger.signing import Signer
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import Need, State
from retroaudit.measures.profile import Profile
from retroaudit.measures.run import measure as measure_rows
from retroaudit.measures.store import StateKey, StateStore
from retroaudit.report.document import Header, build
from retroaudit.report.histograms import histograms
from retroaudit.report.write import write
from retroaudit.spec.digest import spec_digest, spec_document
from retroaudit.spec.features import expand
from retroaudit.spec.model import Spec
from retroaudit.storage.protocol import Storage

Progress = Callable[[str], None]


def audit(request: Request, places: Places, signer: Signer, run: Run, progress: Progress) -> Sealed:
    """Run one audit from the archive to the ledger."""
    progress("pin")
    pinned = pin(request, places.archive)
    measured = []
    for number, partition in enumerate(pinned.inputs.partitions, 1):
        progress(f"measure {number} of {len(pinned.inputs.partitions)}")
        measured.append(measure(pinned, partition, places))
    progress("merge")
    merged = merge(pinned, measured, measure_reference(pinned, places), places.states)
    progress("check")
    metrics = check(pinned, merged, places.states)
    progress("judge")
    judged = judge(pinned.spec, metrics)
    progress("report")
    written = report(pinned, merged, judged, places)
    progress("seal")
    return seal(pinned, judged, written, places, signer, run)
