"""The proposed spec as YAML: what is sure as keys, what is not as comments that say what to do."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from retroaudit.proposing.evidence import Evidence
from retroaudit.proposing.roles import Roles
from retroaudit.proposing.sources import Source
from retroaudit.spec.tree import show

NO_OWNER = "nobody@example.com"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*([./@-][A-Za-z0-9_]+)*")
_WIDTH = 110
_WANTED = {
    "id": "no column is one; repeated rows are not seen, and labels kept apart cannot be joined",
    "prediction": "no column is one; name the model's decision, 0 or 1 (positive says what else means 1)",
}


@dataclass(frozen=True)
class Sources:
    """What the user named, and what was measured of it; of the reference only its columns are looked at."""

    logs: Evidence
    labels: Evidence | None = None
    reference: Source | None = None


class _Dumper(yaml.SafeDumper):
    """Quotes all text but plain words: YAML's versions differ in what else is text."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, None if _PLAIN.fullmatch(value) else '"')


_Dumper.add_representer(str, _text)


def document(model: str, owner: str | None, found: Sources, roles: Roles) -> str:
    """The spec's text, which `spec.load` accepts. Its suite is `<model>.json`."""
    logs = found.logs.source
    lines = [
        *_comment(
            f"Proposed by retroaudit init from {found.logs.total:,} rows of {logs.inputs.window.key}. It is a "
            "beginning: read it, mend it, and hold it against the archive with retroaudit check."
        ),
        *_entry("model", model),
        *(_comment("Who gets the findings: name them.") if owner is None else ()),
        *_entry("owner", owner or NO_OWNER),
        "",
        *_entry("logs", {"path": logs.pattern}),
        *_comment("Were these all the rows? Name a count that somebody else made: logs.control."),
        "",
        *_labels(found, roles),
        *_reference(found),
        "",
        *_columns(roles),
        "",
        *_versions(found.logs, roles),
        *_groups(roles),
        "",
        *_comment("Great Expectations' own JSON, beside this file or in a folder named expectations."),
        *_entry("quality", {"suite": f"{model}.json"}),
    ]
    return "\n".join([*lines, ""])


def _labels(found: Sources, roles: Roles) -> Iterator[str]:
    """Label files, where they can be joined."""
    if found.labels is None:
        if roles.of("label") is None:
            yield from _comment("Without labels no error rate is known: name their files in labels.path.")
        return
    arrived = roles.of("arrived")
    value = {"path": found.labels.source.pattern, **({"arrived": arrived} if arrived else {})}
    if roles.of("label") is None:
        yield from _comment("These labels cannot be used yet; see columns.label.")
        yield from _off(_entry("labels", value))
        return
    if arrived:
        yield from _comment(f"{show(arrived)}: {roles.guesses['arrived'].why}.")
    yield from _entry("labels", value)
    yield from _comment("How long is an audit to wait for labels? Data cannot say: set labels.delay, such as 30d.")


def _reference(found: Sources) -> Iterator[str]:
    if found.reference is None:
        yield from _comment("Drift needs a reference: the files of the training data, or windows before the audited.")
        yield from _off(_entry("reference", {"window": ["previous"]}))
        return
    yield from _entry("reference", {"path": found.reference.pattern})


def _columns(roles: Roles) -> Iterator[str]:
    yield "columns:"
    for role, guess in roles.guesses.items():
        if role != "arrived":
            yield from _comment(f"{role}: {guess.why}.", 1)
            entry = _entry(role, guess.column, 1)
            yield from entry if guess.sure else _off(entry)
    for role, what in _WANTED.items():
        if role not in roles.guesses:
            yield from _comment(f"{role}: {what}.", 1)
    if roles.positive not in {None, 1}:
        yield from _comment("positive: a guess by the word; all other values are negative.", 1)
        yield from _entry("positive", roles.positive, 1)
    for name, why in roles.left_out.items():
        yield from _comment(f"{show(name)} is no feature: {why}.", 1)
    yield from _entry("features", dict(roles.features), 1)


def _versions(found: Evidence, roles: Roles) -> Iterator[str]:
    """Which versions were seen from when: a declaration is the owner's."""
    column = roles.of("version")
    if column is None or not found.source.dated:
        return
    days = dict(zip(found.rows, found.columns[column].few, strict=True))
    first = {value: min(day for day in days if value in days[day]) for value in found.columns[column].values or ()}
    yield from _comment("Which version was meant to serve from when? These were seen:")
    yield from _off(_entry("versions", [{"name": name, "from": day} for name, day in sorted(first.items())]))


def _groups(roles: Roles) -> Iterator[str]:
    yield from _comment("Whose outcomes are compared is for people to say: name the columns of groups.")
    if roles.attributes:
        yield from _comment("These have the names of attributes that laws protect:")
        yield from _off(_entry("groups", list(roles.attributes)))


def _entry(key: str, value: Any, depth: int = 0) -> list[str]:
    """A key and its value, indented; text of several lines is escaped into one."""
    text = yaml.dump(
        {key: value}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6, default_flow_style=False
    )
    return [f"{'  ' * depth}{line}" for line in text.splitlines()]


def _off(entry: list[str]) -> Iterator[str]:
    """The same, commented out where it stands."""
    indent = len(entry[0]) - len(entry[0].lstrip())
    return (f"{line[:indent]}# {line[indent:]}" for line in entry)


def _comment(text: str, depth: int = 0) -> Iterator[str]:
    """Lines of a comment, which nothing in the text can end."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    for line in textwrap.wrap(shown, _WIDTH, break_long_words=False, break_on_hyphens=False):
        yield f"{'  ' * depth}# {line}"
