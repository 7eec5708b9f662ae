"""The identity of a spec: what it says, not how it was written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import rfc8785

from retroaudit.spec.model import STORED, Spec


def spec_digest(spec: Spec) -> str:
    """The sha256 (hex) of the RFC 8785 form of `spec_document`."""
    return hashlib.sha256(rfc8785.dumps(spec_document(spec))).hexdigest()


def spec_document(spec: Spec) -> dict[str, Any]:
    """The whole spec with its defaults, in types of JSON: durations in seconds, days as ISO text.

    Without `extends`, which has been resolved: specs that say the same are the same, however they were written.
    """
    document: dict[str, Any] = _plain(spec.model_dump(by_alias=True, exclude={"extends"}))
    return document


def from_document(document: Mapping[str, Any]) -> Spec:
    """The spec of which this is the `spec_document`. Raises pydantic's `ValidationError` where it is none."""
    return Spec.model_validate(document, context=STORED)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, timedelta):
        return value // timedelta(seconds=1)
    if isinstance(value, date):
        return value.isoformat()
    return value
