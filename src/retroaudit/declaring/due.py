"""Which audits a spec owes for a span, and until when: without it, nobody could tell that one never ran."""

from __future__ import annotations

from datetime import datetime, timedelta

from retroaudit.declaring.writing import said
from retroaudit.faults import BadInput, Fault
from retroaudit.intake import as_of_default, resolve_window
from retroaudit.ledger.kinds import Due, DueList, Heartbeat
from retroaudit.ledger.statement import instant
from retroaudit.spec.model import Spec
from retroaudit.spec.window import Window, windows, within


def due_lists(spec: Spec, span: str, grace: timedelta, part: str = "main") -> tuple[DueList, ...]:
    """The windows of the span that the spec's `schedule` names, a list for each kind.

    A window's audit is due when its labels are, which is its end plus `labels.delay`, and after `grace`. Raises
    `BadInput` where nothing is scheduled, where the span holds no such window, and where it is outside `valid`.
    """
    kinds = [kind for kind, is_due in spec.schedule if is_due]
    if not kinds:
        remedy = "Name day, month or quarter in the spec: `schedule: {day: true}`."
        raise BadInput(Fault(f"schedule of {spec.model}", "nothing", "what is due", remedy))
    over = resolve_window(spec, span)
    within(spec, over)
    found = {kind: windows(over, [kind]) for kind in kinds}
    if not any(found.values()):
        raise BadInput(Fault("--window", f"{span} without a whole {' or '.join(kinds)}", "a span that holds one"))
    return tuple(
        said(DueList, model=spec.model, audit=kind, part=part, windows=[_due(spec, each, grace) for each in of_kind])
        for kind, of_kind in found.items()
        if of_kind
    )


def heartbeat(at: datetime, following: timedelta) -> Heartbeat:
    """The log's keeper was at work at this time, and will be again before so much more has passed."""
    return said(Heartbeat, at=instant(at, "at"), next=instant(at + following, "next"))


def _due(spec: Spec, window: Window, grace: timedelta) -> Due:
    complete = as_of_default(spec, window)
    if complete is None:
        raise BadInput(Fault("--window", window.key, "a window that ends"))
    return Due(window=window.key, due=instant(complete + grace, "due"))
