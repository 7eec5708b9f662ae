"""What identifies an audit: its plan, the keys of its states, its run key, and what its manifest says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import rfc8785

from retroaudit.archive.inputs import Partition
from retroaudit.archive.pin import content_digest, control_digest, label_digest
from retroaudit.artefacts import Judged, Kept, Merged, Pinned, Places, Request, Run
from retroaudit.checks.all import CHECKS
from retroaudit.judgement.findings import POLICY_VERSION
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import Need
from retroaudit.measures.store import StateKey
from retroaudit.spec.digest import spec_digest, spec_document
from retroaudit.spec.model import Spec

_BY_LABELS = "cells"  # the one measure that looks at labels
_DECIDING = (
    "time",
    "id",
    "version",
    "prediction",
    "score",
    "label",
    "positive",
)  # columns that decide which rows count


def digest(value: object) -> str:
    """Sha256 of a value's canonical JSON."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def plan_digest(spec: Spec, request: Request, needs: Iterable[Need]) -> str:
    """What will be tested, with which thresholds, over which window: fixed before the first row is read."""
    return digest(
        {
            "spec": spec_document(spec),
            "window": request.window.key,
            "as_of": _instant(request.as_of),
            "part": request.part,
            "needs": [[need.measure, *need.columns] for need in sorted(needs)],
            "versions": versions(),
        }
    )


def versions() -> dict[str, dict[str, int]]:
    """The versions of measures and checks: a number changes only with one of them."""
    return {
        "measures": {name: measure.version for name, measure in MEASURES.items()},
        "checks": {check.name: check.version for check in CHECKS},
    }


def series(pinned: Pinned) -> tuple[str, str, str, str]:
    """Model, window, kind and part: what the revisions of a report share."""
    window = pinned.inputs.window
    return pinned.spec.model, window.key, window.kind, pinned.part


def run_key(pinned: Pinned) -> dict[str, str]:
    """The digests that decide a report's bytes, by name; the commit of the code is not among them."""
    inputs = pinned.inputs
    partitions = [
        [partition.key, content_digest(partition), label_digest(partition), control_digest(partition)]
        for partition in inputs.partitions
    ]
    reference = content_digest(inputs.reference) if inputs.reference else None
    return {
        "inputs": digest({"partitions": partitions, "missing": list(inputs.missing), "reference": reference}),
        "versions": digest(versions()),
        "spec": spec_digest(pinned.spec),
        "policy": digest({"version": POLICY_VERSION}),
        "as_of": _instant(inputs.as_of) or "",
    }


def cause(pinned: Pinned, previous: Mapping[str, str] | None) -> tuple[str, ...]:
    """Why there is a new revision: the parts of the run key that differ from the revision before."""
    if previous is None:
        return ()
    return tuple(sorted(name for name, value in run_key(pinned).items() if previous.get(name) != value))


def state_keys(pinned: Pinned, partition: Partition) -> Callable[[Need], StateKey]:
    """What decides a partition's states: its content, the measure, and the rules of which rows count.

    The states of labels depend on the label objects and on `as_of` too; the others do not.
    """
    document = spec_document(pinned.spec)
    kinds = document["columns"]["features"]
    rules = {name: document["columns"][name] for name in _DECIDING} | {"time_rules": document["time"]}
    of_rows = {"rules": digest({"columns": rules, "start": _instant(partition.start)})}
    known = {"objects": label_digest(partition), "as_of": _instant(pinned.inputs.as_of), "spec": document["labels"]}
    of_labels = of_rows | {"labels": digest(known)}
    content = content_digest(partition)

    def key(need: Need) -> StateKey:
        types = {"types": ",".join(kinds.get(name, "text") for name in need.columns)}
        parameters = of_labels if need.measure == _BY_LABELS else of_rows
        return StateKey(content, need.measure, MEASURES[need.measure].version, need.columns, parameters | types)

    return key


def merged_key(need: Need, parts: Sequence[Kept]) -> StateKey:
    """The key of a merged state: the digests of what was merged, in any order."""
    content = digest(sorted(kept.digest for kept in parts))
    return StateKey(content, need.measure, MEASURES[need.measure].version, need.columns, {"merged": "1"})


def states_digests(merged: Merged) -> dict[str, str]:
    """One digest a partition over all its states, and one of the reference's."""
    found = {each.accounting.partition: each for each in merged.measured}
    if merged.reference:
        found["reference"] = merged.reference
    return {key: digest(sorted(kept.digest for kept in each.states)) for key, each in found.items()}


def spec_bytes(spec: Spec) -> bytes:
    """The resolved spec as canonical JSON: what was asked, for whoever reads the report later."""
    return bytes(rfc8785.dumps(spec_document(spec)))


def predicate(pinned: Pinned, judged: Judged, run: Run, places: Places) -> dict[str, Any]:
    """What the manifest says beside its files: inputs, rules, verdict, and the facts of this execution."""
    return {
        "verdict": judged.verdict.value,
        "findings": len(judged.findings),
        "plan": pinned.plan,
        "spec": spec_digest(pinned.spec),
        "versions": versions(),
        "archive": places.archive.url,
        "inputs": [_input(role, key, pinned_object) for role, key, pinned_object in _objects(pinned)],
        "run": {"started": _instant(run.started), **run.facts},
    }


def _objects(pinned: Pinned) -> Iterable[tuple[str, str, Any]]:
    partitions = [*pinned.inputs.partitions, *([pinned.inputs.reference] if pinned.inputs.reference else [])]
    for partition in partitions:
        for role in ("logs", "labels", "control"):
            yield from ((role, partition.key, each) for each in getattr(partition, role))


def _input(role: str, partition: str, pinned_object: Any) -> dict[str, Any]:
    info = pinned_object.info
    return {
        "role": role,
        "partition": partition,
        "key": info.key,
        "size": info.size,
        "version": info.version,
        "modified": _instant(info.modified),
        "checksum": info.checksum,
        "sha256": pinned_object.sha256,
    }


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
