"""What the model refuses, said in plain sentences: a complaint for each place, with what is allowed there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from retroaudit.spec.model import Part, Spec
from retroaudit.spec.tree import Complaint, Path, show

_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "literal_error": "{expected}",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "string_too_short": "text that is not empty",
    "string_pattern_mismatch": "up to 100 of a-z, 0-9, dot, underscore and hyphen, the first a letter or digit",
    "too_long": "a list of {max_length}",
    "too_short": "a list of at least {min_length}",
    "value_error": "{error}",
}
_ELSE = "a value that this key allows"


def complaints(error: ValidationError, data: Mapping[str, Any]) -> tuple[Complaint, ...]:
    """One complaint for each place of the data that the model refuses."""
    places: dict[Path, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        places.setdefault(_place(detail, data), []).append(detail)
    inner = {place[:length] for place in places for length in range(len(place))}
    # A union complains once for each of its kinds; the kind that got deepest is the one that was meant.
    return tuple(_complaint(place, details, data) for place, details in places.items() if place not in inner)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, if any comes near."""
    short = {name[:200]: name for name in known}  # difflib is quadratic in the length
    close = difflib.get_close_matches(word[:200], sorted(short), n=1, cutoff=0.6)
    return short[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy that names the nearest known word, or nothing."""
    near = nearest(word, known)
    return f"Did you mean {show(near)}?" if near else ""


def known_keys(path: Path) -> tuple[str, ...]:
    """The keys that the mapping at this path may have; empty where it has names of the user's own."""
    part: type[BaseModel] | None = Spec
    for step in path:
        if part is None or isinstance(step, int):
            continue
        fields = {field.alias or name: field.annotation for name, field in part.model_fields.items()}
        part = _part(fields.get(step))
    return tuple(field.alias or name for name, field in part.model_fields.items()) if part else ()


def _part(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    return next((part for inner in get_args(annotation) if (part := _part(inner))), None)


def _place(detail: ErrorDetails, data: Mapping[str, Any]) -> Path:
    """The path in the data, without the names of union kinds that pydantic puts between."""
    here: Any = data
    place: Path = ()
    for step in detail["loc"]:
        within = range(len(here)) if isinstance(here, list) else here if isinstance(here, dict) else ()
        if step in within:
            here = here[step]
            place = (*place, step)
    missing = detail["type"] == "missing"
    return (*place, detail["loc"][-1]) if missing and isinstance(here, dict) else place


def _complaint(place: Path, details: list[ErrorDetails], data: Mapping[str, Any]) -> Complaint:
    kind, value = details[0]["type"], _value(data, place)
    if kind == "extra_forbidden":
        known, key = known_keys(place[:-1]), str(place[-1])
        return Complaint(place, "an unknown key", f"one of {', '.join(known)}", did_you_mean(key, known))
    if kind == "missing" and isinstance(value, list):
        return Complaint(place, show(value), "a list of 2")
    if kind == "missing":
        return Complaint(place, "nothing", "this key, which must be given")
    expected = " or ".join(dict.fromkeys(_expected(detail) for detail in details))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    quote = "Quote it if it is text." if kind == "string_type" and is_number else ""
    return Complaint(place, show(value), expected, quote or _nearest_choice(value, details))


def _expected(detail: ErrorDetails) -> str:
    return _EXPECTED.get(detail["type"], _ELSE).format(**detail.get("ctx", {}))


def _nearest_choice(value: object, details: list[ErrorDetails]) -> str:
    choices = str(details[0].get("ctx", {}).get("expected", ""))
    if details[0]["type"] != "literal_error" or not isinstance(value, str):
        return ""
    return did_you_mean(value, choices.split("'")[1::2])


def _value(data: Any, place: Path) -> Any:
    for step in place:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data
