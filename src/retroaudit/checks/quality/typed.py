"""A column's values as its type has them, from what the states keep: float64s and texts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from retroaudit.measures.predicates.columns import Unanswerable

__all__ = ["KINDS", "NUMBERS", "Insufficient", "Unanswerable", "Unread", "from_number", "from_text", "kind", "readable"]

KINDS = {  # by how a type's name begins (as in Parquet's schema), the first that fits
    r"u?int\d": "integer",
    r"halffloat|float|double": "float",
    r"bool": "boolean",
    r"decimal128": "decimal",
    r"string|large_string|string_view|dictionary": "text",
    r"date": "date",
    r"timestamp": "time",
    r"binary|large_binary|binary_view": "bytes",
    r"null": "nothing",
}
NUMBERS = ("integer", "float", "boolean", "decimal")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Insufficient(Unanswerable):
    """The states keep too little to answer: no fault of the data, nor of the question."""


class Unread(Unanswerable):
    """A column is of a type that an audit never reads: what its states say of it is not so."""


def kind(name: str) -> str:
    """What values of this type are; "other" for what an audit never reads (`archive.footer.kind_of`)."""
    return next((found for start, found in KINDS.items() if re.match(start, name)), "other")


def readable(*names: str) -> None:
    """Raises `Unread` where one of these types is read by no audit: times of day, durations, lists, structs, …."""
    for name in names:
        if kind(name) == "other":
            raise Unread(f"columns of type {name} are not read")


def from_number(name: str) -> Callable[[float], Any]:
    """Turns the numbers of `measures.values.floats` into values of this type; infinities and NaN stay."""
    found = kind(name)
    return _FROM_NUMBER[found](name) if found in _FROM_NUMBER else float


def from_text(name: str) -> Callable[[str], Any]:
    """Turns the texts of `measures.values.text` into values of this type; raises `Unanswerable` for other types.

    What it gives raises ValueError, ArithmeticError or LookupError, naming the text, for a value of another type.
    """
    found = kind(name)
    if found not in _FROM_TEXT:
        raise Unanswerable(f"values of type {name} are not kept as such")
    return _FROM_TEXT[found]


def _decimal(name: str) -> Callable[[float], Any]:
    scale = int(name.rpartition(",")[2].strip(" )"))
    return lambda number: Decimal(f"{number:.{scale}f}")


def _time(name: str) -> Callable[[float], Any]:
    zone = re.search(r"tz=([^\]]+)", name)

    def converted(microseconds: float) -> Any:
        moment = _EPOCH + timedelta(microseconds=math.floor(microseconds))  # as pandas cuts a mean
        return moment.astimezone(ZoneInfo(zone[1])) if zone else moment.replace(tzinfo=None)

    return converted


_FROM_NUMBER: Mapping[str, Callable[[str], Callable[[float], Any]]] = {
    "integer": lambda _: int,
    "boolean": lambda _: bool,
    "decimal": _decimal,
    "date": lambda _: lambda days: (_EPOCH + timedelta(days=days)).date(),
    "time": _time,
}
_FROM_TEXT: Mapping[str, Callable[[str], Any]] = {
    "integer": int,
    "float": float,
    "boolean": {"true": True, "false": False}.__getitem__,
    "decimal": Decimal,
    "text": str,
    "date": date.fromisoformat,
    "time": datetime.fromisoformat,
    "bytes": bytes.fromhex,
    "nothing": str,
}
