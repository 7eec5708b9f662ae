"""The whole way of an audit, on one page: pin -> seal the plan -> measure -> merge -> check -> judge -> report -> seal.

Each stage takes and gives the frozen values of `artefacts`, so that the command line calls them in a row and
Airflow calls them as tasks, on any machine, with the same bytes of `report.json`. What identifies an audit
(plan, states' keys, run key) is in `identity`, what of it goes into the log in `sealing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from retroaudit import identity
from retroaudit.archive import pin as pinning
from retroaudit.archive.hashing import Memory
from retroaudit.archive.inputs import Inputs, Schema
from retroaudit.archive.schema import survey
from retroaudit.artefacts import (
    REFERENCE,
    WINDOW,
    Checked,
    Judged,
    Measured,
    Merged,
    Pinned,
    Places,
    Request,
    Run,
    Sealed,
    Work,
    Written,
)
from retroaudit.checks.all import CHECKS
from retroaudit.judgement.findings import findings
from retroaudit.judgement.suppression import withhold_small_cells
from retroaudit.judgement.verdicts import decide, with_nothing_checked_failed, worst
from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.seal import next_revision
from retroaudit.ledger.signing import Signer
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import VERSION, Need
from retroaudit.measuring import ROWS, merge_states
from retroaudit.measuring import measure as measure_one
from retroaudit.profiling import accounting, profiles
from retroaudit.progress import Progress, Step
from retroaudit.report.canonical import parse
from retroaudit.report.document import Header, build
from retroaudit.report.evidently.beside import Child
from retroaudit.report.histograms import histograms
from retroaudit.report.write import evidently, write
from retroaudit.sealing.plan import planned
from retroaudit.sealing.report import seal
from retroaudit.spec.digest import spec_digest
from retroaudit.spec.features import expand, literal
from retroaudit.spec.model import Spec
from retroaudit.spec.paths import VERSION as VERSION_IN_PATH
from retroaudit.storage.protocol import Erasable, Storage


def audit(request: Request, places: Places, signer: Signer, run: Run, progress: Progress) -> Sealed:
    """Run one audit from the archive to the ledger: its plan is sealed first, and closed by its report or by a void."""
    with evidently(request.spec) as child:
        progress(Step("pin"))
        pinned = pin(request, places)
        progress(Step("plan"))
        with planned(pinned, places.store, signer, run):
            measured = measure(pinned, pinned.work(), places, progress)
            progress(Step("merge"))
            merged = merge(pinned, measured, places)
            progress(Step("check"))
            checked = check(pinned, merged, places.states)
            progress(Step("judge"))
            judged = judge(pinned.spec, checked)
            progress(Step("report"))
            written = report(pinned, merged, checked, judged, places.store, child)
            progress(Step("seal"))
            return seal(pinned, merged, judged, written, places, signer, run)


def pin(request: Request, places: Places) -> Pinned:
    """Name every object of the window, settle what is asked of it, and refuse what cannot be asked."""
    inputs = pinning.pin(request.spec, request.window, request.as_of, places.archive, Memory(places.states))
    if request.labels_due:
        inputs = inputs.unlabelled()
    schema = survey(request.spec, inputs, places.archive)
    spec = expand(request.spec, schema.columns) if schema.columns else literal(request.spec)
    return plan(replace(request, spec=spec), inputs, schema)


def plan(request: Request, inputs: Inputs, schema: Schema) -> Pinned:
    """What will be asked of these inputs: the spec's patterns are expanded by now."""
    spec = request.spec
    asked = {each: each.needs(spec, schema.columns) for each in CHECKS}
    needs = {need for own in asked.values() for need in own} | {ROWS}
    compared = {need for each, own in asked.items() for need in own if each.compares}
    return Pinned(
        spec=spec,
        part=request.part,
        inputs=inputs,
        schema=schema,
        needs=tuple(sorted(needs)),
        reference_needs=tuple(
            sorted({need for need in compared | {ROWS} if _of_reference(spec, need)} | _of_age(spec))
        ),
        plan=identity.plan_digest(request, needs),
    )


def _of_reference(spec: Spec, need: Need) -> bool:
    """Whether a reference answers it too: what is known of features, score, predictions and labels, not of groups."""
    known = {*spec.columns.features, spec.columns.score}
    return need == ROWS or need == Need("cells") or (len(need.columns) == 1 and need.columns[0] in known)


