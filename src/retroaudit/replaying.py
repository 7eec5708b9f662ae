"""The same bytes again (law 3): a stored report made anew from what it says was read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from retroaudit import audit, identity
from retroaudit.archive.inputs import Inputs, Partition, Pinned, Schema, SchemaChange
from retroaudit.artefacts import REFERENCE, WINDOW, Measured, Places, Request, Work
from retroaudit.artefacts import Pinned as Plan
from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.read import Entry, read_file
from retroaudit.measuring import from_states
from retroaudit.progress import Progress, Step
from retroaudit.report.canonical import canonical, parse
from retroaudit.spec.digest import from_document
from retroaudit.spec.references import rolling_windows
from retroaudit.spec.window import Window, parse_window, snapshot
from retroaudit.storage.protocol import ObjectInfo, Storage

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_NAMED = 5
_CHANGED = (
    "The archive has changed since the report: replay from states (--states, without --archive) while they are kept, "
    "or replay the newest revision."
)


@dataclass(frozen=True)
class Replayed:
    """A report that was made anew: what was sealed, what came out, and from what."""

    report: ReportId
    sealed: str  # sha256 of the stored report.json
    found: str  # sha256 of the one made now
    rows_read: int
    reused: int  # partitions taken from states
    partitions: int
    differs: tuple[str, ...] = ()  # the sections of the document that are not the same

    @property
    def same(self) -> bool:
        """Whether the bytes are the same."""
        return self.sealed == self.found

    def summary(self) -> dict[str, Any]:
        """The replay as plain values, for JSON."""
        own = {name: value for name, value in vars(self).items() if name not in {"report", "differs"}}
        return {"report": str(self.report), "same": self.same, **own, "differs": list(self.differs)}


def replay(entry: Entry, places: Places, progress: Progress, *, archive: bool) -> Replayed:
    """Make the report of a ledger's entry again, and compare its bytes with those that were sealed.

    Without `archive` it is made from states alone, and `places.archive` is not touched. States that are there are
    taken, others are measured from the rows; give an empty state store to have all of it measured.
    Raises `BadInput` where it was made by other versions of measures or checks, or where states or objects are gone,
    and `IntegrityBroken` where an object is not what the report says.
    """
    data = read_file(places.store, entry, "report.json")
    document = parse(data)
    _must_be_ours(document)
    pinned = _pinned(document, read_file(places.store, entry, "spec.json"), places.archive if archive else None)
    measured = _measured(pinned, places, progress, archive=archive)
    progress(Step("report"))
    merged = audit.merge(pinned, measured, places)
    checked = audit.check(pinned, merged, places.states)
    judged = audit.judge(pinned.spec, checked)
    written = audit.write_as(pinned, merged, checked, judged, entry.report, tuple(document["audit"]["cause"]))
    again = written.files["report.json"]
    return Replayed(
        report=entry.report,
        sealed=hashlib.sha256(data).hexdigest(),
        found=hashlib.sha256(again).hexdigest(),
        rows_read=merged.rows_read,
        reused=merged.reused,
        partitions=len(measured),
        differs=_differs(document, parse(again)),
    )


def work_of(document: Mapping[str, Any]) -> tuple[Work, ...]:
    """Every partition that a stored report was made of, whichever versions made it: nothing is asked of them."""
    inputs = _all_inputs(document["inputs"], None)
    fixed = (inputs.reference,) if inputs.reference else ()
    rolling = {name: other.partitions for name, other in inputs.rolling.items()}
    roles = {WINDOW: inputs.partitions, REFERENCE: fixed, **rolling}
    return tuple(Work(role, each, inputs.as_of, ()) for role, own in roles.items() for each in own)


def _measured(pinned: Plan, places: Places, progress: Progress, *, archive: bool) -> tuple[Measured, ...]:
    work = pinned.work()
    if archive:
        try:
            return audit.measure(pinned, work, places, progress)
        except IntegrityBroken as error:
            raise IntegrityBroken(_in_replay(work, error.faults)) from error
    found = {each: from_states(pinned.spec, each, places.states) for each in work}
    lost = [each.name for each, measured in found.items() if measured is None]
    if lost:
        names = ", ".join(lost[:_MOST_NAMED]) + (f" and {len(lost) - _MOST_NAMED} more" if lost[_MOST_NAMED:] else "")
        remedy = "Replay from rows: name the --archive."
        raise BadInput(Fault(places.states.url, f"no states of {names}", "states of every partition", remedy))
    return tuple(measured for measured in found.values() if measured is not None)


def _in_replay(work: Sequence[Work], faults: Sequence[Fault]) -> list[Fault]:
    """Faults of objects in a replay's words: they are not rewritten now, they were since the report was sealed."""
    parts = [each.partition for each in work]
    keys = {each.info.key for part in parts for each in (*part.logs, *part.labels, *part.control)}
    return [replace(each, remedy=_CHANGED) if each.subject in keys else each for each in faults]


