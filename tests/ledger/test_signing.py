from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from retroaudit.faults import BadInput
from retroaudit.ledger.signing import generate, load_public, load_signer, write_keys


def test_what_a_new_key_signs_its_public_half_verifies(tmp_path: Path) -> None:
    made = write_keys(tmp_path / "keys")
    signer, public = load_signer(made.signing), load_public(made.public)
    assert signer.public.keyid == public.keyid == made.keyid
    signature = signer.sign(b"bytes")
    assert public.verifies(signature, b"bytes")
    assert not public.verifies(signature, b"other")
    assert not public.verifies(b"", b"bytes")


def test_the_private_key_is_its_owners_alone(tmp_path: Path) -> None:
    made = write_keys(tmp_path)
    assert stat.S_IMODE(made.signing.stat().st_mode) == 0o600
    assert made.signing.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")  # PKCS#8
    assert made.public.read_bytes().startswith(b"-----BEGIN PUBLIC KEY-----\n")


def test_the_key_id_is_the_hash_of_the_public_keys_der(tmp_path: Path) -> None:
    # RFC 8410, 10.1: an Ed25519 public key in PEM; its DER is the 12 bytes of the algorithm and the key
    pem = (
        b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
        b"-----END PUBLIC KEY-----\n"
    )
    der = bytes.fromhex("302a300506032b6570032100 19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1")
    path = tmp_path / "public.pem"
    path.write_bytes(pem)
    assert load_public(path).keyid == hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("there", ["signing.pem", "public.pem"])
def test_a_key_is_never_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_bytes(b"mine")
    with pytest.raises(BadInput, match="File exists"):
        write_keys(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_bytes() == b"mine"


def test_a_place_that_cannot_hold_keys(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadInput, match="Not a directory"):
        write_keys(tmp_path / "file" / "below")


def test_a_locked_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    lock = serialization.BestAvailableEncryption(b"open sesame")
    key = ed25519.Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock))
    with pytest.raises(BadInput, match="locked by a passphrase"):
        load_signer(path)


def test_the_wrong_half_is_named(tmp_path: Path) -> None:
    made = write_keys(tmp_path)
    with pytest.raises(BadInput, match="a public key, expected the private key"):
        load_signer(made.public)
    with pytest.raises(BadInput, match="a private key, expected the public key"):
        load_public(made.signing)


@pytest.mark.parametrize(
    "garbage", [b"", b"not a key", b"\xff\0", b"-----BEGIN PRIVATE KEY-----\nMII=\n", b"x" * 10**6]
)
def test_garbage_is_no_key(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(garbage)
    with pytest.raises(BadInput, match="no key"):
        load_signer(path)
    with pytest.raises(BadInput):
        load_public(path)


@pytest.mark.parametrize("name", ["nothing.pem", ".", "nul\0"])
def test_a_file_that_is_not_there_is_no_key(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="can be read"):
        load_signer(tmp_path / name)
    with pytest.raises(BadInput, match="can be read"):
        load_public(tmp_path / name)


def test_a_key_of_another_kind_is_named(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(BadInput, match="another kind"):
        load_signer(private)
    with pytest.raises(BadInput, match="another kind"):
        load_public(public)


def test_keys_are_not_shown() -> None:
    pair = generate()
    assert isinstance(serialization.load_pem_private_key(pair.signing, None), ed25519.Ed25519PrivateKey)
    assert "PRIVATE" not in repr(pair)
