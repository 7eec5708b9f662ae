"""Bodies of entries from what somebody said, and their way into the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.entries import Entry
from retroaudit.ledger.kinds import Body
from retroaudit.ledger.recording import Receipt, record
from retroaudit.ledger.settings import retain_until
from retroaudit.ledger.signing import Signer
from retroaudit.storage.protocol import Storage

B = TypeVar("B", bound=Body)
_SHOWN = 100
_BY_PEOPLE = ("by", "reason", "decision")


def said(kind: type[B], **fields: Any) -> B:
    """The body of an entry. Raises `BadInput`, all fields at once, where one is empty, too long or of another form."""
    empty = [name for name in _BY_PEOPLE if name in fields and not str(fields[name]).strip()]
    faults = [Fault(f"--{name}", "nothing", "words") for name in empty]
    try:
        body = kind(**fields)
    except ValidationError as error:
        for each in error.errors():
            name = ".".join(map(str, each["loc"]))
            shown = repr(fields.get(name.partition(".")[0]))[:_SHOWN]
            faults.append(Fault(f"{name} of a {kind.kind} entry", shown, each["msg"]))
        raise BadInput(faults) from None
    if faults:
        raise BadInput(faults)
    return body


def declare(storage: Storage, bodies: Sequence[Body], signer: Signer, at: datetime) -> tuple[Receipt, ...]:
    """Put entries without files into the log, in one commit; locked for the longest of the store's retentions."""
    return record(
        storage, [Entry(body) for body in bodies], {}, signer, at, retain_until=retain_until(storage, None, at)
    )
