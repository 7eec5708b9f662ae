"""What an entry by hand may be about: no entry can be taken back, so what it names must stand in the log as it says."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from datetime import date

from retroaudit.faults import BadInput, Fault
from retroaudit.ledger import kinds
from retroaudit.ledger.coordinates import REPORTS, ReportId, entry_kind
from retroaudit.ledger.genuine import of_the_log
from retroaudit.ledger.head import containing, head
from retroaudit.ledger.listing import listed, logged_at
from retroaudit.ledger.manifest import Manifest
from retroaudit.ledger.read import Logged
from retroaudit.storage.keys import encode
from retroaudit.storage.protocol import Storage

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_VOIDABLE = (kinds.Plan.kind, kinds.DueList.kind)
_NEAREST = 3
_SHOWN = 100


def refuse_unknown_model(storage: Storage, model: str) -> None:
    """Raises `BadInput`, naming the nearest, where no plan of this model stands in the log: each report has one."""
    if any(listed(storage, kinds.Plan.kind, model)):
        return
    known = sorted({str(each.recorded.entry.body.model_dump()["model"]) for each in listed(storage, kinds.Plan.kind)})
    near_by = ", ".join(difflib.get_close_matches(model, known, _NEAREST, 0))
    remedy = f"Nearest: {near_by}." if near_by else "Nothing was audited here yet: is this the store?"
    raise BadInput(Fault(f"model {model!r}", f"no plan or report of it in {storage.url}", "an audited model", remedy))


def refuse_unknown_partitions(storage: Storage, model: str, partitions: Sequence[str], *, by_spec: bool) -> None:
    """Raises `BadInput`, all at once, where a partition is none that a report of the model read.

    A day that no report has read will do where a spec is named (`by_spec`), and where no report has read anything.
    """
    read = {name for each in _reports(storage, f"{REPORTS}model={encode(model)}/") for name in _partitions(each)}
    any_day = by_spec or not read
    faults = []
    for name in partitions:
        if name not in read and not (any_day and _is_day(name)):
            near_by = ", ".join(difflib.get_close_matches(name, sorted(read), _NEAREST, 0))
            expected = f"a partition that a report of {model} read{', or a day such as 2026-07-01' if any_day else ''}"
            remedy = f"Nearest: {near_by}." if near_by else ""
            if not any_day and _is_day(name):
                remedy += " If no audit has read it yet, name the model's spec instead of the model."
            faults.append(Fault("--partition", repr(name[:_SHOWN]), expected, remedy))
    if faults:
        raise BadInput(faults)


def voidable(storage: Storage, entry: str) -> Logged:
    """The plan or due list at this key. Raises `BadInput` where it is none, has a report, or is voided already."""
    kind = entry_kind(entry)
    found = logged_at(storage, entry, head(storage)) if kind in _VOIDABLE else None
    if found is None:
        remedy = f"List them: retroaudit ledger log --kind plan --kind due --store {storage.url}"
        raise BadInput(Fault("entry", repr(entry[:200]), "a plan or a due list of this log", remedy))
    for each in listed(storage, kinds.Void.kind):
        if each.recorded.entry.body.model_dump()["entry"] == entry:
            voided = f"one that commit {each.commit} voided"
            raise BadInput(Fault(f"entry {entry}", voided, f"a {kind} that still counts", "Nothing is left to do."))
    if report := _report_of(storage, found):
        remedy = f"Say what was decided about it: retroaudit ledger decide {report} --store {storage.url}"
        raise BadInput(Fault(f"entry {entry}", f"a plan whose report is {report}", "a plan without a report", remedy))
    return found


def _report_of(storage: Storage, entry: Logged) -> ReportId | None:
    """The first report that the plan has, or None; of a due list None too."""
    plan = entry.recorded.entry.body
    if not isinstance(plan, kinds.Plan):
        return None
    series = ReportId(plan.model, plan.window, plan.audit, plan.part, 1).series_folder
    return next((each.report for each in _reports(storage, series) if each.predicate.get("plan") == plan.plan), None)


def _reports(storage: Storage, prefix: str) -> Iterator[Manifest]:
    """The log's own manifests below a folder."""
    infos = [info for info in storage.list(prefix) if entry_kind(info.key) == "report"]
    log = of_the_log(storage) if infos else None
    for info in infos:
        found = log.report(info) if log else None
        if log and found and containing(storage, found.leaf, found.said.after, log.last):
            yield found.said


def _partitions(report: Manifest) -> Iterator[str]:
    for each in report.predicate.get("buildDefinition", {}).get("resolvedDependencies", ()):
        if name := each.get("annotations", {}).get("partition"):
            yield str(name).rpartition("/")[2]  # a rolling reference's are named with their role


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False
