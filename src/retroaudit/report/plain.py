"""From domain values to what canonical JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

LARGEST_EXACT = 2**53 - 1  # RFC 8785 takes numbers as IEEE doubles; beyond this it asks for text (its appendix D)


def plain(value: object) -> Any:
    """The value as JSON's own types.

    Non-finite floats are null, whole numbers beyond ±(2^53 - 1) are text, times are UTC text, and lone
    surrogates (a file name that is no UTF-8) are written out as backslash escapes.
    """
    if isinstance(value, Mapping):
        return {text(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return _scalar(value)


def _scalar(value: object) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_EXACT else str(value)
    return instant(value) if isinstance(value, datetime) else text(str(value))


def text(value: str) -> str:
    r"""The same text where it is Unicode; lone surrogates become `\\udcXX`."""
    return value.encode("utf-8", "backslashreplace").decode()


def instant(value: datetime | None) -> str | None:
    """An instant as `2026-07-01T00:00:00Z`; a null stays null."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
