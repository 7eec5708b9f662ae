"""From YAML to a Spec: every fault of a file, and of the defaults that it extends, in one report with line numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from retroaudit.faults import BadInput, Fault
from retroaudit.spec.model import Spec
from retroaudit.spec.rules import broken_rules
from retroaudit.spec.suite import SUITE_KEY, find_suite, read_suite
from retroaudit.spec.support import unsupported
from retroaudit.spec.text import LIMIT_BYTES, read
from retroaudit.spec.tree import Complaint, Node, Path, fault_at, locate, merge, plain, show
from retroaudit.spec.wording import complaints, known_keys, nearest

Extends = Callable[[str], str | None]
Suites = Callable[[str], dict[str, Any]]

DEFAULTS = "_defaults"
_DEFAULTS_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_STAND_IN = {"model": "x", "owner": "x", "logs": {"path": "x"}, "columns": {}}
_ROUNDS = 20


def load(path: FilePath, *, defaults: FilePath | None = None) -> Spec:
    """Read a spec's file, and the defaults that it extends from `_defaults` beside it (or from `defaults`).

    Raises BadInput with every fault at once: what cannot be read, is no YAML, is unknown, not allowed,
    contradictory, or not supported yet.
    """
    folder = path.parent / DEFAULTS if defaults is None else defaults

    def extends(name: str) -> str | None:
        file = folder / f"{name}.yaml"
        return _text(file, f"{DEFAULTS}/{file.name}") if file.is_file() else None

    def suites(name: str) -> dict[str, Any]:
        return read_suite(find_suite(name, path.parent))

    return parse(_text(path, path.name), path.name, extends, suites)


def _no_suites(name: str) -> dict[str, Any]:
    raise BadInput(Fault(SUITE_KEY, show(name), "a spec that is read from a file: a suite lies beside it"))


def parse(text: str, name: str, extends: Extends = lambda _: None, suites: Suites = _no_suites) -> Spec:
    """Read a spec's text. `name` stands in messages; `extends` gives the text of defaults by their name, or None.

    `suites` gives the content of the suite that the spec names. Raises BadInput as `load` does.
    """
    faults: list[Fault] = []
    tree = _resolved(text, name, extends, faults)
    spec, refused, faulty = _validated(_with_suite(tree, suites, faults))
    found = (*refused, *unsupported(tree), *broken_rules(spec, faulty))
    faults += [locate(tree, complaint) for complaint in found]
    if faults:
        raise BadInput(sorted(set(faults), key=lambda fault: _order(fault, name)))
    return spec


def _with_suite(tree: Node, suites: Suites, faults: list[Fault]) -> dict[str, Any]:
    """The bare data with the suite's content in place of its name; without it, where the suite has faults."""
    data: dict[str, Any] = plain(tree, known_keys)
    quality = data.get("quality")
    named = quality.get("suite") if isinstance(quality, dict) else None
    if not isinstance(quality, dict) or named is None:
        return data
    suite = {}
    try:
        suite = {"suite": suites(_file_name(named))}
    except BadInput as error:
        faults += [_in_place(tree, fault) for fault in error.faults]
    return {**data, "quality": {key: value for key, value in quality.items() if key != "suite"} | suite}


def _file_name(named: object) -> str:
    if isinstance(named, str):
        return named
    raise BadInput(Fault(SUITE_KEY, show(named), "the name of a suite's file, such as lending.json"))


def _in_place(tree: Node, fault: Fault) -> Fault:
    """A fault of the key gets its line; those of the suite's own file have theirs."""
    if fault.subject != SUITE_KEY:
        return fault
    return locate(tree, Complaint(tuple(SUITE_KEY.split(".")), fault.found, fault.expected, fault.remedy))


def _text(path: FilePath, name: str) -> str:
    """The text of a file; of one that is too large, enough for `read` to say so."""
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT_BYTES + 1)
        return data.decode("utf-8", errors="strict" if len(data) <= LIMIT_BYTES else "replace")
    except OSError as error:
        raise BadInput(Fault(str(path), error.strerror or "no file", "a spec's YAML file that can be read")) from error
    except UnicodeDecodeError as error:
        raise BadInput(Fault(f"{name} at byte {error.start}", "bytes that are no UTF-8", "UTF-8 text")) from error


