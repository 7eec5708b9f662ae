"""The whole way of an audit, on one page: pin -> measure -> merge -> check -> judge -> report -> seal.

Each stage takes and gives the frozen values of `artefacts`, so that the command line calls them in a row and
Airflow calls them as tasks, on any machine, with the same bytes of `report.json`. What identifies an audit
(plan, states' keys, run key) is in `identity`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from retroaudit import identity
from retroaudit.archive import pin as pinning
from retroaudit.archive.inputs import Partition
from retroaudit.archive.read import account, read_partition, unreadable
from retroaudit.archive.schema import survey
from retroaudit.artefacts import Checked, Judged, Kept, Measured, Merged, Pinned, Places, Request, Run, Sealed, Written
from retroaudit.checks.all import CHECKS
from retroaudit.faults import Fault, IntegrityBroken, Unreadable
from retroaudit.judgement.findings import findings
from retroaudit.judgement.suppression import withhold_small_cells
from retroaudit.judgement.verdicts import decide, with_nothing_checked_failed, worst
from retroaudit.ledger import seal as sealing
from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.signing import Signer
from retroaudit.measures import rows
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import VERSION, Need, State
from retroaudit.measures.profile import Profile
from retroaudit.measures.run import measure as measure_rows
from retroaudit.measures.store import StateStore
from retroaudit.report.document import Header, build
from retroaudit.report.histograms import histograms
from retroaudit.report.write import write
from retroaudit.spec.digest import spec_digest
from retroaudit.spec.features import expand, literal
from retroaudit.spec.model import Spec
from retroaudit.storage.protocol import Storage

Progress = Callable[[str], None]
ROWS = Need("rows")


def audit(request: Request, places: Places, signer: Signer, run: Run, progress: Progress) -> Sealed:
    """Run one audit from the archive to the ledger."""
    progress("pin")
    pinned = pin(request, places.archive)
    measured = []
    for number, partition in enumerate(pinned.inputs.partitions, 1):
        progress(f"measure {number} of {len(pinned.inputs.partitions)}")
        measured.append(measure(pinned, partition, places))
    reference = measure_reference(pinned, places) if pinned.inputs.reference else None
    progress("merge")
    merged = merge(pinned, measured, reference, places.states)
    progress("check")
    checked = check(pinned, merged, places.states)
    progress("judge")
    judged = judge(pinned.spec, checked)
    progress("report")
    written = report(pinned, merged, checked, judged, places.store)
    progress("seal")
    return seal(pinned, judged, written, places, signer, run)


def pin(request: Request, archive: Storage) -> Pinned:
    """Name every object of the window, settle what is asked of it, and refuse what cannot be asked."""
    inputs = pinning.pin(request.spec, request.window, request.as_of, archive)
    if request.labels_due:
        unlabelled = tuple(replace(partition, labels=()) for partition in inputs.partitions)
        inputs = replace(inputs, partitions=unlabelled, labels_due=True)
    surveyed = survey(request.spec, inputs, archive)
    spec = expand(request.spec, surveyed.columns) if surveyed.columns else literal(request.spec)
    needs = {need for each in CHECKS for need in each.needs(spec)} | {ROWS}
    of_features = {need for need in needs if len(need.columns) == 1 and need.columns[0] in spec.columns.features}
    return Pinned(
        spec=spec,
        part=request.part,
        inputs=inputs,
        schema_changes=surveyed.changes,
        needs=tuple(sorted(needs)),
        reference_needs=tuple(sorted(of_features | {ROWS})) if inputs.reference else (),
        plan=identity.plan_digest(spec, request, needs),
    )


def measure(pinned: Pinned, partition: Partition, places: Places) -> Measured:
    """Measure one partition and keep its states; one that cannot be read is accounted for with its reason."""
    return _measure(pinned, partition, pinned.needs, places)


def measure_reference(pinned: Pinned, places: Places) -> Measured:
    """Measure the reference, features only."""
    if pinned.inputs.reference is None:
        raise IntegrityBroken(Fault("the reference", "none", "a reference, as it was pinned"))
    return _measure(pinned, pinned.inputs.reference, pinned.reference_needs, places)


def _measure(pinned: Pinned, partition: Partition, needs: Sequence[Need], places: Places) -> Measured:
    columns = {column for need in needs for column in need.columns}
    try:
        reading = read_partition(pinned.spec, partition, pinned.inputs.as_of, columns, places.archive, places.spool)
        states = measure_rows(reading.slices, needs)
    except Unreadable as error:
        return Measured(unreadable(partition, error))
    accounting = account(reading, rows.finish(states[ROWS]))
    key, store = identity.state_keys(pinned, partition), StateStore(places.states)
    return Measured(accounting, tuple(Kept(need, key(need), store.put(key(need), states[need])) for need in needs))


def merge(pinned: Pinned, measured: Sequence[Measured], reference: Measured | None, states: Storage) -> Merged:
    """Merge the partitions' states into the window's, one need at a time."""
    store = StateStore(states)
    parts = {need: [kept for each in measured for kept in each.states if kept.need == need] for need in pinned.needs}
    nothing = measure_rows((), pinned.needs)  # the identity of each merge: a window may have no rows at all
    window = []
    for need, of_need in parts.items():
        if len(of_need) == 1:
            window += of_need
            continue
        state = MEASURES[need.measure].merge([nothing[need], *(_take(store, kept) for kept in of_need)])
        key = identity.merged_key(need, of_need)
        window.append(Kept(need, key, store.put(key, state)))
    by_version = Need("categories", (VERSION,))
    versions = {each.accounting.partition: kept for each in measured for kept in each.states if kept.need == by_version}
    return Merged(tuple(window), versions, tuple(measured), reference)


def _take(store: StateStore, kept: Kept) -> State:
    state = store.get(kept.key, kept.digest)
    if state is None:
        raise IntegrityBroken(
            Fault(f"state {kept.key.path}", "nothing, or a damaged object", "the state put there", "Run again.")
        )
    return state


def check(pinned: Pinned, merged: Merged, states: Storage) -> Checked:
    """Run every check over the window's profile and the reference's."""
    profile, reference = _profiles(pinned, merged, states)
    metrics = tuple(metric for each in CHECKS for metric in each.check(pinned.spec, profile, reference))
    return Checked(metrics, histograms(pinned.spec, profile, reference))


def _profiles(pinned: Pinned, merged: Merged, states: Storage) -> tuple[Profile, Profile | None]:
    """What is known of the window, and of the reference where there is one: nothing, if it could not be read."""
    store = StateStore(states)
    profile = Profile(
        states={kept.need: _take(store, kept) for kept in merged.window},
        versions={key: _take(store, kept) for key, kept in merged.versions.items()},
        accounting=tuple(each.accounting for each in merged.measured),
        missing=pinned.inputs.missing,
        schema_changes=pinned.schema_changes,
        labels_awaited=_labels_awaited(pinned, merged),
    )
    if merged.reference is None:
        return profile, None
    of_reference = {kept.need: _take(store, kept) for kept in merged.reference.states}
    return profile, Profile(of_reference, accounting=(merged.reference.accounting,))


def _labels_awaited(pinned: Pinned, merged: Merged) -> str:
    """Why labels are still to come: the cut-off is, or no decision of the window is mature by then."""
    if pinned.inputs.labels_due:
        return f"labels are due at {pinned.inputs.as_of}"
    labels = [each.accounting.labels for each in merged.measured if each.accounting.labels]
    if labels and all("immature" in tally for tally in labels):
        return f"no decision of this window is mature at {pinned.inputs.as_of}"
    return ""


def judge(spec: Spec, checked: Checked) -> Judged:
    """Decide each verdict, withhold small cells, and name what somebody must look at."""
    decided = with_nothing_checked_failed([decide(metric) for metric in checked.metrics])
    published = withhold_small_cells(decided, spec.privacy.min_cell)
    return Judged(published, findings(spec, published), worst(decided))


def report(pinned: Pinned, merged: Merged, checked: Checked, judged: Judged, store: Storage) -> Written:
    """Write the report's files under the revision that this run is."""
    run_key = identity.run_key(pinned)
    series = identity.series(pinned)
    revision = sealing.next_revision(store, *series, run_key)
    sealed_as = ReportId(*series, revision.rev)
    document = build(
        header=_header(pinned, judged, sealed_as, revision),
        inputs=pinned.inputs,
        accounting=[each.accounting for each in merged.measured],
        states=identity.states_digests(merged),
        metrics=judged.metrics,
        findings=judged.findings,
        histograms=checked.histograms,
        schema_changes=pinned.schema_changes,
        reference=merged.reference.accounting if merged.reference else None,
    )
    return Written(sealed_as, run_key, {**write(document), "spec.json": identity.spec_bytes(pinned.spec)})


