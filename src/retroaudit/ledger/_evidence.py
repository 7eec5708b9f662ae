"""What a bundle is about: one report, all its revisions, the plans of its window, and what people recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.ledger import keyring
from retroaudit.ledger._standing import Log, Standing
from retroaudit.ledger.commits import Commit
from retroaudit.ledger.coordinates import ENTRIES, REPORTS, ReportId
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.kinds import Body, Decision, Hold, Plan, Void
from retroaudit.ledger.manifest import Manifest
from retroaudit.ledger.signing import PublicKey
from retroaudit.ledger.terms import terms
from retroaudit.storage.keys import encode

_OF_A_MODEL = ("change", "erasure")
_OF_A_SERIES = ("decision", "hold")


@dataclass(frozen=True)
class Sealed:
    """One revision, as its manifest stands in the log."""

    standing: Standing
    manifest: Manifest


@dataclass(frozen=True)
class Noted:
    """One other entry, as it stands in the log."""

    standing: Standing
    recorded: Recorded

    @property
    def entry(self) -> Entry:
        """The entry."""
        return self.recorded.entry

    @property
    def body(self) -> Body:
        """What it says."""
        return self.recorded.entry.body


_Found = TypeVar("_Found", Sealed, Noted)


@dataclass(frozen=True)
class Evidence:
    """What belongs to one report, each in the log's order. `closing` are reports by the plan that they name."""

    last: Commit
    handing: tuple[int, ...]  # commit 1, and those that handed the log over to another key
    report: Sealed
    revisions: tuple[Sealed, ...]
    keys: tuple[Noted, ...]
    plans: tuple[Noted, ...]
    notes: tuple[Noted, ...]  # changes and erasures of the model, decisions and holds of the series
    voids: tuple[Noted, ...]  # of plans
    closing: Mapping[str, tuple[str, ...]]

    @property
    def standing(self) -> tuple[Standing, ...]:
        """Everything whose place in the log is to be proven, in its order."""
        noted = (*self.keys, *self.plans, *self.notes, *self.voids)
        found = [*(each.standing for each in self.revisions), *(each.standing for each in noted)]
        return tuple(sorted(found, key=lambda each: each.index))

    @property
    def public(self) -> PublicKey:
        """The key that signed the last commit and its checkpoint: the last one of the log."""
        return keyring.read(self.keys[-1].entry).public

    def void_of(self, key: str) -> Void | None:
        """What took this entry back, if anything did."""
        bodies = (each.body for each in self.voids)
        return next((body for body in bodies if isinstance(body, Void) and body.entry == key), None)


def gather(log: Log, report: ReportId) -> Evidence:
    """Everything in the log that belongs to a report; raises `IntegrityBroken` where something is not what was sealed.

    Signatures are checked too, so that nothing is handed on that its receiver would refuse.
    """
    model, window = f"model={encode(report.model)}/", f"window={encode(report.window)}/"
    keys = _noted(log, keyring.FOLDER)
    plans = _noted(log, f"{ENTRIES}kind=plan/{model}{window}")
    notes = [each for kind in _OF_A_MODEL for each in _noted(log, f"{ENTRIES}kind={kind}/{model}")]
    people = (each for kind in _OF_A_SERIES for each in _noted(log, f"{ENTRIES}kind={kind}/{model}"))
    notes += [each for each in people if _series(each) == report.series]
    named = {each.standing.leaf.key for each in plans}
    voids = (each for each in _noted(log, f"{ENTRIES}kind=void/") if _voided(each) in named)
    audits = _sealed(log, f"{REPORTS}{model}{window}")
    revisions = _ordered(each for each in audits if each.manifest.report.series == report.series)
    found = Evidence(
        log.last,
        tuple(sorted({1, *(term.end for term in terms(log.storage) if term.end and term.end < log.last.body.number)})),
        next(each for each in revisions if each.manifest.report == report),
        revisions,
        _ordered(keys),
        _ordered(plans),
        _ordered(notes),
        _ordered(voids),
        _closing(audits, plans),
    )
    _refuse_unsigned(found)
    return found


def _noted(log: Log, prefix: str) -> list[Noted]:
    return [Noted(each, each.said) for each in log.below(prefix) if isinstance(each.said, Recorded)]


def _sealed(log: Log, prefix: str) -> list[Sealed]:
    return [Sealed(each, each.said) for each in log.below(prefix) if isinstance(each.said, Manifest)]


def _ordered(found: Iterable[_Found]) -> tuple[_Found, ...]:
    return tuple(sorted(found, key=lambda each: each.standing.index))


def _voided(noted: Noted) -> str | None:
    return noted.body.entry if isinstance(noted.body, Void) else None


def _series(noted: Noted) -> str | None:
    body = noted.body
    return body.report.rpartition("/")[0] if isinstance(body, Decision | Hold) else None


def _closing(audits: Iterable[Sealed], plans: Iterable[Noted]) -> Mapping[str, tuple[str, ...]]:
    """The reports that each plan entry became, by its key."""
    found: dict[str, tuple[str, ...]] = {}
    for noted in plans:
        if isinstance(plan := noted.body, Plan):
            found[noted.standing.leaf.key] = tuple(
                str(each.manifest.report)
                for each in _ordered(audits)
                if (each.manifest.report.kind, each.manifest.report.part) == (plan.audit, plan.part)
                and each.manifest.predicate.get("plan") == plan.plan
            )
    return found


def _refuse_unsigned(found: Evidence) -> None:
    if not found.keys or not found.last.note.signed_by(found.public):
        number = found.last.body.number
        raise IntegrityBroken(Fault(f"commit {number}", "a checkpoint of another key", "the log's last", "Run verify."))
