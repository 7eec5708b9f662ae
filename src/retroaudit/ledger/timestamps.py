"""RFC 3161 time-stamps over a log's checkpoints: a third party's word that this size and root were there by then.

A token is the whole response of a time-stamping authority (TSA) to a request for the sha256 of the signed note's
bytes; `openssl ts -verify -in TOKEN -data NOTE -CAfile ROOT` reads it too. The optional extra `timestamps` is
needed to ask for one, and to check one.

A token lies in the log's store, and protects the log only where a copy of it lies elsewhere too: who sets the store
back takes the tokens along. The copy in a second place (see `anchors`): `timestamps/<origin>/000000000042.tsr`.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from cryptography import x509
from cryptography.x509 import Certificate

from retroaudit.faults import BadInput, Fault
from retroaudit.ledger import _tokens
from retroaudit.ledger.coordinates import anchor_key
from retroaudit.storage.keys import encode
from retroaudit.storage.protocol import Storage, settle

if TYPE_CHECKING:
    from rfc3161_client import TimeStampRequest, TimeStampResponse

_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_GRANTED: Final = 0  # RFC 3161, 2.4.2; what a TSA grants "with modifications" is not what was asked for
_LARGEST: Final = 1 << 17  # bytes of a token: with a long chain of large certificates it has 10 kB
_TIMEOUT: Final = urllib3.Timeout(connect=10, read=30)
_OK: Final = 200
_FOLDER: Final = "timestamps/"
_SIZE: Final = re.compile(r"([0-9]{12,18})\.tsr")


@dataclass(frozen=True)
class Stamp:
    """What a token says. `time` is None where it says nothing that can be read.

    `problem` is None where the token is of the note and, with `signature_checked`, signed by a TSA below one of the
    roots whose certificate was valid at the time. Without, anybody could have made the token.
    """

    time: datetime | None  # UTC
    problem: str | None
    signature_checked: bool


def available() -> bool:
    """Whether the extra is installed."""
    try:
        import rfc3161_client  # noqa: F401, PLC0415  (the extra is optional)
    except ImportError:
        return False
    return True


def request(note: str) -> bytes:
    """A new request for a token over the note (RFC 3161, 2.4.1): sha256, a fresh nonce, certificates wanted."""
    return _request(note).as_bytes()


def ask(url: str, note: str) -> bytes:
    """A token over the note from the TSA at this address, which the operator configured.

    Raises `BadInput` where the address is none, where the TSA is out of reach (10 seconds to connect, 30 to answer),
    redirects,
    refuses, or answers with anything but a token over this note and for this request. The signature is
    not checked: `check` does.
    """
    asked = _request(note)
    subject, token = _post(url, asked.as_bytes())
    stamp = check(token, note, None)
    problem = stamp.problem or _other_request(token, asked)
    if problem:
        raise BadInput(Fault(subject, problem, "a time-stamp of this checkpoint"))
    return token


def check(token: bytes, note: str, roots: Sequence[Certificate] | None) -> Stamp:
    """What the token says of the note; see `Stamp`. Raises `BadInput` without the extra, and on nothing else.

    Without roots (None, or none of them) the signature is not checked.
    """
    _require_extra()
    try:
        with _strict():
            return _check(_decode(token), token, note.encode(), roots or ())
    except _Odd as odd:
        return Stamp(None, str(odd), signature_checked=False)


def store(storage: Storage, size: int, token: bytes, *, retain_until: datetime | None = None) -> bool:
    """Put the token over the checkpoint of `size` leaves into the log's store; False where another stays there."""
    return settle(storage, anchor_key(size), token, retain_until=retain_until) == token


def key(origin: str, size: int) -> str:
    """Where a second place holds the token over this log's checkpoint of a size."""
    return f"{_folder(origin)}{size:012d}.tsr"


def publish(origin: str, size: int, token: bytes, place: Storage, *, retain_until: datetime | None = None) -> bool:
    """Put a copy of the token into a second place; False where another stays there, which `verify` will judge."""
    return settle(place, key(origin, size), token, retain_until=retain_until) == token


def published(place: Storage, origin: str) -> Mapping[int, str]:
    """The keys of this log's tokens in a second place by size, none of them read; other objects are passed over."""
    folder = _folder(origin)
    found = ((info.key, _SIZE.fullmatch(info.key.removeprefix(folder))) for info in place.list(folder))
    sizes = {int(match[1]): name for name, match in found if match}
    return {size: name for size, name in sizes.items() if name == key(origin, size)}


