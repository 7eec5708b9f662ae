"""A Great Expectations suite as it is written: its JSON read, its form checked, all faults of the file at once.

Whether an expectation exists, and can be asked of the data, is judged later, expectation by expectation: one that
cannot be judged is a verdict of its own, and spoils no other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, get_args

import rfc8785

from retroaudit.faults import BadInput, Fault
from retroaudit.spec.model import SuiteSeverity
from retroaudit.spec.tree import Path, path_text, show
from retroaudit.spec.wording import did_you_mean

LIMIT_BYTES = 5_000_000
LIMIT_EXPECTATIONS = 5_000
LIMIT_DEPTH = 20
FOLDER = "expectations"
SUITE_KEY = "quality.suite"
_LARGEST_WHOLE = 2**53 - 1
_OLD_KEYS = ("expectation_suite_name", "data_asset_type")
_KEYS = ("type", "kwargs", "severity", "id", "description", "meta")
_LONGEST_NAME = 200
_SAVE_AGAIN = "Load the suite with Great Expectations 1.x and save it again."


def find_suite(name: str, spec_folder: FilePath) -> FilePath:
    """The file of a suite: beside the spec, else in `expectations` there or in the nearest folder above it.

    Raises BadInput where the name is no path below a folder, or there is no such file.
    """
    parts = FilePath(name).parts
    if not parts or FilePath(name).is_absolute() or ".." in parts:
        raise BadInput(Fault(SUITE_KEY, show(name), "a path below the folder of suites, such as lending.json"))
    here = spec_folder.resolve()
    folders = (here, *(folder / FOLDER for folder in (here, *here.parents)))
    found = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if found is None:
        expected = f"{name} beside the spec, or in a folder {FOLDER!r} there or above"
        there = (file.name for folder in folders if folder.is_dir() for file in folder.glob("*.json"))
        raise BadInput(Fault(SUITE_KEY, f"no file {show(name)}", expected, did_you_mean(name, there)))
    return found


def read_suite(file: FilePath) -> dict[str, Any]:
    """The suite of a file, as `Suite` takes it. Raises BadInput with every fault of the file."""
    try:
        data = file.read_bytes()[: LIMIT_BYTES + 1]
    except OSError as error:
        raise BadInput(Fault(file.name, error.strerror or "no file", "a suite's JSON file that can be read")) from error
    if len(data) > LIMIT_BYTES:
        raise BadInput(Fault(file.name, "a larger file", f"at most {LIMIT_BYTES:,} bytes"))
    return parse_suite(data, file.name)


def parse_suite(data: bytes, name: str) -> dict[str, Any]:
    """The suite that these bytes hold; `name` stands in messages. Raises BadInput with every fault.

    A value that canonical JSON cannot carry is a fault of its expectation alone.
    """
    document = _json(data, name)
    if faults := list(_faults(document, name)):
        raise BadInput(faults)
    expectations = [_sealable(each) for each in document["expectations"]]
    return {"name": _whole(str(document.get("name") or name)), "expectations": expectations}


def _sealable(each: Mapping[str, Any]) -> dict[str, Any]:
    """An expectation as its canonical JSON has it: what is judged now is what a replay will judge."""
    kept = {key: each[key] for key in _KEYS if each.get(key) is not None}
    fault = next(_values(kept, ()), "")
    if fault:
        column = each.get("kwargs", {}).get("column")
        named = {"column": column} if isinstance(column, str) and not next(_values(column, ()), "") else {}
        kept = {"type": _whole(each["type"]), "kwargs": named, "fault": fault}
    return dict(json.loads(rfc8785.dumps(kept)))


def _whole(text: str) -> str:
    """The text of a name, short and of whole characters."""
    return text[:_LONGEST_NAME].encode("utf-8", "replace").decode()


def _json(data: bytes, name: str) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        at = f" (line {error.lineno}: {error.msg})" if isinstance(error, json.JSONDecodeError) else ""
        expected = "a suite as Great Expectations 1.x saves it"
        raise BadInput(Fault(name, f"text that is no JSON{at}", expected)) from error


def _faults(document: Any, name: str) -> Iterator[Fault]:
    if not isinstance(document, Mapping):
        yield Fault(name, show(document), "a mapping with name and expectations")
        return
    found = document.get("expectations")
    if (old := _of_old_version(document)) is not None:
        yield Fault(name, old, "a suite of Great Expectations 1.x", _SAVE_AGAIN)
    elif not isinstance(found, list):
        yield Fault(f"{name} expectations", show(found), "a list of expectations")
    elif len(found) > LIMIT_EXPECTATIONS:
        yield Fault(f"{name} expectations", f"{len(found)}", f"at most {LIMIT_EXPECTATIONS}")
    else:
        for place, each in enumerate(found):
            yield from _of_one(each, ("expectations", place), name)


def _of_old_version(document: Mapping[str, Any]) -> str | None:
    """What tells that a suite was written before 1.0, whose suites have other keys."""
    meta = document.get("meta")
    version = str(meta.get("great_expectations_version", "")) if isinstance(meta, Mapping) else ""
    if version.startswith("0."):
        return f"a suite of Great Expectations {version[:20]}"
    expectations = document.get("expectations")
    first = expectations[0] if isinstance(expectations, list) and expectations else None
    keys = [*_OLD_KEYS, *(["expectation_type"] if isinstance(first, Mapping) and "expectation_type" in first else [])]
    old = next((key for key in keys if key in document or key == "expectation_type"), None)
    return None if old is None else f"the key {old!r}, which suites had before 1.0"


def _of_one(each: Any, place: Path, name: str) -> Iterator[Fault]:
    if not isinstance(each, Mapping):
        yield _fault(name, place, each, "a mapping with type and kwargs")
        return
    severity = each.get("severity")
    if not isinstance(each.get("type"), str):
        yield _fault(name, (*place, "type"), each.get("type"), "an expectation's name, such as expect_column_to_exist")
    if not isinstance(each.get("kwargs", {}), Mapping):
        yield _fault(name, (*place, "kwargs"), each["kwargs"], "a mapping")
    if severity is not None and severity not in get_args(SuiteSeverity):
        yield _fault(name, (*place, "severity"), severity, f"one of {', '.join(get_args(SuiteSeverity))}")
    for key in ("id", "description"):
        if not isinstance(each.get(key, ""), str | None):
            yield _fault(name, (*place, key), each[key], "text")
    if not isinstance(each.get("meta") or {}, Mapping):
        yield _fault(name, (*place, "meta"), each["meta"], "a mapping")


def _values(value: Any, place: Path) -> Iterator[str]:
    """What canonical JSON (RFC 8785) cannot carry: the suite is sealed with the report."""
    if len(place) > LIMIT_DEPTH:
        yield f"{path_text(place[:3])} is nested deeper than {LIMIT_DEPTH} levels"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _values(key, (*place, "a key"))
            yield from _values(inner, (*place, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _values(inner, (*place, at))
    elif isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
        yield f"{path_text(place)} is {show(value)}, and a report holds whole numbers up to {_LARGEST_WHOLE:,}"
    elif isinstance(value, float) and not abs(value) < float("inf"):
        yield f"{path_text(place)} is {show(value)}, and a report holds finite numbers"
    elif isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        yield f"{path_text(place[:1])} holds half of a surrogate pair"


def _fault(name: str, place: Path, found: Any, expected: str) -> Fault:
    return Fault(f"{name} {path_text(place)}", show(found), expected)
