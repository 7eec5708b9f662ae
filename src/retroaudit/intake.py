"""From what a person or a scheduler asks (paths, texts, addresses) to a request and its places."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

from retroaudit.artefacts import Places, Request
from retroaudit.faults import BadInput, Fault
from retroaudit.spec.load import load
from retroaudit.spec.model import Reference, Spec
from retroaudit.spec.paths import path_faults
from retroaudit.spec.window import Window, parse_window, snapshot, within
from retroaudit.storage.open import open_storage, open_store, settled


def request(
    spec_path: Path,
    window: str | None,
    now: datetime,
    *,
    as_of: str | None = None,
    reference: str | None = None,
    part: str = "main",
) -> Request:
    """A request with its spec loaded; all else as `ask`."""
    spec = named_spec(spec_path, reference)
    return ask(spec, resolve_window(spec, window), now, as_of=as_of, part=part)


def named_spec(spec_path: Path, reference: str | None = None) -> Spec:
    """The spec of a file, with another reference path where one is given."""
    spec = load(spec_path)
    if not reference:
        return spec
    _refuse_path("--reference", reference)
    own = spec.reference or Reference()
    return spec.model_copy(update={"reference": own.model_copy(update={"path": reference, "date": None})})


def ask(spec: Spec, window: Window, now: datetime, *, as_of: str | None = None, part: str = "main") -> Request:
    """A request for a window that is inside the spec's validity and has ended, with its cut-off fixed.

    `as_of` defaults to the window's end plus `labels.delay`, never to now (law 3). Where it is later than `now`, the
    labels are due: the audit goes on without them.
    """
    within(spec, window)
    if window.end and window.end > now:
        raise BadInput(
            Fault("--window", f"{window.key}, which ends at {window.end.isoformat()}", "a window that has ended")
        )
    cut_off = _as_of(spec, window, as_of)
    due = spec.labels is not None and cut_off is not None and cut_off > now
    return Request(spec, window, cut_off, part, due)


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
        allowed = "2026-07-01, 2026-07, 2026-Q3 or 2026-07-01/2026-08-15 (the last day excluded)"
        raise BadInput(Fault("--window", "nothing", allowed))
    return parse_window(text, spec.time.zone)


def as_of_default(spec: Spec, window: Window) -> datetime | None:
    """The cut-off that the spec says: the window's end plus `labels.delay`."""
    delay = spec.labels.delay if spec.labels else None
    return window.end + delay if window.end and delay is not None else window.end


def _as_of(spec: Spec, window: Window, text: str | None) -> datetime | None:
    if text is None:
        return as_of_default(spec, window)
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
    """The addresses, opened: the archive must exist, the store and the states are created where they are not.

    None may lie within another: what is sealed must not become input, nor be erased with the states.
    """
    states = states or (spool / "states").as_uri()
    refuse_nested({"--archive": archive, "--store": store, "--states": states})
    opened = open_storage(archive)
    kept = open_storage(states, create=True, durable=False)
    return Places(opened, open_store(store, create=True), kept, spool)


def refuse_nested(addresses: Mapping[str, str]) -> None:
    """Raise `BadInput` where one of the addresses (by option) lies within another."""
    named = {option: settled(address) for option, address in addresses.items()}
    for (inner, inside), (outer, outside) in permutations(named.items(), 2):
        if f"{inside.rstrip('/')}/".startswith(f"{outside.rstrip('/')}/"):
            raise BadInput(Fault(inner, f"{inside}, which lies within {outer}", "a place of its own"))
