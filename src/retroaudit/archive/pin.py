"""Pinning: which objects an audit will read, each as it is now, and nothing else (law 9)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import rfc8785

from retroaudit.archive.inputs import Inputs, Partition, Pinned
from retroaudit.archive.objects import sha256
from retroaudit.archive.partitions import SNAPSHOT, Found, find
from retroaudit.faults import BadInput, Fault
from retroaudit.spec.model import Spec
from retroaudit.spec.window import Window, day_bounds
from retroaudit.storage.protocol import ObjectInfo, Storage

REFERENCE = "reference"


def pin(spec: Spec, window: Window, as_of: datetime | None, storage: Storage) -> Inputs:
    """Every object of the window: logs, labels, control totals and the fixed reference, with days that have none.

    Content is hashed where the store keeps no versions, and for tier high; all of it after the budget was checked.
    Raises `BadInput`, all faults at once, where the archive is not there, where a pattern matches nothing at all
    (naming the nearest keys), and where `limits.bytes` would be passed. A window without any object, in an archive
    that has others, is all missing days and no error.
    """
    found = {"logs.path": find(storage, spec.logs.path, window.days)}
    if spec.labels:
        found["labels.path"] = find(storage, spec.labels.path, window.days)
    if spec.logs.control:
        found["logs.control"] = find(storage, spec.logs.control, window.days)
    if spec.reference and spec.reference.path:
        found["reference.path"] = find(storage, spec.reference.path, ())
    _raise([*_nothing_faults(spec, found, storage), *_budget_faults(spec, found)])
    inputs = _assemble(window, as_of, found)
    hashed = spec.tier == "high"
    reference = inputs.reference and _with_digests(inputs.reference, storage, everything=hashed)
    days = tuple(_with_digests(partition, storage, everything=hashed) for partition in inputs.partitions)
    return replace(inputs, partitions=days, reference=reference)


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
    logs, labels = found["logs.path"].by_day, _by_day(found, "labels.path")
    control, reference = _by_day(found, "logs.control"), _by_day(found, "reference.path")
    partitions = []
    for key in sorted({*logs, *control}):  # a day that is only in somebody else's count is the one to be told of
        start, end = (None, None) if key == SNAPSHOT else day_bounds(key, window.zone)
        own = (_pinned(objects.get(key, ())) for objects in (logs, labels if key in logs else {}, control))
        partitions.append(Partition(key, start, end, *own))
    missing = tuple(day for day in window.days if day not in logs)
    snapshot = reference.get(SNAPSHOT)
    kept = Partition(REFERENCE, None, None, _pinned(snapshot)) if snapshot else None
    return Inputs(window, as_of, tuple(partitions), missing, kept)


def _by_day(found: Mapping[str, Found], name: str) -> Mapping[str, tuple[ObjectInfo, ...]]:
    return found[name].by_day if name in found else {}


def _pinned(objects: Iterable[ObjectInfo]) -> tuple[Pinned, ...]:
    return tuple(Pinned(info) for info in sorted(objects, key=lambda info: info.key))


def _with_digests(partition: Partition, storage: Storage, *, everything: bool) -> Partition:
    def digested(objects: Sequence[Pinned]) -> tuple[Pinned, ...]:
        return tuple(
            replace(pinned, sha256=sha256(pinned, storage)) if everything or pinned.info.version is None else pinned
            for pinned in objects
        )

    logs, labels, control = (digested(each) for each in (partition.logs, partition.labels, partition.control))
    return replace(partition, logs=logs, labels=labels, control=control)


def _nothing_faults(spec: Spec, found: Mapping[str, Found], storage: Storage) -> list[Fault]:
    """A pattern that matches nothing at all, for any day, is a wrong pattern. Control totals may be yet to come."""
    patterns = {"logs.path": spec.logs.path, "labels.path": spec.labels.path if spec.labels else ""}
    patterns["reference.path"] = (spec.reference.path or "") if spec.reference else ""
    faults = []
    for name, pattern in patterns.items():
        if not pattern or found[name].by_day or found[name].others:
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
