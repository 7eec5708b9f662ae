"""The bytes of a report: canonical JSON (RFC 8785), so that equal documents are equal files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import rfc8785

from retroaudit.faults import BadInput, Fault
from retroaudit.report.plain import LARGEST_EXACT
from retroaudit.report.shape import require_shape

SCHEMA = "retroaudit/report/1"
_REMEDY = "Ask for the file as it was sealed; do not edit or reformat it."


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one form of a document as bytes: UTF-8, keys sorted, no white space, shortest numbers (RFC 8785)."""
    data: bytes = rfc8785.dumps(dict(document))
    return data


def parse(data: bytes) -> dict[str, Any]:
    """Read a report back: `canonical(parse(data)) == data`.

    Raises `BadInput` where the bytes are no JSON object, not in canonical form (a repeated key, a space), of a
    schema that this version does not know, or without what is shown of a report.
    """
    try:
        document = json.loads(data, parse_int=_whole)
        faithful = rfc8785.dumps(document) == data
    except (ValueError, RecursionError) as error:  # rfc8785's and Unicode's errors are ValueErrors too
        raise BadInput(Fault("report.json", f"unreadable text ({error})", "canonical JSON", _REMEDY)) from error
    if not isinstance(document, dict) or not faithful:
        raise BadInput(Fault("report.json", "JSON in another form", "one object, canonical as in RFC 8785", _REMEDY))
    if document.get("schema") != SCHEMA:
        raise BadInput(Fault("report.json's schema", repr(document.get("schema"))[:100], repr(SCHEMA), _REMEDY))
    require_shape(document)
    return document


def _whole(digits: str) -> int | float:
    """RFC 8785 writes doubles up to 1e21 as whole numbers; beyond 2^53 - 1 they are doubles again."""
    number = int(digits)
    return number if abs(number) <= LARGEST_EXACT else float(number)
