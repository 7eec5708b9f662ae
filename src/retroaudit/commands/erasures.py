"""Erasures that the ledger declares: who erased, and why, beside what went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from retroaudit.commands.options import signer, writable
from retroaudit.declaring.writing import declare, said
from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.appending import read_head
from retroaudit.ledger.kinds import Erasure
from retroaudit.ledger.recording import Receipt
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import instant
from retroaudit.storage.protocol import Storage

Scope = Literal["states", "review"]
ErasedBy = Annotated[str, typer.Option("--by", help="Who erases: the ledger says so; needs --key.")]
ErasedFor = Annotated[str, typer.Option("--reason", help="Why, a ticket: the ledger says so; needs --key.")]


@dataclass(frozen=True)
class Declarer:
    """Who declares an erasure, and in which log; ready before anything goes."""

    store: Storage
    signer: Signer
    scope: Scope
    by: str
    reason: str
    at: datetime

    def body(self, model: str, partitions: Sequence[str], rows: int | None) -> Erasure:
        """What the log will say: whose, of which partitions, how many rows (None: not known)."""
        own = {"model": model, "scope": self.scope, "partitions": sorted(set(partitions)), "rows": rows}
        return said(Erasure, **own, by=self.by, reason=self.reason, at=instant(self.at, "at"))

    def declare(self, bodies: Sequence[Erasure]) -> tuple[Receipt, ...]:
        """Put it into the log; of nothing, nothing."""
        return declare(self.store, bodies, self.signer, self.at) if bodies else ()


def declarer(store: str | None, key: str | None, scope: Scope, by: str, reason: str) -> Declarer | None:
    """Who will declare it, or None where no key is named.

    Raises `BadInput`, before anything goes, where who or why is missing, or said without a key, or where this key
    cannot append to this log.
    """
    if key is None:
        if by or reason:
            none = "none, beside --by or --reason"
            remedy = "Name --key, or leave both out: what is gone can hardly be declared afterwards."
            raise BadInput(Fault("--key", none, "the signing key that declares the erasure", remedy))
        return None
    if store is None:
        raise BadInput(Fault("--store", "nothing", "the ledger that declares the erasure", "Or leave out --key."))
    found = Declarer(writable(store), signer(key), scope, by, reason, datetime.now(UTC))
    found.body("model", (), None)
    read_head(found.store, found.signer, found.at)
    return found