def _must_be_ours(document: Mapping[str, Any]) -> None:
    """Only the same versions of measures and checks can give the same bytes."""
    faults = []
    for kind, ours in identity.versions().items():
        theirs = document["audit"][kind]
        for name in sorted({*ours, *theirs}):
            if ours.get(name) != theirs.get(name):
                found, expected = (f"version {each.get(name, 'none')}" for each in (ours, theirs))
                remedy = "Install the retroaudit that its manifest names."
                faults.append(Fault(f"{kind} {name}", f"{found} here", f"{expected}, which made the report", remedy))
    if faults:
        raise BadInput(faults)


def _pinned(document: Mapping[str, Any], spec_json: bytes, archive: Storage | None) -> Plan:
    """What the report says was pinned; objects without a version are looked up for their times of change alone."""
    spec = from_document(json.loads(spec_json))
    stored = document["inputs"]
    inputs = _all_inputs(stored, archive)
    windows = rolling_windows(spec, inputs.window)  # without the days for which the spec is not valid
    rolling = {name: replace(each, window=windows[name]) for name, each in inputs.rolling.items()}
    inputs = replace(inputs, rolling=rolling)
    request = Request(spec, inputs.window, inputs.as_of, document["audit"]["part"], inputs.labels_due)
    schema = Schema(dict(stored["columns"]), tuple(SchemaChange(**change) for change in stored["schema_changes"]))
    pinned = audit.plan(request, inputs, schema)
    if pinned.plan != document["audit"]["plan"]:
        raise IntegrityBroken(Fault("plan", pinned.plan, document["audit"]["plan"], "Run verify."))
    return pinned


def _all_inputs(stored: Mapping[str, Any], archive: Storage | None) -> Inputs:
    due, fixed = stored["labels_due"], stored["reference"]
    return replace(
        _inputs(stored, archive, due=due),
        reference=_partition(fixed, archive) if fixed else None,
        rolling={name: _inputs(each, archive, due=due) for name, each in stored["rolling"].items()},
    )


def _inputs(stored: Mapping[str, Any], archive: Storage | None, *, due: bool) -> Inputs:
    partitions = tuple(_partition(each, archive) for each in stored["partitions"])
    return Inputs(
        _window(stored["window"]), _time(stored["as_of"]), partitions, tuple(stored["missing"]), labels_due=due
    )


def _window(stored: Mapping[str, Any]) -> Window:
    return snapshot(stored["zone"]) if stored["start"] is None else parse_window(stored["key"], stored["zone"])


def _partition(stored: Mapping[str, Any], archive: Storage | None) -> Partition:
    logs, labels, control = (
        tuple(_object(each, archive) for each in stored[kind]) for kind in ("logs", "labels", "control")
    )
    return Partition(stored["key"], _time(stored["start"]), _time(stored["end"]), logs, labels, control)


def _object(stored: Mapping[str, Any], archive: Storage | None) -> Pinned:
    key, size, version, checksum = (stored[name] for name in ("key", "size", "version", "checksum"))
    info = ObjectInfo(key, size, _NEVER, version, checksum)
    if archive is not None and version is None:
        there = archive.head(key)
        if there is None or there.size != size:
            found = "nothing" if there is None else f"{there.size} bytes"
            expected = f"the {size} bytes the report names"
            raise IntegrityBroken(Fault(f"{archive.url}: {key}", found, expected, _CHANGED))
        info = there
    return Pinned(info, stored["sha256"])


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _differs(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    sections = sorted({*before, *after})
    return tuple(name for name in sections if canonical({"": before.get(name)}) != canonical({"": after.get(name)}))
