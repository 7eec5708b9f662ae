"""From what a person or a scheduler asks (paths, texts, addresses) to a request and its places."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from retroaudit.archive.partitions import days_present
from retroaudit.artefacts import Places, Request
from retroaudit.audit import pin
from retroaudit.faults import BadInput, Fault
from retroaudit.spec.load import load
from retroaudit.spec.model import Reference, Spec
from retroaudit.spec.paths import path_faults
from retroaudit.spec.window import Window, parse_window, snapshot, within
from retroaudit.storage.open import open_storage
from retroaudit.storage.protocol import Storage


def request(
    spec_path: Path,
    window: str | None,
    now: datetime,
    *,
    as_of: str | None = None,
    reference: str | None = None,
    part: str = "main",
) -> Request:
    """A request with its spec loaded, its window inside the spec's validity, and its cut-off fixed.

    `as_of` defaults to the window's end plus `labels.delay`, never to now (law 3). Where it is later than `now`, the
    labels are due: the audit goes on without them.
    """
    spec = load(spec_path)
    if reference:
        _refuse_path("--reference", reference)
        spec = spec.model_copy(update={"reference": Reference(path=reference)})
    asked = resolve_window(spec, window)
    within(spec, asked)
    cut_off = _as_of(spec, asked, as_of)
    due = spec.labels is not None and cut_off is not None and cut_off > now
    return Request(spec, asked, cut_off, part, due)


def _refuse_path(option: str, path: str) -> None:
    faults = [Fault(option, repr(path), expected) for expected in path_faults(path, dates=False)]
    if faults:
        raise BadInput(faults)


def resolve_window(spec: Spec, text: str | None) -> Window:
    """The window that is meant: the whole snapshot where the logs have no dates, else what `text` says."""
    if "{date}" not in spec.logs.path:
        if text not in {None, "snapshot"}:
            raise BadInput(
                Fault("--window", repr(text), "no window", "The spec's logs.path has no {date}: it is one snapshot.")
            )
        return snapshot()
    if text is None:
        raise BadInput(Fault("--window", "nothing", "2026-07-01, 2026-07, 2026-Q3 or 2026-07-01/2026-08-15"))
    return parse_window(text, spec.time.zone)


def _as_of(spec: Spec, window: Window, text: str | None) -> datetime | None:
    if text is None:
        delay = spec.labels.delay if spec.labels else None
        return window.end + delay if window.end and delay is not None else window.end
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(Fault("--as-of", repr(text), "a date or an ISO time such as 2026-07-31T00:00:00Z")) from error
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if window.end and moment < window.end:
        raise BadInput(
            Fault("--as-of", moment.isoformat(), f"a time from the window's end, {window.end.isoformat()}, on")
        )
    return moment


def places(archive: str, store: str, states: str | None, spool: Path) -> Places:
    """The addresses, opened: the archive must exist, the store and the states are created where they are not."""
    kept = open_storage(states or (spool / "states").as_uri(), create=True, durable=False)
    return Places(open_storage(archive), open_storage(store, create=True), kept, spool)


def preflight(spec_path: Path, archive: str, window: str | None) -> dict[str, Any]:
    """What `retroaudit check` tells: the spec loads, its paths match, its columns are there."""
    spec = load(spec_path)
    storage = open_storage(archive)
    asked = resolve_window(spec, window or _newest_day(spec, storage))
    within(spec, asked)
    pinned = pin(Request(spec, asked, _as_of(spec, asked, None)), storage)
    inputs = pinned.inputs
    return {
        "model": spec.model,
        "window": asked.key,
        "objects": sum(len(p.logs) + len(p.labels) + len(p.control) for p in inputs.partitions),
        "missing days": ", ".join(inputs.missing) or "none",
        "reference": f"{len(inputs.reference.logs)} objects" if inputs.reference else "none",
        "features": ", ".join(pinned.spec.columns.features) or "none",
        "groups": ", ".join(" by ".join(group) for group in pinned.spec.groups) or "none",
        "schema changes": len(pinned.schema_changes),
        "control totals": "yes" if spec.logs.control else "no: population completeness will not be evidenced",
    }


def _newest_day(spec: Spec, storage: Storage) -> str | None:
    days = days_present(storage, spec.logs.path) if "{date}" in spec.logs.path else ()
    return max(days, default=None)
