"""Many windows of one model, one after the other: each is sealed, or found sealed, or told with what was wrong."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from retroaudit import provenance
from retroaudit.artefacts import Places, Request, Run, Sealed, utc_now
from retroaudit.audit import audit
from retroaudit.faults import BadInput, Fault, IntegrityBroken, RetroauditError
from retroaudit.intake import ask, named_spec, resolve_window
from retroaudit.ledger.signing import Signer
from retroaudit.progress import Progress, Step
from retroaudit.spec.model import Spec
from retroaudit.spec.window import Window, parse_window, windows


class Every(StrEnum):
    """The kinds of window that a backfill runs."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"


@dataclass(frozen=True)
class Outcome:
    """One window: its sealed audit, or the faults for which there is none."""

    window: Window
    sealed: Sealed | None = None
    faults: tuple[Fault, ...] = ()

    def summary(self) -> dict[str, Any]:
        """The window with what `run --json` prints, or with its faults."""
        found = self.sealed.summary() if self.sealed else {"faults": [vars(fault) for fault in self.faults]}
        return {"window": self.window.key, "kind": self.window.kind, **found}


def requests(
    spec_path: Path,
    span: str,
    every: Collection[Every],
    now: datetime,
    *,
    as_of: str | None = None,
    reference: str | None = None,
    part: str = "main",
) -> tuple[Request, ...]:
    """One request for each whole window inside the span, in the order in which they should run.

    Without `every` the kinds are those that the spec's `schedule` names, else days. Raises `BadInput` where the span
    holds no whole window, and where one of them has not ended, is outside `valid`, or ends after `as_of`.
    """
    spec = named_spec(spec_path, reference)
    kinds = _kinds(spec, every)
    found = windows(resolve_window(spec, span), kinds)
    if not found:
        raise BadInput(Fault("--window", f"{span} without a whole {' or '.join(kinds)}", "a span that holds one"))
    _must_have_ended(span, found, now)
    ask_for = partial(ask, spec, now=now, as_of=as_of, part=part)
    ask_for(_from_first_to_last(found))  # a year outside `valid` is one fault, not 365
    return tuple(ask_for(window) for window in found)


def without_window(asked: Sequence[Request], every: Collection[Every]) -> tuple[Every, ...]:
    """The kinds that were asked for and have no whole window in the span, in the order of `Every`."""
    kinds, found = _kinds(asked[0].spec, every), {each.window.kind for each in asked}
    return tuple(kind for kind in Every if kind in kinds and kind not in found)


def _kinds(spec: Spec, every: Collection[Every]) -> Collection[Every]:
    return every or tuple(Every(kind) for kind, is_due in spec.schedule if is_due) or (Every.DAY,)


def _must_have_ended(span: str, found: Sequence[Window], now: datetime) -> None:
    """Refuse a span that is still going on, and name the part of it that is not."""
    ended = [window for window in found if window.end and window.end <= now]
    if len(ended) < len(found):
        days = sorted(day for window in ended for day in window.days)
        after = date.fromisoformat(days[-1]) + timedelta(days=1) if days else None
        remedy = f"Write --window {days[0]}/{after}." if after else "Come back when its first window has ended."
        open_ = f"{span}, of which {len(found) - len(ended)} of {len(found)} windows have not ended"
        raise BadInput(Fault("--window", open_, "a span that has ended", remedy))


def _from_first_to_last(found: Sequence[Window]) -> Window:
    end = date.fromisoformat(found[-1].days[-1]) + timedelta(days=1)
    return parse_window(f"{found[0].days[0]}/{end}", found[0].zone)


def backfill(
    asked: Sequence[Request], where: Places, signer: Signer, of_all: Progress, of_each: Progress
) -> tuple[Outcome, ...]:
    """Audit one window after the other; `of_all` is told the windows, `of_each` the steps of the one at work.

    A window with bad input does not stop the others. `IntegrityBroken` does. After an interruption, the same call goes
    on where it was: what was sealed is found again, what was measured comes from states.
    """
    facts = provenance.facts()
    done: list[Outcome] = []
    for each in asked:
        of_all(_step(done, len(asked)))
        done.append(_audit(each, where, signer, facts, of_each))
    of_all(_step(done, len(asked)))
    return tuple(done)


def _step(done: Sequence[Outcome], total: int) -> Step:
    sealed = [outcome.sealed for outcome in done if outcome.sealed]
    from_states = [each for each in sealed if each.reused and not each.rows_read]
    return Step("windows", len(done), total, sum(each.rows_read for each in sealed), len(from_states))


def _audit(asked: Request, where: Places, signer: Signer, facts: dict[str, Any], progress: Progress) -> Outcome:
    def named(step: Step) -> None:
        progress(replace(step, stage=f"{asked.window.key} {step.stage}"))

    try:
        return Outcome(asked.window, audit(asked, where, signer, Run(utc_now(), facts), named))
    except IntegrityBroken:
        raise
    except RetroauditError as error:
        return Outcome(asked.window, faults=error.faults)
