"""What was read, as a section of the document: identities, rows and whether somebody else's count agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from retroaudit.archive.inputs import Accounting, Inputs, Partition, Pinned, Schema, SchemaChange
from retroaudit.checks.metric import Metric, Verdict
from retroaudit.report.plain import instant

_NAMED = 5  # days that a sentence names


def inputs_section(
    inputs: Inputs,
    accounting: Sequence[Accounting],
    states: Mapping[str, str],
    metrics: Iterable[Metric],
    *,
    schema: Schema,
    reference: Accounting | None,
    rolling: Mapping[str, Sequence[Accounting]],
) -> dict[str, Any]:
    """Objects are named by key, size, version, checksum and sha256: never by time of change, never by address."""
    return {
        "window": _window(inputs),
        "as_of": instant(inputs.as_of),
        "labels_due": inputs.labels_due,
        "population": _population(inputs, accounting, metrics),
        "totals": _totals(inputs, accounting),
        "missing": sorted(inputs.missing),
        "partitions": _partitions(inputs, accounting, states),
        "reference": inputs.reference and _partition(inputs.reference, reference, states.get("reference")),
        "rolling": {
            name: {
                "window": _window(each),
                "as_of": instant(each.as_of),
                "missing": sorted(each.missing),
                "partitions": _partitions(each, rolling.get(name, ()), states, f"{name}/"),
            }
            for name, each in inputs.rolling.items()
        },
        "columns": [[name, kind] for name, kind in schema.columns.items()],
        "schema_changes": [vars(change) for change in sorted(schema.changes, key=_change)],
    }


def _change(change: SchemaChange) -> tuple[str, str]:
    return change.column, change.partition


def _window(inputs: Inputs) -> dict[str, Any]:
    window = inputs.window
    return {
        "key": window.key,
        "kind": window.kind,
        "zone": window.zone,
        "start": instant(window.start),
        "end": instant(window.end),
        "days": len(window.days),
    }


def _partitions(
    inputs: Inputs, accounting: Iterable[Accounting], states: Mapping[str, str], prefix: str = ""
) -> list[dict[str, Any]]:
    rows = {each.partition: each for each in accounting}
    return [
        _partition(each, rows.get(each.key), states.get(f"{prefix}{each.key}"))
        for each in sorted(inputs.partitions, key=lambda partition: partition.key)
    ]


def _partition(partition: Partition, rows: Accounting | None, digest: str | None) -> dict[str, Any]:
    return {
        "key": partition.key,
        "start": instant(partition.start),
        "end": instant(partition.end),
        "logs": _objects(partition.logs),
        "labels": _objects(partition.labels),
        "control": _objects(partition.control),
        "rows": None if rows is None else _rows(rows),
        "states": digest,
    }


def _objects(pinned: Iterable[Pinned]) -> list[dict[str, Any]]:
    return [
        {
            "key": each.info.key,
            "size": each.info.size,
            "version": each.info.version,
            "checksum": each.info.checksum,
            "sha256": each.sha256,
        }
        for each in sorted(pinned, key=lambda each: each.info.key)
    ]


def _rows(accounting: Accounting) -> dict[str, Any]:
    return {
        "read": accounting.read,
        "counted": accounting.counted,
        "excluded": dict(accounting.excluded),
        "control": accounting.control,
        "control_fault": accounting.control_fault,
        "duplicate_ids": accounting.duplicate_ids,
        "null_ids": accounting.null_ids,
        "labels": dict(accounting.labels),
        "unreadable": accounting.unreadable,
    }


def _totals(inputs: Inputs, accounting: Iterable[Accounting]) -> dict[str, Any]:
    """Objects of logs: listed = read + excluded(reason); rows: read = counted + excluded(reason) (law 2)."""
    rows = {each.partition: each for each in accounting}
    objects: Counter[str] = Counter()
    for partition in inputs.partitions:
        objects[_fate(rows.get(partition.key))] += len(partition.logs)
    excluded: Counter[str] = Counter()
    for each in rows.values():
        excluded.update(each.excluded)
    return {
        "objects": {
            "listed": objects.total(),
            "read": objects.pop("read", 0),
            "excluded": dict(objects),
        },
        "rows": {
            "read": sum(each.read for each in rows.values()),
            "counted": sum(each.counted for each in rows.values()),
            "excluded": dict(excluded),
            "control": sum(each.control for each in rows.values() if each.control is not None)
            if any(each.control is not None for each in rows.values())
            else None,
        },
    }


def _fate(rows: Accounting | None) -> str:
    if rows is None:
        return "not measured"
    return "read" if rows.unreadable is None else "unreadable"


def _population(inputs: Inputs, accounting: Sequence[Accounting], metrics: Iterable[Metric]) -> dict[str, str]:
    """Whether the rows are known to be all the rows: only a count that we did not produce can say so."""
    differing = sorted({_day(metric) for metric in metrics if _contradicts(metric)})
    uncontrolled = sorted(each.partition for each in accounting if each.control is None)
    unseen = sorted({*inputs.missing, *(each.partition for each in accounting if each.unreadable is not None)})
    if differing:
        return _said("contradicted", f"Somebody else's count differs from the rows read: {_list(differing)}.")
    if not accounting or len(uncontrolled) == len(accounting):
        return _said("not evidenced", "Population completeness not evidenced: there are no control totals.")
    if uncontrolled:
        return _said(
            "not evidenced", f"Population completeness not evidenced: no control total for {_list(uncontrolled)}."
        )
    if unseen:
        return _said("not evidenced", f"The control totals agree, but nothing was read of {_list(unseen)}.")
    return _said("evidenced", f"Control totals agree with the rows read, in {_parts(len(accounting))}.")


def _contradicts(metric: Metric) -> bool:
    return metric.metric == "control_difference" and metric.verdict is Verdict.FAILED


def _day(metric: Metric) -> str:
    return next((value for name, value in metric.slice if name == "date" and value), "the window")


def _said(evidence: str, sentence: str) -> dict[str, str]:
    return {"evidence": evidence, "sentence": sentence}


def _list(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(keys[:_NAMED]) + more


def _parts(number: int) -> str:
    return "the one partition" if number == 1 else f"all {number} partitions"
