"""Bodies of entries from what somebody said, and their way into the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
_EXPECTED = {  # in our words, by pydantic's name of what is wrong; `{}` is what it says of the field
    "string_pattern_mismatch": "64 hex digits, lower case: the sha256 of the file",  # a body's only pattern
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "greater_than_equal": "{ge} or more",
    "literal_error": "{expected}",
    "value_error": "a time: ISO 8601 in UTC",  # a body's only validator
}


def said(kind: type[B], **fields: Any) -> B:
    """The body of an entry. Raises `BadInput`, all fields at once, where one is empty, too long or of another form."""
    empty = [name for name in _BY_PEOPLE if name in fields and not str(fields[name]).strip()]
    faults = [Fault(f"--{name}", "nothing", "words") for name in empty]
    try:
        body = kind(**fields)
    except ValidationError as error:
        wrong = [(each, str(each["loc"][0]) if each["loc"] else "") for each in error.errors()]
        faults += [_fault(kind, each, fields.get(name)) for each, name in wrong if name not in empty]
        raise BadInput(faults) from None
    if faults:
        raise BadInput(faults)
    return body


def _fault(kind: type[Body], error: Mapping[str, Any], value: object) -> Fault:
    article = "an" if kind.kind[0] in "aeiou" else "a"
    name = ".".join(map(str, error["loc"]))
    form = _EXPECTED.get(error["type"])
    expected = form.format_map(error.get("ctx", {})) if form else error["msg"]
    return Fault(f"{name} of {article} {kind.kind} entry", repr(value)[:_SHOWN], expected)


def declare(storage: Storage, bodies: Sequence[Body], signer: Signer, at: datetime) -> tuple[Receipt, ...]:
    """Put entries without files into the log, in one commit; locked for the longest of the store's retentions."""
    return record(
        storage, [Entry(body) for body in bodies], {}, signer, at, retain_until=retain_until(storage, None, at)
    )