def load_roots(path: Path) -> tuple[Certificate, ...]:
    """The certificates of a PEM file. Raises `BadInput` where it cannot be read or holds none."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        found = getattr(error, "strerror", None) or "no certificates"
        raise BadInput(Fault(f"certificates {path}", found, "a PEM file of root certificates")) from error


def _folder(origin: str) -> str:
    return f"{_FOLDER}{encode(origin)}/"


class _Odd(Exception):
    """Why a token is none."""


def _request(note: str) -> TimeStampRequest:
    _require_extra()
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415

    return TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA256).build()


def _check(response: TimeStampResponse, token: bytes, note: bytes, roots: Sequence[Certificate]) -> Stamp:
    time = response.tst_info.gen_time.astimezone(UTC)
    imprint = response.tst_info.message_imprint
    if (imprint.hash_algorithm.dotted_string, imprint.message) != (_SHA256, hashlib.sha256(note).digest()):
        return Stamp(time, "a time-stamp of something else", signature_checked=False)
    if odd := _tokens.oddity(token):
        return Stamp(time, odd, signature_checked=False)
    if not roots:
        return Stamp(time, None, signature_checked=False)
    return Stamp(time, _distrust(response, note, roots), signature_checked=True)


def _distrust(response: TimeStampResponse, note: bytes, roots: Sequence[Certificate]) -> str | None:
    from rfc3161_client import VerificationError, VerifierBuilder  # noqa: PLC0415

    certificates = [x509.load_der_x509_certificate(each) for each in response.signed_data.certificates]
    if _tokens.loose(certificates, roots):
        return "a certificate that nobody in the chain signed"
    try:
        VerifierBuilder(roots=list(roots)).build().verify_message(response, note)
    except VerificationError:
        return "a signature that no trusted authority made, or with a certificate that was not valid then"
    return None


def _decode(token: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response  # noqa: PLC0415

    response = decode_timestamp_response(_tokens.in_order(token))
    if response.status != _GRANTED:
        raise _Odd(f"a refusal (PKIStatus {response.status})")
    return response


def _other_request(token: bytes, asked: TimeStampRequest) -> str | None:
    same = _decode(token).tst_info.nonce == asked.nonce
    return None if same else "an answer to another request (its nonce differs)"


@contextmanager
def _strict() -> Iterator[None]:
    """Whatever the libraries have against a token, be it a warning, is one thing: it is no token."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    except (ValueError, TypeError, Warning, x509.InvalidVersion) as error:
        raise _Odd("bytes that are no time-stamp in DER (RFC 3161)") from error


def _post(url: str, body: bytes) -> tuple[str, bytes]:
    subject = _subject(url)
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    try:
        with _pool(url) as pool:
            answer: Any = pool.request("POST", url, body=body, headers=headers, preload_content=False)
            data: bytes = answer.read(_LARGEST + 1, decode_content=False)
            answer.close()
    except (urllib3.exceptions.HTTPError, ValueError, OSError) as error:
        found = f"no answer ({type(error).__name__})"
        raise BadInput(Fault(subject, found, "an RFC 3161 time-stamping authority", "Try again.")) from error
    if answer.status != _OK:
        raise BadInput(Fault(subject, f"HTTP status {answer.status}", "200 and a time-stamp"))
    if len(data) > _LARGEST:
        raise BadInput(Fault(subject, f"an answer of more than {_LARGEST} bytes", "a time-stamp"))
    return subject, data


def _pool(url: str) -> urllib3.PoolManager:
    """Straight, or by the proxy of HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as boto3 goes; redirects are not followed."""
    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
    if proxy:
        return urllib3.ProxyManager(proxy, timeout=_TIMEOUT, retries=False)
    return urllib3.PoolManager(timeout=_TIMEOUT, retries=False)


def _subject(url: str) -> str:
    """The TSA as messages name it: without user info, path and query, which may hold secrets."""
    expected = "http(s)://host/path without user info"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable:
        raise BadInput(Fault("time-stamping authority", "another kind of address", expected))
    return f"time-stamping authority {parts.scheme}://{parts.netloc}"


def _require_extra() -> None:
    if not available():
        remedy = "pip install 'retroaudit[timestamps]'"
        raise BadInput(Fault("time-stamps", "rfc3161-client is not installed", "the extra `timestamps`", remedy))
