"""Pinning: which objects an audit will read, each as it is now, and nothing else (law 9)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import rfc8785

from retroaudit.archive.hashing import Hashing, Memory
from retroaudit.archive.inputs import Inputs, Partition, Pinned
from retroaudit.archive.partitions import SNAPSHOT, Found, find
from retroaudit.faults import BadInput, Fault
from retroaudit.spec.model import Spec
from retroaudit.spec.references import reference_path, rolling_windows
from retroaudit.spec.window import Window, day_bounds
from retroaudit.storage.protocol import ObjectInfo, Storage

REFERENCE = "reference"


def pin(spec: Spec, window: Window, as_of: datetime | None, storage: Storage, memory: Memory) -> Inputs:
    """Every object of the window: logs, labels, control totals and references, with days that have none.

    Content is hashed where the store keeps no versions, and for tier high; all of it after the budget was checked.
    `memory` says which contents need not be hashed again. Labels of a rolling reference are taken as long after its
    end as those of the window: at the same age.
    Raises `BadInput`, all faults at once, where the archive is not there, where a pattern matches nothing at all
    (naming the nearest keys), and where `limits.bytes` would be passed. A window without any object, in an archive
    that has others, is all missing days and no error.
    """
    rolling = rolling_windows(spec, window)
    days = tuple(sorted({*window.days, *(day for each in rolling.values() for day in each.days)}))
    patterns = {"logs.path": spec.logs.path, "labels.path": spec.labels.path if spec.labels else None}
    patterns |= {"logs.control": spec.logs.control, "reference.path": reference_path(spec, window)}
    found = {
        name: find(storage, path, () if name == "reference.path" else days) for name, path in patterns.items() if path
    }
    _raise([*_nothing_faults(patterns, found, storage), *_budget_faults(spec, found)])
    whole = Hashing(storage, spec.tier == "high", memory)
    days_of = replace(_assemble(window, as_of, found), reference=_reference(found))
    moved = {name: _assemble(each, _at_same_age(as_of, window, each), found) for name, each in rolling.items()}
    return _hashed(replace(days_of, rolling=moved), whole)


def _at_same_age(as_of: datetime | None, window: Window, other: Window) -> datetime | None:
    return as_of - (window.end - other.end) if as_of and window.end and other.end else as_of


def _hashed(inputs: Inputs, hashing: Hashing) -> Inputs:
    partitions = tuple(hashing.partition(each) for each in inputs.partitions)
    reference = inputs.reference and hashing.partition(inputs.reference)
    rolling = {name: _hashed(each, hashing) for name, each in inputs.rolling.items()}
    return replace(inputs, partitions=partitions, reference=reference, rolling=rolling)


def content_digest(partition: Partition) -> str:
    """The identity of a partition's logs: sha256 over key, size and content or version of each object.

    Independent of where the archive is and of modification times.
    """
    return _digest(partition.logs)


def label_digest(partition: Partition) -> str:
    """The identity of a partition's label objects, as `content_digest` of its logs."""
    return _digest(partition.labels)


def control_digest(partition: Partition) -> str:
    """The identity of a partition's control totals, as `content_digest` of its logs."""
    return _digest(partition.control)


def _assemble(window: Window, as_of: datetime | None, found: Mapping[str, Found]) -> Inputs:
    logs, labels, control = found["logs.path"].by_day, _by_day(found, "labels.path"), _by_day(found, "logs.control")
    wanted = set(window.days) or {SNAPSHOT}
    partitions = []
    for key in sorted({*logs, *control} & wanted):  # a day that is only in somebody else's count is to be told of
        start, end = (None, None) if key == SNAPSHOT else day_bounds(key, window.zone)
        own = (_pinned(objects.get(key, ())) for objects in (logs, labels if key in logs else {}, control))
        partitions.append(Partition(key, start, end, *own))
    missing = tuple(day for day in window.days if day not in logs)
    return Inputs(window, as_of, tuple(partitions), missing)


def _reference(found: Mapping[str, Found]) -> Partition | None:
    snapshot = _by_day(found, "reference.path").get(SNAPSHOT)
    return Partition(REFERENCE, None, None, _pinned(snapshot)) if snapshot else None


def _by_day(found: Mapping[str, Found], name: str) -> Mapping[str, tuple[ObjectInfo, ...]]:
    return found[name].by_day if name in found else {}


def _pinned(objects: Iterable[ObjectInfo]) -> tuple[Pinned, ...]:
    return tuple(Pinned(info) for info in sorted(objects, key=lambda info: info.key))


def _nothing_faults(patterns: Mapping[str, str | None], found: Mapping[str, Found], storage: Storage) -> list[Fault]:
    """A pattern that matches nothing at all, for any day, is a wrong pattern. Control totals may be yet to come."""
    faults = []
    for name, pattern in patterns.items():
        if pattern is None or name == "logs.control" or found[name].by_day or found[name].others:
            continue
        near = ", ".join(repr(key[:200]) for key in found[name].nearest)
        remedy = f"The nearest keys are {near}." if near else f"Nothing at all is in {storage.url}."
        faults.append(Fault(name, f"no object that matches {pattern[:200]!r} in {storage.url}", "at least one", remedy))
    return faults


def _budget_faults(spec: Spec, found: Mapping[str, Found]) -> list[Fault]:
    total = sum(info.size for each in found.values() for objects in each.by_day.values() for info in objects)
    if total <= spec.limits.bytes:
        return []
    remedy = "Audit a shorter window, or raise the limit."
    return [Fault("archive", f"{total} bytes to read", f"at most {spec.limits.bytes} (limits.bytes)", remedy)]


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise BadInput(faults)


def _digest(objects: Sequence[Pinned]) -> str:
    identities = [_identity(pinned) for pinned in sorted(objects, key=lambda pinned: pinned.info.key)]
    return hashlib.sha256(rfc8785.dumps(identities)).hexdigest()


def _identity(pinned: Pinned) -> list[str | None]:
    info = pinned.info
    content = [None, None, pinned.sha256] if pinned.sha256 else [info.version, info.checksum, None]
    return [info.key, str(info.size), *content]
