"""YAML values that remember where they were written, and how one file's values lie over another's."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from retroaudit.faults import Fault

Path = tuple[str | int, ...]
"""Keys and list positions from the root: `("versions", 0, "from")`."""

_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Node:
    """A value with the file and line of its key (of itself, in a list or at the root)."""

    file: str
    line: int
    value: bool | int | float | str | Mapping[str, Node] | tuple[Node, ...] | None


@dataclass(frozen=True)
class Complaint:
    """A fault of a spec whose place is still a path."""

    path: Path
    found: str
    expected: str
    remedy: str = ""


def merge(below: Node, above: Node) -> Node:
    """Lay one tree over another: mappings key by key, everything else replaced. Places stay those of each value."""
    if not (isinstance(below.value, Mapping) and isinstance(above.value, Mapping)):
        return above
    both = {key: merge(below.value[key], above.value[key]) for key in below.value.keys() & above.value.keys()}
    return replace(above, value={**below.value, **above.value, **both})


def plain(node: Node, known: Callable[[Path], Collection[str]] = lambda _: (), path: Path = ()) -> Any:
    """The bare value. Keys whose value is null are left out: null takes back what a default gave.

    `known` names the keys that a mapping may have, or none for any: null does not hide a key that is not known.
    """
    if isinstance(node.value, Mapping):
        keys = known(path)
        return {
            key: plain(child, known, (*path, key))
            for key, child in node.value.items()
            if child.value is not None or (keys and key not in keys)
        }
    if isinstance(node.value, tuple):
        return [plain(child, known, (*path, at)) for at, child in enumerate(node.value)]
    return node.value


def child(node: Node, step: str | int) -> Node | None:
    """The value under one key or at one position."""
    if isinstance(node.value, Mapping) and isinstance(step, str):
        return node.value.get(step)
    if isinstance(node.value, tuple) and isinstance(step, int) and 0 <= step < len(node.value):
        return node.value[step]
    return None


def find(node: Node, path: Path) -> Node | None:
    """The value at a path."""
    found: Node | None = node
    for step in path:
        found = child(found, step) if found else None
    return found


def locate(root: Node, complaint: Complaint) -> Fault:
    """Give a complaint its place: file and line of the deepest part of its path that was written."""
    place = root
    for step in complaint.path:
        below = child(place, step)
        if below is None:
            break
        place = below
    return fault_at(place.file, place.line, complaint)


def fault_at(file: str, line: int, complaint: Complaint) -> Fault:
    """A fault whose subject is `file.yaml:LINE key.path`."""
    subject = f"{file}:{line} {path_text(complaint.path)}".rstrip()
    return Fault(subject, complaint.found, complaint.expected, complaint.remedy)


def path_text(path: Path) -> str:
    """`versions[0].from`; keys that are no plain words are quoted: `columns.features['a b']`."""
    text = ""
    for step in path:
        if isinstance(step, str) and re.fullmatch(r"[A-Za-z0-9_*-]{1,60}", step):
            text += f".{step}" if text else step
        else:
            text += f"[{show(step)}]"
    return text


def show(value: object) -> str:
    """A value as a message may print it: one short line, whatever it holds."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…")
    return str(value)
