"""Lines, and lists that are cut short."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from retroaudit import console

_MOST_NAMED = 5


def say(text: str) -> None:
    """One line; control characters from data are shown, never obeyed."""
    console.out().print(Text(console.plain(text)))


def some(names: Sequence[str]) -> str:
    """The first few names, and how many more."""
    more = f" and {len(names) - _MOST_NAMED} more" if names[_MOST_NAMED:] else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def counted(count: int, what: str) -> str:
    """So many of them, in words: "1 row", "2,000 rows"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
