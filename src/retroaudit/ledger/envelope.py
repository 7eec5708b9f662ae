"""DSSE envelopes in one exact form of bytes: whatever can be changed without breaking a signature is refused.

Protocol: https://github.com/secure-systems-lab/dsse, version 1. Besides the signature over type and payload,
the envelope itself is canonical JSON (RFC 8785) with canonical base64, one signature and no other field.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger.signing import PublicKey, Signer

_LARGEST = 2**53 - 1
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
M = TypeVar("M", bound="Exact")


class Exact(BaseModel):
    """A document with these fields and types and no others."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class _Signature(Exact):
    keyid: Sha256
    sig: str


class _Document(Exact):
    payload: str
    payloadType: str  # noqa: N815  (DSSE's spelling)
    signatures: Annotated[list[_Signature], Field(min_length=1, max_length=1)]


@dataclass(frozen=True)
class Envelope:
    """What an envelope holds. Nothing is known about its signature before `signed_by` was asked."""

    payload: bytes
    payload_type: str
    keyid: str
    signature: bytes

    def signed_by(self, key: PublicKey) -> bool:
        """Whether this key signed this payload as this type."""
        return self.keyid == key.keyid and key.verifies(self.signature, _pae(self.payload_type, self.payload))


def wrap(payload: bytes, payload_type: str, signer: Signer) -> bytes:
    """The bytes of a signed envelope; with Ed25519 the same payload and key give the same bytes (RFC 8032, 5.1.6)."""
    signature = signer.sign(_pae(payload_type, payload))
    return _dump(Envelope(payload, payload_type, signer.public.keyid, signature))


def unwrap(data: bytes, payload_type: str, subject: str) -> Envelope:
    """Read an envelope; raises `IntegrityBroken` on garbage, another type, or any other form of the same content."""
    document = read_fields(data, _Document, subject)
    (signature,) = document.signatures
    try:
        payload, signed = (base64.b64decode(text, validate=True) for text in (document.payload, signature.sig))
    except ValueError:
        raise _broken(subject, "text that is not base64", "an envelope's payload and signature") from None
    envelope = Envelope(payload, document.payloadType, signature.keyid, signed)
    if envelope.payload_type != payload_type:
        raise _broken(subject, f"the type {envelope.payload_type[:100]!r}", payload_type)
    if not _is(envelope, data):  # base64 has several spellings of its last character
        raise _broken(subject, "the content in another spelling", "its one canonical form")
    return envelope


def canonical(value: Mapping[str, Any], subject: str) -> bytes:
    """RFC 8785 bytes of a document of the ledger.

    Raises `BadInput` where it holds what no other verifier should have to spell: a fraction, an integer past 2^53, a
    name that is not ASCII, text without a UTF-8 form, or what JSON has not.
    """
    try:
        _refuse_unusual(value)
        return canonical_plain(value)
    except (ValueError, RecursionError) as error:
        expected = "text, integers, true, false, null, lists and objects with ASCII names"
        raise BadInput(Fault(subject, f"a value that the ledger cannot hold ({error})", expected)) from error


def canonical_plain(value: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """RFC 8785 bytes of a document that is known to hold nothing unusual; `ValueError` on text without a UTF-8 form."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def read_exact(data: bytes, model: type[M], subject: str) -> M:
    """Canonical JSON as a model; raises `IntegrityBroken` on any other bytes."""
    document = read_fields(data, model, subject)
    try:
        value = json.loads(data)
        _refuse_unusual(value)
        faithful = canonical_plain(value) == data
    except (ValueError, RecursionError):
        faithful = False
    if not faithful:
        raise _broken(subject, "JSON in another form", "canonical JSON")
    return document


def read_fields(data: bytes, model: type[M], subject: str) -> M:
    """JSON as a model, for those who compare the bytes themselves; raises `IntegrityBroken` on other fields."""
    try:
        return model.model_validate(json.loads(data))
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, fault["loc"])) or "the whole" for fault in error.errors()}))
        raise _broken(subject, f"wrong fields: {fields[:200]}", "the fields of its kind") from None
    except (ValueError, RecursionError):
        raise _broken(subject, "no readable JSON", "canonical JSON") from None


def _pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: `"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body`."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _refuse_unusual(value: object) -> None:
    """Raise `ValueError` at anything in it whose canonical form is more than its parts in order."""
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) and name.isascii() for name in value):
            raise ValueError("a name that is not ASCII")
        for each in value.values():
            _refuse_unusual(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _refuse_unusual(each)
    elif isinstance(value, int):
        if abs(value) > _LARGEST:
            raise ValueError("an integer past 2^53")
    elif value is not None and not isinstance(value, str):
        raise ValueError(f"a {type(value).__name__}")


def _dump(envelope: Envelope) -> bytes:
    return canonical_plain(
        {
            "payload": base64.b64encode(envelope.payload).decode(),
            "payloadType": envelope.payload_type,
            "signatures": [{"keyid": envelope.keyid, "sig": base64.b64encode(envelope.signature).decode()}],
        }
    )


def _is(envelope: Envelope, data: bytes) -> bool:
    try:
        return _dump(envelope) == data
    except ValueError:  # text without a UTF-8 form
        return False


def _broken(subject: str, found: str, expected: str) -> IntegrityBroken:
    return IntegrityBroken(Fault(subject, found, expected))
