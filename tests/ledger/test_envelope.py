from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as Independent

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger.envelope import canonical, canonical_plain, unwrap, wrap
from retroaudit.ledger.signing import Signer

TYPE = "text/plain"


def _forms(data: bytes) -> dict[str, bytes]:
    """The same content in other bytes."""
    document: dict[str, Any] = json.loads(data)
    (signature,) = document["signatures"]
    payload: str = document["payload"]
    assert payload.endswith("Zg==")  # "f" in base64: the last four bits of Zg are spare, Zh says the same
    return {
        "spaces": json.dumps(document).encode(),
        "order": json.dumps(dict(reversed(document.items())), separators=(",", ":")).encode(),
        "utf-16": data.decode().encode("utf-16"),
        "extra field": rfc8785.dumps({**document, "nonce": 1}),
        "extra field in the signature": rfc8785.dumps({**document, "signatures": [{**signature, "cert": ""}]}),
        "two signatures": rfc8785.dumps({**document, "signatures": [signature, signature]}),
        "no signature": rfc8785.dumps({**document, "signatures": []}),
        "upper-case hex": rfc8785.dumps(
            {**document, "signatures": [{**signature, "keyid": signature["keyid"].upper()}]}
        ),
        "spare bits of base64": rfc8785.dumps({**document, "payload": payload[:-3] + "h=="}),
        "base64 with a line break": rfc8785.dumps({**document, "payload": payload + "\n"}),
        "a repeated key": data[:-1] + b',"payloadType":"text/plain"}',
        "a line at the end": data + b"\n",
    }


def test_an_envelope_gives_back_what_was_wrapped(signer: Signer) -> None:
    data = wrap(b"payload", TYPE, signer)
    envelope = unwrap(data, TYPE, "x")
    assert envelope.payload == b"payload"
    assert envelope.signed_by(signer.public)
    assert wrap(b"payload", TYPE, signer) == data


@given(st.binary(), st.text(st.characters(codec="utf-8"), min_size=1))
@example(b"hello world", "http://example.com/HelloWorld")  # DSSE's own example
def test_the_bytes_that_are_signed_are_those_of_securesystemslib(payload: bytes, kind: str) -> None:
    signed: list[bytes] = []

    def keep(data: bytes) -> bytes:
        signed.append(data)
        return b"signature"

    class _Public:
        keyid = "0" * 64

    public: Any = _Public()
    data = wrap(payload, kind, Signer(keep, public))
    independent = Independent.from_dict(json.loads(data))
    assert signed == [independent.pae()]
    assert independent.payload == payload


def test_the_example_of_the_dsse_protocol(signer: Signer) -> None:
    # https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
    pae = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    envelope = unwrap(
        wrap(b"hello world", "http://example.com/HelloWorld", signer), "http://example.com/HelloWorld", "x"
    )
    assert signer.public.verifies(envelope.signature, pae)


@pytest.mark.parametrize("form", list(_forms(b'{"payload":"Zg==","payloadType":"","signatures":[{"keyid":""}]}')))
def test_the_same_content_in_another_form_is_refused(signer: Signer, form: str) -> None:
    data = wrap(b"payload of", TYPE, signer)
    with pytest.raises(IntegrityBroken):
        unwrap(_forms(data)[form], TYPE, "x")


def test_another_type_is_refused(signer: Signer) -> None:
    with pytest.raises(IntegrityBroken, match="text/html"):
        unwrap(wrap(b"payload", "text/html", signer), TYPE, "x")


@given(
    st.binary() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(lambda v: json.dumps(v).encode())
)
@example(b"[" * 200_000)
@example(b"9" * 5000)
@example(b'{"payload":"\\ud800","payloadType":"","signatures":[]}')
@example(b"NaN")
@example(rfc8785.dumps({"payload": "é", "payloadType": TYPE, "signatures": [{"keyid": "0" * 64, "sig": ""}]}))
def test_garbage_is_refused_and_nothing_else_is_raised(data: bytes) -> None:
    with pytest.raises(IntegrityBroken):
        unwrap(data, TYPE, "x")


def test_a_signature_of_another_key_does_not_count(signer: Signer) -> None:
    document = json.loads(wrap(b"payload", TYPE, signer))
    document["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    assert not unwrap(rfc8785.dumps(document), TYPE, "x").signed_by(signer.public)


@pytest.mark.parametrize("value", [float("nan"), 2**60, object(), "\ud800", {1: 2}])
def test_what_json_cannot_hold_is_bad_input(value: object) -> None:
    with pytest.raises(BadInput, match="the ledger cannot hold"):
        canonical({"value": value}, "x")


ASCII = st.text(st.characters(codec="ascii"), max_size=9)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ASCII, inner, max_size=4),
    max_leaves=6,
)


@given(st.dictionaries(ASCII, PLAIN, max_size=4))
@example({'\x00\x1f\x7f"\\/': "\x00\b\t\n\x0b\f\r\x1f\x7f\x80\u2028\ufeff\U0001f600<>&"})
@example({"a": 1, "A": 2, "_": 3, "": -0, "aa": True})
def test_the_fast_form_is_rfc_8785s(value: dict[str, Any]) -> None:
    assert canonical_plain(value) == rfc8785.dumps(value) == canonical(value, "x")


def test_text_without_a_utf_8_form_has_no_canonical_one() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        canonical_plain({"a": "\ud800"})


def test_every_bit_of_an_envelope_matters(signer: Signer) -> None:
    data = wrap(b"payload", TYPE, signer)
    for place in range(len(data) * 8):
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        try:
            found = unwrap(bytes(changed), TYPE, "x")
        except IntegrityBroken:
            continue
        assert not found.signed_by(signer.public), place