def _header(pinned: Pinned, judged: Judged, sealed_as: ReportId, revision: sealing.Revision) -> Header:
    spec = pinned.spec
    return Header(
        report=str(sealed_as),
        model=spec.model,
        owner=spec.owner,
        tier=spec.tier,
        task=spec.task,
        kind=sealed_as.kind,
        part=pinned.part,
        rev=sealed_as.rev,
        supersedes=str(revision.supersedes) if revision.supersedes else None,
        cause=identity.cause(pinned, revision.previous_run),
        plan=pinned.plan,
        spec=spec_digest(spec),
        measures={name: measure.version for name, measure in MEASURES.items()},
        checks={each.name: each.version for each in CHECKS},
        confidence=spec.confidence,
        min_cell=spec.privacy.min_cell,
        verdict=judged.verdict.value,
    )


def seal(pinned: Pinned, judged: Judged, written: Written, places: Places, signer: Signer, run: Run) -> Sealed:
    """Sign and commit the report; the same bytes under the same id are found sealed."""
    receipt = sealing.seal(
        places.store,
        written.report,
        written.files,
        identity.predicate(pinned, judged, run, places),
        written.run_key,
        signer,
        sealed_at=run.started,
    )
    return Sealed(
        report=receipt.report,
        verdict=judged.verdict,
        findings=judged.findings,
        manifest=receipt.manifest_key,
        manifest_sha256=receipt.manifest_sha256,
        report_json_sha256=hashlib.sha256(written.files["report.json"]).hexdigest(),
        commit=receipt.commit,
        created=receipt.created,
    )
