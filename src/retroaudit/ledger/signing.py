"""Keys: what signs, what verifies, and the PEM files they are kept in. Private keys never enter a store.

Ed25519 (RFC 8032) is the default. ECDSA on P-256 with SHA-256 (FIPS 186-5) is there for services that hold a key
and offer nothing else; its signatures are DER in one form only, with the lower of the two values of s, so that no
bit of a signature can change without breaking it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from retroaudit.faults import BadInput, Fault, IntegrityBroken

SIGNING_FILE = "signing.pem"
PUBLIC_FILE = "public.pem"
KINDS = "a key of kind Ed25519, or ECDSA on P-256"
_PAIR = "`retroaudit keygen --out DIR` makes a pair for a new log."
_LONGEST_FILE = 65_536
_PRIVATE_MODE = 0o600
_PUBLIC_MODE = 0o644
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # n of P-256 (SP 800-186, 3.2.1.3)
_Key = TypeVar("_Key")


@dataclass(frozen=True)
class KeyPair:
    """A new key as PEM files' bytes: PKCS#8 and SubjectPublicKeyInfo."""

    signing: bytes = field(repr=False)
    public: bytes
    keyid: str


@dataclass(frozen=True)
class KeyFiles:
    """Where a new key pair was written."""

    signing: Path
    public: Path
    keyid: str


@dataclass(frozen=True)
class PublicKey:
    """What a verifier pins. `keyid` is the sha256 of the key's DER SubjectPublicKeyInfo, in lower-case hex."""

    key: Ed25519PublicKey | ec.EllipticCurvePublicKey
    keyid: str

    @property
    def algorithm(self) -> str:
        """`ed25519` or `ecdsa-p256-sha256`."""
        return "ed25519" if isinstance(self.key, Ed25519PublicKey) else "ecdsa-p256-sha256"

    @property
    def der(self) -> bytes:
        """The SubjectPublicKeyInfo that `keyid` names (RFC 8410; RFC 5480 with an uncompressed point)."""
        return _der(self.key)

    @property
    def pem(self) -> bytes:
        """The same as a `public.pem` holds it."""
        return self.key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether `signature` is this key's over exactly these bytes; any other spelling of one is none."""
        try:
            if isinstance(self.key, Ed25519PublicKey):
                self.key.verify(signature, data)
                return True
            if lower_s(signature) != signature:
                return False
            self.key.verify(signature, data, ec.ECDSA(SHA256()))
        except (InvalidSignature, ValueError):  # ValueError: no DER
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """Whoever holds the private key: signs bytes, and knows the public half."""

    sign: Callable[[bytes], bytes]
    public: PublicKey


def lower_s(signature: bytes) -> bytes:
    """An ECDSA signature on P-256 in its one accepted form: DER, and s at most half of the curve's order.

    (r, n - s) verifies wherever (r, s) does. Raises `ValueError` where the bytes are no DER of two integers.
    """
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, min(s, _ORDER - s))


def generate(passphrase: str | None = None) -> KeyPair:
    """A new Ed25519 key pair, its private half locked where there is a passphrase (PBES2: PBKDF2, AES-256)."""
    key = Ed25519PrivateKey.generate()
    lock = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    public = _known(key.public_key())
    return KeyPair(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock),
        public.pem,
        public.keyid,
    )


def write_keys(directory: Path, passphrase: str | None = None) -> KeyFiles:
    """Write a new `signing.pem` (for its owner alone) and `public.pem`; raises `BadInput` rather than overwrite."""
    signing, public = directory / SIGNING_FILE, directory / PUBLIC_FILE
    pair = generate(passphrase)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not public.exists():  # else nothing is written at all
            _write_new(signing, pair.signing, _PRIVATE_MODE)
        _write_new(public, pair.public, _PUBLIC_MODE)
    except OSError as error:
        subject, found = str(error.filename or directory), error.strerror or type(error).__name__
        raise BadInput(Fault(subject, found, "a place without keys", "Name another directory.")) from error
    return KeyFiles(signing, public, pair.keyid)


def refuse_key_text(text: str) -> None:
    """Raise `BadInput` where what should name a key is a key's own text, or no name at all; never shows it."""
    if "-----BEGIN" in text or len(text.splitlines()) > 1:
        remedy = "Put a private key's text into a variable, and name that: env:NAME."
        raise BadInput(Fault("key", "a key's own text, or several lines", "the name of its file", remedy))


