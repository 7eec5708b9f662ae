"""YAML text to a tree of located values. Only plain values are read, and no small file can grow large.

Plain words mean what YAML 1.2's core schema says, so `no` and `on` are text, `1e9` is a number and `1:30` is text;
a number with a leading zero is text too. Tags and merge keys are not read. Dates stay text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from retroaudit.faults import BadInput
from retroaudit.spec.tree import Complaint, Node, Path, fault_at, show

LIMIT_BYTES = 1_000_000
LIMIT_VALUES = 50_000  # after aliases are followed
LIMIT_DEPTH = 20
_LARGEST_WHOLE = 2**53 - 1  # the largest integer that JSON carries exactly (RFC 8785, 3.2.2.3)
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

Report = Callable[[int, Complaint], None]


def read(text: str, name: str, report: Report) -> Node:
    """Read one YAML mapping.

    `report` is called with line and complaint for every fault that leaves the rest readable (duplicate keys, keys
    that are not text, numbers and characters that JSON cannot carry). What is no YAML, has tags, or is too large,
    too deep or endless raises BadInput.
    """
    _guard(text, name)
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise _no_yaml(error, text, name) from error
    if root is None:
        return Node(name, 1, {})
    tree = _build(root, name, report, (), iter(range(LIMIT_VALUES)))
    if not isinstance(tree.value, dict):
        raise _refused(name, 1, show(tree.value), "a mapping of keys such as model, owner, logs and columns")
    return tree


def _guard(text: str, name: str) -> None:
    """Go over the text event by event, so that nothing is built of a file that is too large, deep or tagged."""
    if len(text) > LIMIT_BYTES or len(text.encode("utf-8", "replace")) > LIMIT_BYTES:
        raise _refused(name, 1, "a larger file", f"at most {LIMIT_BYTES:,} bytes")
    depth = 0
    try:
        for count, event in enumerate(yaml.parse(text, Loader=yaml.BaseLoader)):
            line = _line(event)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > LIMIT_DEPTH:
                raise _refused(name, line, "deeper nesting", f"at most {LIMIT_DEPTH} levels")
            if count > LIMIT_VALUES:
                raise _refused(name, line, "more values", f"at most {LIMIT_VALUES:,} values")
            if (tag := getattr(event, "tag", None)) is not None:
                raise _refused(name, line, f"the tag {show(tag)}", "plain values without tags")
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # PyYAML lets int() and chr() fail on odd escapes
        raise _no_yaml(error, text, name) from error


def _build(node: yaml.Node, name: str, report: Report, path: Path, budget: Iterator[int]) -> Node:
    """Turn YAML's nodes into ours. Aliases are followed; depth and budget end those that are bombs or endless."""
    line = _line(node)
    if next(budget, None) is None:
        raise _refused(name, line, "more values once aliases are followed", f"at most {LIMIT_VALUES:,} values")
    if len(path) > LIMIT_DEPTH:
        raise _refused(name, line, "an alias that leads back to itself", f"at most {LIMIT_DEPTH} levels")
    if isinstance(node, yaml.MappingNode):
        return Node(name, line, _mapping(node, name, report, path, budget))
    if isinstance(node, yaml.SequenceNode):
        items = enumerate(node.value)
        return Node(name, line, tuple(_build(item, name, report, (*path, at), budget) for at, item in items))
    if not isinstance(node, yaml.ScalarNode):
        raise _refused(name, line, "another kind of value", "plain values")
    return Node(name, line, _scalar(node, lambda complaint: report(line, complaint), path))


def _mapping(node: yaml.MappingNode, name: str, report: Report, path: Path, budget: Iterator[int]) -> dict[str, Node]:
    built: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = _line(key_node)
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        if not isinstance(key, str) or not _is_text(key):
            report(line, Complaint(path, "a key that is not text", "keys of plain text"))
        elif key in built:
            first = f"line {lines[key]} has it already"
            report(line, Complaint((*path, key), f"the same key again ({first})", "each key once"))
        else:
            lines[key] = line
            value = _build(value_node, name, report, (*path, key), budget)
            built[key] = Node(name, line, value.value)
    return built


def _scalar(node: yaml.ScalarNode, report: Callable[[Complaint], None], path: Path) -> bool | float | str | None:
    text: str = node.value
    value = _resolve(text) if node.style is None else text
    if isinstance(value, str) and not _is_text(value):
        report(Complaint(path, "half of a surrogate pair", "text of whole characters"))
        return "?"
    if isinstance(value, float) and not math.isfinite(value):
        report(Complaint(path, show(text), "a number that a double can hold"))
        return 1.0
    if isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
        report(Complaint(path, show(text), f"a whole number up to {_LARGEST_WHOLE:,}", "Quote it if it is an id."))
        return 1
    return value


def _resolve(text: str) -> bool | float | str | None:
    """What an unquoted scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) < 20 else _LARGEST_WHOLE + 1  # noqa: PLR2004 - longer than any that is allowed
    return float(text) if _NUMBER.fullmatch(text) else text


def _line(part: yaml.Event | yaml.Node) -> int:
    return part.start_mark.line + 1 if part.start_mark else 1


def _is_text(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _no_yaml(error: Exception, text: str, name: str) -> BadInput:
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    position = getattr(error, "position", None)
    line = mark.line + 1 if mark else text.count("\n", 0, position) + 1 if position is not None else 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "an escape that names no character"
    remedy = "Mind indentation, quotes and colons around this line."
    return _refused(name, line, f"text that is no YAML ({problem})", "YAML", remedy)


def _refused(name: str, line: int, found: str, expected: str, remedy: str = "") -> BadInput:
    return BadInput(fault_at(name, line, Complaint((), found, expected, remedy)))
