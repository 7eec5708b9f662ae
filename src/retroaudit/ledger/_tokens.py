"""What a time-stamp's own signature does not cover, held to one form: no bit of a token may change unseen.

In a CMS signature OpenSSL passes over the versions, the name of the signature's algorithm, and certificates that
the chain does not need. RFC 5652 fixes the first, the digest's algorithm the second; the last must be signed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

_Parts = list[tuple[int, bytes]]  # tags and contents of DER values, one after the other
_OBJECT, _NULL, _SIGNED_ATTRIBUTES, _CERTIFICATES = 0x06, 0x05, 0xA0, 0xA0  # the last two are [0]
_SIGNED_DATA_VERSION, _SIGNER_VERSION = (0x02, b"\3"), (0x02, b"\1")  # RFC 5652, 5.1 and 5.3
_LONG, _LOW_BITS = 0x80, 0x7F
_SHA2: Final = bytes.fromhex("6086480165030402")  # 2.16.840.1.101.3.4.2
_RSA: Final = bytes.fromhex("2a864886f70d0101")  # 1.2.840.113549.1.1
_ECDSA: Final = bytes.fromhex("2a8648ce3d0403")  # 1.2.840.10045.4.3
_SIGNATURES: Final = {  # sha256, sha384, sha512: rsaEncryption, shaXWithRSAEncryption, ecdsa-with-SHAX
    _SHA2 + digest: (_RSA + b"\1", _RSA + rsa, _ECDSA + ecdsa)
    for digest, rsa, ecdsa in ((b"\1", b"\x0b", b"\2"), (b"\2", b"\x0c", b"\3"), (b"\3", b"\x0d", b"\4"))
}


def oddity(token: bytes) -> str | None:
    """What is not in its one form in a granted RFC 3161 response, or None; raises `ValueError` where it is none."""
    version, *_, (_, signers) = _signed_data(token)
    ((_, signer),) = _parts(signers)
    own, _, (_, digest), (attributes, _), (_, algorithm), _ = _parts(signer)
    if (version, own) != (_SIGNED_DATA_VERSION, _SIGNER_VERSION):
        return "a signature of another version"
    if attributes != _SIGNED_ATTRIBUTES:
        return "a signature without attributes"
    if not _fit(_parts(digest), _parts(algorithm)):
        return "a signature whose algorithm is not that of its digest"
    return None


def in_order(token: bytes) -> bytes:
    """The token with its certificates in the order that DER gives a set (X.690, 11.6); no signature covers them.

    OpenSSL writes the signer's first, and rfc3161-client reads nothing but DER. Raises `ValueError` where it is none.
    """
    for tag, content in _signed_data(token):
        if tag == _CERTIFICATES:
            return token.replace(content, b"".join(sorted(whole for whole, _, _ in _walk(content))), 1)
    return token


def loose(certificates: Sequence[Certificate], roots: Sequence[Certificate]) -> bool:
    """Whether one of the certificates is signed neither by one of them nor by a root, needed or not."""
    return not all(any(_issued(each, by) for by in (*certificates, *roots)) for each in certificates)


def _signed_data(token: bytes) -> _Parts:
    """The fields of a response's SignedData (RFC 5652, 5.1); none of a refusal."""
    ((_, response),) = _parts(token)
    _, *granted = _parts(response)
    if not granted:
        return []
    ((_, content),) = granted
    _, (_, wrapped) = _parts(content)
    ((_, signed),) = _parts(wrapped)
    return _parts(signed)


def _fit(digest: _Parts, signature: _Parts) -> bool:
    """Whether the signature's algorithm is one of its digest's, with the parameters that RFC 3279 and 5758 give it."""
    (_, hashing), *_ = digest
    (tag, name), *parameters = signature
    expected = [(_NULL, b"")] if name.startswith(_RSA) else []
    return tag == _OBJECT and name in _SIGNATURES.get(hashing, ()) and parameters == expected


def _issued(certificate: Certificate, by: Certificate) -> bool:
    whole_bytes = b"\0" + certificate.signature  # a BIT STRING may say that some of its last bits are none
    if not certificate.public_bytes(Encoding.DER).endswith(whole_bytes):
        return False
    try:
        certificate.verify_directly_issued_by(by)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _parts(data: bytes) -> _Parts:
    return [(tag, content) for _, tag, content in _walk(data)]


def _walk(data: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Each DER value of several: the whole of it, its tag, its content."""
    while data:
        if len(data) < 2:  # noqa: PLR2004  (a tag and a length)
            raise ValueError("no DER")
        tag, length, start = data[0], data[1], 2
        if length & _LONG:
            start += length & _LOW_BITS
            length = int.from_bytes(data[2:start])
        if start + length > len(data):
            raise ValueError("no DER")
        yield data[: start + length], tag, data[start : start + length]
        data = data[start + length :]
