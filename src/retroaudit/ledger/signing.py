"""Ed25519 keys: made, kept in files, loaded, used. Private keys never enter a store."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from retroaudit.faults import BadInput, Fault

SIGNING_FILE = "signing.pem"
PUBLIC_FILE = "public.pem"
_LONGEST_FILE = 65_536
_PRIVATE_MODE = 0o600
_PUBLIC_MODE = 0o644
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

    key: Ed25519PublicKey
    keyid: str

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether `signature` is this key's over exactly these bytes."""
        try:
            self.key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """Whoever holds the private key: signs bytes, and knows the public half."""

    sign: Callable[[bytes], bytes]
    public: PublicKey


def generate() -> KeyPair:
    """A new key pair."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key()
    return KeyPair(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        _public(public).keyid,
    )


def write_keys(directory: Path) -> KeyFiles:
    """Write a new `signing.pem` (for its owner alone) and `public.pem`; raises `BadInput` rather than overwrite."""
    signing, public = directory / SIGNING_FILE, directory / PUBLIC_FILE
    pair = generate()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not public.exists():  # else nothing is written at all
            _write_new(signing, pair.signing, _PRIVATE_MODE)
        _write_new(public, pair.public, _PUBLIC_MODE)
    except OSError as error:
        subject, found = str(error.filename or directory), error.strerror or type(error).__name__
        raise BadInput(Fault(subject, found, "a place without keys", "Name another directory.")) from error
    return KeyFiles(signing, public, pair.keyid)


def load_signer(path: Path) -> Signer:
    """The private key in a `signing.pem`; raises `BadInput` where it is none, another kind, or locked."""
    data = _read(path)
    if b"PUBLIC KEY" in data:
        raise _bad_key(path, "a public key", "the private key, signing.pem")
    try:
        key = _parse(path, lambda: serialization.load_pem_private_key(data, None))
    except TypeError:  # cryptography's word for a passphrase too few
        raise _bad_key(path, "a key locked by a passphrase", "a key without one") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _bad_key(path, f"a key of another kind ({type(key).__name__})", "an Ed25519 private key")
    return Signer(key.sign, _public(key.public_key()))


def load_public(path: Path) -> PublicKey:
    """The public key in a `public.pem`; raises `BadInput` where it is none, or another kind."""
    data = _read(path)
    if b"PRIVATE KEY" in data:
        raise _bad_key(path, "a private key", "the public key, public.pem")
    key = _parse(path, lambda: serialization.load_pem_public_key(data))
    if not isinstance(key, Ed25519PublicKey):
        raise _bad_key(path, f"a key of another kind ({type(key).__name__})", "an Ed25519 public key")
    return _public(key)


def _public(key: Ed25519PublicKey) -> PublicKey:
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(key, hashlib.sha256(der).hexdigest())


def _write_new(path: Path, data: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        file.write(data)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_FILE)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        found = getattr(error, "strerror", None) or "a name that cannot be used"
        raise _bad_key(path, found, "a key file that can be read") from error


def _parse(path: Path, load: Callable[[], _Key]) -> _Key:
    try:
        return load()
    except (ValueError, UnsupportedAlgorithm):
        raise _bad_key(path, "no key", "a PEM file as keygen writes it") from None


def _bad_key(path: Path, found: str, expected: str) -> BadInput:
    return BadInput(Fault(f"key {path}", found, expected, "`retroaudit keygen --out DIR` makes a pair."))
