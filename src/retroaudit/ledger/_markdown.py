"""Hostile text in Markdown: what comes from data never becomes markup, a link or a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ACTIVE = re.compile(r"[\\`*_\[\]|~$@]|(?<=[a-z]):|(?<=www)\.", re.IGNORECASE)  # the last three make links
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_NOTHING = "-"


def escaped(value: object) -> str:
    """Text from data for the middle of a line or a table's cell: CommonMark and GitHub's dialect show this text.

    Line ends become spaces; other characters that cannot be seen are shown as escapes; nothing at all as "-".
    """
    if value is None or value == "":
        return _NOTHING
    line = " ".join(str(value).splitlines())
    shown = "".join(each if each.isprintable() else repr(each)[1:-1] for each in line)
    return "".join(_HTML.get(each, each) for each in _ACTIVE.sub(r"\\\g<0>", shown))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
