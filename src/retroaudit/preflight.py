"""What `retroaudit check` tells: whether a spec fits its archive, and what an audit by it would say nothing about."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from retroaudit import audit
from retroaudit.archive.inputs import Accounting
from retroaudit.archive.partitions import days_present
from retroaudit.artefacts import Pinned, Places, Request
from retroaudit.checks.quality.suite import forecast, remarks
from retroaudit.faults import BadInput, Fault
from retroaudit.intake import as_of_default, resolve_window
from retroaudit.measuring import ROWS, measure
from retroaudit.spec.load import load
from retroaudit.spec.model import Spec
from retroaudit.spec.window import within
from retroaudit.storage.open import open_storage
from retroaudit.storage.protocol import Storage

_NEWEST = 3


def preflight(spec_path: Path, archive: str, window: str | None) -> dict[str, Any]:
    """Pin the window (by default the newest day), and read the rows of its last partition without measuring them.

    Raises `BadInput` for every fault of spec and archive, and for a window of which nothing is there. What an audit
    would do and its author may not expect is in `warnings`.
    """
    spec = load(spec_path)
    storage = open_storage(archive)
    dated = "{date}" in spec.logs.path
    days = days_present(storage, spec.logs.path) if dated else ()
    asked = resolve_window(spec, window or (max(days, default="1970-01-01") if dated else None))
    with _scratch(storage) as places:
        pinned = audit.pin(Request(spec, asked, as_of_default(spec, asked)), places)  # first: is there anything at all?
        within(spec, asked)
        if not pinned.inputs.partitions:
            newest = ", ".join(days[-_NEWEST:])
            raise BadInput(
                Fault(f"window {asked.key}", "no object in the archive", f"a day that is there, such as {newest}")
            )
        account = _read(pinned, places)
    return {**_facts(pinned, account), "warnings": list(_warnings(pinned, account))}


@contextmanager
def _scratch(archive: Storage) -> Iterator[Places]:
    """The archive beside a store and states that are thrown away."""
    with tempfile.TemporaryDirectory(prefix="retroaudit-") as folder:
        scratch = open_storage((Path(folder) / "scratch").as_uri(), create=True, durable=False)
        yield Places(archive, scratch, scratch, Path(folder))


def _read(pinned: Pinned, places: Places) -> Accounting:
    """The rows of the last partition of the window, counted by what becomes of them."""
    last = pinned.work()[len(pinned.inputs.partitions) - 1]
    return measure(pinned.spec, replace(last, needs=(ROWS,)), places).accounting


def _facts(pinned: Pinned, account: Accounting) -> dict[str, Any]:
    spec, inputs = pinned.spec, pinned.inputs
    return {
        "model": spec.model,
        "window": inputs.window.key,
        "missing_days": list(inputs.missing),
        "log_objects": sum(len(partition.logs) for partition in inputs.partitions),
        "label_objects": sum(len(partition.labels) for partition in inputs.partitions),
        "control_objects": sum(len(partition.control) for partition in inputs.partitions),
        "reference_objects": len(inputs.reference.logs) if inputs.reference else 0,
        "features": dict(spec.columns.features),
        "suite": forecast(spec, pinned.schema.columns),
        "groups": [list(group) for group in spec.groups],
        "schema_changes": [f"{c.partition}: {c.column} is {c.found} for {c.expected}" for c in pinned.schema.changes],
        "last_partition": account.partition,
        "rows": account.read,
        "rows_counted": account.counted,
        "rows_excluded": dict(account.excluded),
    }


def _warnings(pinned: Pinned, account: Accounting) -> Iterator[str]:
    spec, inputs = pinned.spec, pinned.inputs
    if account.unreadable:
        yield f"{account.partition} cannot be read, and would be excluded: {account.unreadable}"
    for reason, rows in account.excluded.items():
        yield f"{rows} of {account.read} rows would be excluded as {reason}{_REMEDIES.get(reason, '')}"
    if inputs.missing:
        yield f"{len(inputs.missing)} days of the window have no object"
    if not _asks_something(spec):
        yield "nothing about the model would be checked: name a reference, groups, versions or limits of quality"
    if spec.groups and not spec.fairness.reference_group:
        yield "fairness.reference_group is not set: groups are compared with one that the data choose"
    if not spec.logs.control:
        yield "logs.control is not set: whether these are all the rows will not be evidenced"
    if spec.labels and spec.labels.mature_after > spec.labels.delay:
        yield "labels.mature_after is longer than labels.delay: by default no decision of a day is mature yet"
    yield from remarks(spec, pinned.schema.columns)


_REMEDIES = {
    "prediction_invalid": ": values other than 0 and 1 (set columns.positive to what means 1)",
    "label_invalid": ": values other than 0 and 1 (set columns.positive to what means 1)",
    "outside_partition": ": their time is of another day (is it UTC? see time.zone and time.slack)",
    "time_missing": ": columns.time is null or cannot be read as a time",
    "score_invalid": ": columns.score is outside 0 to 1",
}


def _asks_something(spec: Spec) -> bool:
    limits, suite = spec.quality, spec.quality.suite
    quality = limits.null_rate is not None or limits.ranges or (suite and suite.expectations)
    drift = spec.reference is not None and spec.columns.features
    return bool(quality or drift or spec.groups or spec.versions)
