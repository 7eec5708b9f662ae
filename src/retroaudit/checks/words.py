"""Names from data in the reasons of metrics: short, and never too many."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST = 60


def quoted(value: str | None) -> str:
    """A value in quotes, shortened to 60 characters; the null category without quotes."""
    if value is None:
        return "null"
    return f'"{value}"' if len(value) <= _LONGEST else f'"{value[: _LONGEST - 1]}…"'


def listing(items: Sequence[str], most: int) -> str:
    """The first `most` items, and how many more there are.

    >>> listing(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    shown = ", ".join(items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"


def too_few(found: int, needed: int) -> str:
    """The reason of an insufficient metric: what there is, and the number that it would take."""
    return f"{found} rows are too few: {needed} are needed"
