"""The plan in the log: sealed before a row is read, closed by the report or by a void."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from retroaudit import identity
from retroaudit.artefacts import Pinned, Run
from retroaudit.faults import BadInput, RetroauditError
from retroaudit.ledger import kinds
from retroaudit.ledger.blobs import by_digest
from retroaudit.ledger.entries import Entry
from retroaudit.ledger.read import find
from retroaudit.ledger.recording import Receipt, record
from retroaudit.ledger.settings import retain_until
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import File, instant
from retroaudit.storage.protocol import Storage

PLAN, SPEC = "plan.json", "spec.json"
_BY = "retroaudit"


@contextmanager
def planned(pinned: Pinned, store: Storage, signer: Signer, run: Run) -> Iterator[None]:
    """The plan stands in the log while this lasts; where it ends with an error of ours, the plan is voided.

    What is no error of ours (a signal, a crash) leaves it open: the audit may be run again, and `verify` tells of
    plans that stay open.
    """
    receipt = seal_plan(pinned, store, signer, run)
    try:
        yield
    except RetroauditError as error:
        with suppress(RetroauditError):  # the first error is told; the plan stays open
            _void(receipt.key, pinned, store, signer, run, error)
        raise


def seal_plan(pinned: Pinned, store: Storage, signer: Signer, run: Run) -> Receipt:
    """Put what will be tested into the log, with the spec; what stands there already is found, not put again."""
    at = run.clock()
    files = {PLAN: identity.plan_document(pinned.request, pinned.needs), SPEC: identity.spec_bytes(pinned.spec)}
    entry = Entry(_body(pinned), tuple(File.of(name, data) for name, data in files.items()))
    until = retain_until(store, pinned.spec.tier, at)
    (receipt,) = record(store, [entry], by_digest(files), signer, at, retain_until=until)
    return receipt


def _body(pinned: Pinned) -> kinds.Plan:
    model, window, kind, part = identity.series(pinned)
    as_of = pinned.inputs.as_of
    return kinds.Plan(
        model=model,
        window=window,
        audit=kind,
        part=part,
        plan=pinned.plan,
        as_of=instant(as_of, "as_of") if as_of else None,
    )


def _void(key: str, pinned: Pinned, store: Storage, signer: Signer, run: Run, error: RetroauditError) -> None:
    """Say that no report follows, unless one stands there from before. The error's words may hold values: not they."""
    if _closed(pinned, store):
        return
    at = run.clock()
    reason = f"the audit ended without a report: {type(error).__name__}"
    void = kinds.Void(entry=key, by=_BY, reason=reason, at=instant(at, "at"))
    record(store, [Entry(void)], {}, signer, at, retain_until=retain_until(store, pinned.spec.tier, at))


def _closed(pinned: Pinned, store: Storage) -> bool:
    """Whether the newest report of the series is of this plan: it was audited before, and now once more."""
    try:
        return find(store, "/".join(identity.series(pinned))).predicate.get("plan") == pinned.plan
    except BadInput:
        return False