def load_signer(path: Path, passphrase: Callable[[], str] | None = None) -> Signer:
    """The private key in a `signing.pem`; raises `BadInput` where it is none, another kind, or locked.

    `passphrase` is asked where the key is locked, and only there.
    """
    data = _read(path)
    return signer_from_pem(data, f"key {path}", passphrase)


def signer_from_pem(data: bytes, subject: str, passphrase: Callable[[], str] | None = None) -> Signer:
    """The private key in a PEM's bytes, as `load_signer` has it."""
    if b"PUBLIC KEY" in data:
        raise _bad_key(subject, "a public key", "the private key, signing.pem", "Whoever seals has it.")
    try:
        key: object = _parse(subject, lambda: serialization.load_pem_private_key(data, None))
    except TypeError:  # cryptography's word for a passphrase too few
        key = _unlock(data, subject, passphrase)
    if isinstance(key, Ed25519PrivateKey):
        return Signer(key.sign, _known(key.public_key()))
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        private = key
        return Signer(lambda data: lower_s(private.sign(data, ec.ECDSA(SHA256()))), _known(key.public_key()))
    raise _bad_key(subject, f"a key of another kind ({type(key).__name__})", KINDS)


def load_public(path: Path) -> PublicKey:
    """The public key in a `public.pem`; raises `BadInput` where it is none, or another kind."""
    data, subject = _read(path), f"key {path}"
    if b"PRIVATE KEY" in data:
        raise _bad_key(subject, "a private key", "the public key, public.pem", "The private one is for sealing alone.")
    return _supported(_parse(subject, lambda: serialization.load_pem_public_key(data)), subject)


def public_from_der(der: bytes, subject: str) -> PublicKey:
    """The public key in a SubjectPublicKeyInfo that a log holds.

    Raises `IntegrityBroken` where it is none, in another form than `PublicKey.der` gives, or of another kind.
    """
    try:
        public = _supported(serialization.load_der_public_key(der), subject)
    except (ValueError, UnsupportedAlgorithm):
        raise IntegrityBroken(Fault(subject, "bytes that are no public key", KINDS)) from None
    except BadInput as error:
        raise IntegrityBroken(error.faults) from None
    if public.der != der:
        raise IntegrityBroken(Fault(subject, "a public key in another form", "its one canonical DER"))
    return public


def _supported(key: object, subject: str) -> PublicKey:
    if isinstance(key, Ed25519PublicKey) or (
        isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    ):
        return _known(key)
    raise _bad_key(subject, f"a key of another kind ({type(key).__name__})", KINDS)


def _known(key: Ed25519PublicKey | ec.EllipticCurvePublicKey) -> PublicKey:
    return PublicKey(key, hashlib.sha256(_der(key)).hexdigest())


def _der(key: Ed25519PublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _unlock(data: bytes, subject: str, passphrase: Callable[[], str] | None) -> object:
    if passphrase is None:
        wanted = "its passphrase in RETROAUDIT_SIGNING_PASSPHRASE"
        raise BadInput(Fault(subject, "a key locked by a passphrase", wanted, "Set it, or call from a terminal."))
    try:
        return serialization.load_pem_private_key(data, passphrase().encode() or b"\0")  # an empty one is refused
    except ValueError:
        found, remedy = (
            "a key that this passphrase does not open",
            "Look at RETROAUDIT_SIGNING_PASSPHRASE, or type it again.",
        )
        raise BadInput(Fault(subject, found, "the passphrase it was locked by", remedy)) from None


def _write_new(path: Path, data: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        file.write(data)


def _read(path: Path) -> bytes:
    refuse_key_text(str(path))
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_FILE)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        found = getattr(error, "strerror", None) or "a name that cannot be used"
        raise _bad_key(f"key {path}", found, "a key file that can be read") from error


def _parse(subject: str, load: Callable[[], _Key]) -> _Key:
    try:
        return load()
    except (ValueError, UnsupportedAlgorithm):
        raise _bad_key(subject, "no key", "a PEM file as keygen writes it") from None


def _bad_key(subject: str, found: str, expected: str, remedy: str = _PAIR) -> BadInput:
    return BadInput(Fault(subject, found, expected, remedy))