def _resolved(text: str, name: str, extends: Extends, faults: list[Fault]) -> Node:
    """The spec laid over its defaults, these over theirs, and so on. Faults that leave the rest readable are added."""
    layers = list(_layers(text, name, extends, faults))
    tree = layers[-1]
    for layer in reversed(layers[:-1]):
        tree = merge(tree, layer)
    return tree


def _layers(text: str, name: str, extends: Extends, faults: list[Fault]) -> Iterator[Node]:
    """The file's tree, then that of each file that it extends, nearest first."""
    file, seen = name, [""]
    while True:
        layer = _read(text, file, faults)
        yield layer
        wanted = layer.value.get("extends") if isinstance(layer.value, dict) else None
        if wanted is None or not isinstance(wanted.value, str):
            return
        if not _DEFAULTS_NAME.fullmatch(wanted.value):
            raise _not_extended(wanted, "a name of letters, digits, dot, underscore and hyphen")
        if wanted.value in seen:
            raise _not_extended(wanted, f"no way round in a circle: {' → '.join([*seen[1:], wanted.value])}")
        found = extends(wanted.value)
        if found is None:
            raise _not_extended(wanted, f"a file {DEFAULTS}/{wanted.value}.yaml beside the spec")
        seen.append(wanted.value)
        text, file = found, f"{DEFAULTS}/{wanted.value}.yaml"


def _read(text: str, file: str, faults: list[Fault]) -> Node:
    return read(text, file, lambda line, complaint: faults.append(fault_at(file, line, complaint)))


def _not_extended(wanted: Node, expected: str) -> BadInput:
    return BadInput(fault_at(wanted.file, wanted.line, Complaint(("extends",), show(wanted.value), expected)))


def _validated(data: dict[str, Any]) -> tuple[Spec, tuple[Complaint, ...], frozenset[Path]]:
    """The spec, what the model refuses in it, and the keys concerned.

    So that the rules between keys can speak in the same report, what is refused is cut out, down to the default;
    keys that must be there get a stand-in. The caller raises whenever anything was refused.
    """
    refused: tuple[Complaint, ...] = ()
    faulty: set[Path] = set()
    for _ in range(_ROUNDS):
        try:
            text = json.dumps(data)
            spec = Spec.model_validate_json(text, strict=True, by_alias=True, by_name=False)
        except ValidationError as error:
            found = complaints(error, data)
        else:
            return spec, refused, frozenset(faulty)
        refused = refused or found
        for complaint in found:
            cut = _cut(complaint.path, data)
            faulty.add(_meant(cut))
            data = _without(data, cut)
        data = {**_STAND_IN, **data}
    raise BadInput(Fault("spec", "faults within faults", "a spec whose parts can be told apart"))


def _is_unknown(path: Path) -> bool:
    known = known_keys(path[:-1])
    return isinstance(path[-1], str) and bool(known) and path[-1] not in known


def _meant(path: Path) -> Path:
    """The key that is faulty: for an unknown one, that which it was probably meant to be."""
    near = nearest(str(path[-1]), known_keys(path[:-1])) if _is_unknown(path) else None
    return (*path[:-1], near) if near else path


def _cut(path: Path, data: dict[str, Any]) -> Path:
    """What has to go: an unknown key alone, else the key below the top one, else the top one."""
    if _is_unknown(path):
        return path
    top = data.get(str(path[0]))
    return path[:2] if isinstance(top, dict) and len(path) > 1 and path[1] in top else path[:1]


def _without(data: Any, path: Path) -> Any:
    """The data without what stands at the path."""
    if isinstance(data, dict) and path[0] in data:
        if len(path) == 1:
            return {key: value for key, value in data.items() if key != path[0]}
        return {**data, path[0]: _without(data[path[0]], path[1:])}
    if isinstance(data, list) and len(path) > 1:
        return [_without(item, path[1:]) if at == path[0] else item for at, item in enumerate(data)]
    return data


def _order(fault: Fault, name: str) -> tuple[bool, str, int, str]:
    """The spec's own faults first, then file by file, line by line."""
    file, _, place = fault.subject.partition(":")
    line = re.match(r"[0-9]+", place)
    return file != name, file, int(line[0]) if line else 0, fault.subject