def _of_age(spec: Spec) -> set[Need]:
    """The event times of a reference whose age is limited and that the spec does not date."""
    own = spec.reference
    undated = (
        own is not None and own.max_age is not None and own.date is None and VERSION_IN_PATH not in (own.path or "")
    )
    return {Need("grid", (spec.columns.time,))} if undated and spec.columns.time else set()


def measure(pinned: Pinned, work: Sequence[Work], places: Places, progress: Progress) -> tuple[Measured, ...]:
    """Measure partitions one by one, from their states where they are there, and keep what is new."""
    measured: list[Measured] = []
    for each in work:
        progress(_step(measured, len(work)))
        measured.append(measure_one(pinned.spec, each, places))
    progress(_step(measured, len(work)))
    return tuple(measured)


def _step(measured: Sequence[Measured], total: int) -> Step:
    rows = sum(each.rows_read for each in measured)
    return Step("measure", len(measured), total, rows, reused=sum(each.reused for each in measured))


def merge(pinned: Pinned, measured: Sequence[Measured], places: Places) -> Merged:
    """Merge the partitions' states into the window's, and into those of each reference."""
    rolling = dict.fromkeys(pinned.inputs.rolling, pinned.rolling_needs)
    needs_of = {WINDOW: pinned.needs, REFERENCE: pinned.reference_needs, **rolling}
    roles = {WINDOW, *(each.role for each in measured)}
    merged = {
        role: merge_states([each for each in measured if each.role == role], needs, places)
        for role, needs in needs_of.items()
        if role in roles
    }
    by_version = Need("categories", (VERSION,))
    versions = {
        each.accounting.partition: kept
        for each in measured
        for kept in each.states
        if each.role == WINDOW and kept.need == by_version
    }
    return Merged(merged, versions, tuple(measured))


def check(pinned: Pinned, merged: Merged, states: Erasable) -> Checked:
    """Run every check over the window's profile and the reference's."""
    profile, reference = profiles(pinned, merged, states)
    metrics = tuple(metric for each in CHECKS for metric in each.check(pinned.spec, profile, reference))
    return Checked(metrics, histograms(pinned.spec, profile, reference))


def judge(spec: Spec, checked: Checked) -> Judged:
    """Decide each verdict, withhold small cells, and name what somebody must look at."""
    decided = with_nothing_checked_failed([decide(metric) for metric in checked.metrics])
    published = withhold_small_cells(decided, spec.privacy.min_cell)
    return Judged(published, findings(spec, published), worst(decided))


def report(
    pinned: Pinned, merged: Merged, checked: Checked, judged: Judged, store: Storage, child: Child | None
) -> Written:
    """Write the report's files under the revision that this run is; Evidently's snapshot is made by its `child`."""
    revision = next_revision(store, *identity.series(pinned), identity.run_key(pinned))
    cause = identity.cause(pinned, revision.previous_run)
    written = write_as(pinned, merged, checked, judged, ReportId(*identity.series(pinned), revision.rev), cause)
    if child is None:
        return written
    snapshot = child.snapshot(parse(written.files["report.json"]))
    return replace(written, files={**written.files, "evidently.json": snapshot})


def write_as(
    pinned: Pinned, merged: Merged, checked: Checked, judged: Judged, report: ReportId, cause: tuple[str, ...]
) -> Written:
    """Write the report's files under this id: a new one, or the id of a report that is replayed."""
    document = build(
        header=_header(pinned, judged, report, cause),
        inputs=pinned.inputs,
        accounting=accounting(merged, WINDOW),
        states=identity.states_digests(merged),
        metrics=judged.metrics,
        findings=judged.findings,
        histograms=checked.histograms,
        schema=pinned.schema,
        reference=next(iter(accounting(merged, REFERENCE)), None),
        rolling={name: accounting(merged, name) for name in pinned.inputs.rolling},
    )
    return Written(report, identity.run_key(pinned), {**write(document), "spec.json": identity.spec_bytes(pinned.spec)})


def _header(pinned: Pinned, judged: Judged, report: ReportId, cause: tuple[str, ...]) -> Header:
    spec = pinned.spec
    return Header(
        report=str(report),
        model=spec.model,
        owner=spec.owner,
        tier=spec.tier,
        task=spec.task,
        kind=report.kind,
        part=pinned.part,
        rev=report.rev,
        supersedes=str(report.supersedes) if report.supersedes else None,
        cause=cause,
        plan=pinned.plan,
        spec=spec_digest(spec),
        measures={name: measure.version for name, measure in MEASURES.items()},
        checks={each.name: each.version for each in CHECKS},
        confidence=spec.confidence,
        min_cell=spec.privacy.min_cell,
        verdict=judged.verdict.value,
    )
