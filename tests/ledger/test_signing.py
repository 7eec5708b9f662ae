from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger.signing import (
    generate,
    load_public,
    load_signer,
    lower_s,
    public_from_der,
    signer_from_pem,
    write_keys,
)

# SEC 2, 2.4.2: the order of secp256r1
N = int("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", 16)
Private = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed448.Ed448PrivateKey


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem(key: Private, passphrase: bytes = b"") -> bytes:
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def public_pem(key: Private) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def public_der(key: Private) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def flip(data: bytes, bit: int) -> bytes:
    return bytes(byte ^ (1 << bit % 8 if bit // 8 == place else 0) for place, byte in enumerate(data))


SIGNERS = {
    "ed25519": signer_from_pem(generate().signing, "key"),
    "ecdsa-p256-sha256": signer_from_pem(pem(p256()), "key"),
}


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
    path.write_bytes(pem(ed25519.Ed25519PrivateKey.generate(), b"open sesame"))
    with pytest.raises(BadInput, match=r"locked by a passphrase.*RETROAUDIT_SIGNING_PASSPHRASE"):
        load_signer(path)


def test_a_passphrase_opens_its_key_alone(tmp_path: Path) -> None:
    made = write_keys(tmp_path, "correct horse ünd")
    assert made.signing.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert load_signer(made.signing, lambda: "correct horse ünd").public == load_public(made.public)
    for wrong in ("correct horse und", "", "x" * 5000):
        with pytest.raises(BadInput, match="does not open") as caught:
            load_signer(made.signing, lambda wrong=wrong: wrong)  # type: ignore[misc]
        assert "correct horse" not in str(caught.value)


def test_nobody_is_asked_where_nothing_is_locked(tmp_path: Path) -> None:
    def ask() -> str:
        raise AssertionError

    assert load_signer(write_keys(tmp_path).signing, ask)


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


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65537, 2048),
        ed448.Ed448PrivateKey.generate(),
    ],
    ids=["P-384", "secp256k1", "RSA", "Ed448"],
)
def test_a_key_of_another_kind_is_named(tmp_path: Path, key: Private) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    private.write_bytes(pem(key))
    public.write_bytes(public_pem(key))
    with pytest.raises(BadInput, match="another kind"):
        load_signer(private)
    with pytest.raises(BadInput, match="another kind"):
        load_public(public)
    with pytest.raises(IntegrityBroken, match=r"leaf 3.*another kind"):
        public_from_der(public_der(key), "leaf 3")


def test_a_key_on_p256_in_files(tmp_path: Path) -> None:
    key = p256()
    (tmp_path / "signing.pem").write_bytes(pem(key))
    (tmp_path / "public.pem").write_bytes(public_pem(key))
    public = load_public(tmp_path / "public.pem")
    assert public.pem == public_pem(key)
    assert public.verifies(load_signer(tmp_path / "signing.pem").sign(b"bytes"), b"bytes")


def test_a_log_holds_a_key_in_one_form_only() -> None:
    key = p256()
    public = public_from_der(public_der(key), "leaf 0")
    assert (public.algorithm, public.der) == ("ecdsa-p256-sha256", public_der(key))
    assert public.keyid == hashlib.sha256(public_der(key)).hexdigest()
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    # RFC 5480, 2: id-ecPublicKey, secp256r1, and a BIT STRING, here of the 33 bytes of a compressed point
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point
    with pytest.raises(IntegrityBroken, match="another form"):
        public_from_der(compressed, "leaf 0")
    for garbage in (b"", b"key", public.der[:-1], public.der + b"\0", public.pem):
        with pytest.raises(IntegrityBroken, match="no public key"):
            public_from_der(garbage, "leaf 0")


@given(st.binary())
def test_no_bytes_but_a_key_are_a_key(data: bytes) -> None:
    with pytest.raises(IntegrityBroken):
        public_from_der(data, "leaf 0")


@given(st.binary(max_size=100), st.integers(0))
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa-p256-sha256"])
def test_no_flipped_bit_of_a_signature_verifies(kind: str, message: bytes, bit: int) -> None:
    signer = SIGNERS[kind]
    signature = signer.sign(message)
    assert signer.public.algorithm == kind
    assert signer.public.verifies(signature, message)
    assert not signer.public.verifies(flip(signature, bit % (8 * len(signature))), message)
    assert not signer.public.verifies(signature + b"\0", message)
    assert not signer.public.verifies(signature[:-1], message)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa-p256-sha256"])
def test_every_flipped_bit_of_one_signature_and_message(kind: str) -> None:
    signer, message = SIGNERS[kind], b"commit 42"
    signature = signer.sign(message)
    assert not any(signer.public.verifies(flip(signature, bit), message) for bit in range(8 * len(signature)))
    assert not any(signer.public.verifies(signature, flip(message, bit)) for bit in range(8 * len(message)))


@given(st.binary(max_size=100))
def test_the_other_half_of_an_ecdsa_signature_is_refused(message: bytes) -> None:
    key = p256()
    signer = signer_from_pem(pem(key), "key")
    r, s = decode_dss_signature(signer.sign(message))
    assert s <= N // 2
    other = encode_dss_signature(r, N - s)
    key.public_key().verify(other, message, ec.ECDSA(hashes.SHA256()))  # as ECDSA has it, both are good
    assert not signer.public.verifies(other, message)
    assert lower_s(other) == encode_dss_signature(r, s)


@pytest.mark.parametrize("numbers", [(0, 0), (0, 1), (1, 0), (N, N), (1, N), (2**300, 2**300)])
def test_numbers_out_of_range_are_no_signature(numbers: tuple[int, int]) -> None:
    assert not SIGNERS["ecdsa-p256-sha256"].public.verifies(encode_dss_signature(*numbers), b"bytes")


def test_a_signature_of_somebody_else() -> None:
    # RFC 6979, A.2.5: P-256 with SHA-256, message "sample"; its s lies in the upper half and is refused as it stands
    private = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    r = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
    s = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
    key = ec.derive_private_key(private, ec.SECP256R1())
    public = public_from_der(public_der(key), "key")
    published = encode_dss_signature(r, s)
    assert not public.verifies(published, b"sample")
    assert public.verifies(lower_s(published), b"sample")
    assert lower_s(published) == encode_dss_signature(r, N - s)


def test_ed25519_gives_the_same_bytes_each_time() -> None:
    # RFC 8032, 7.1, test 2
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    signer = signer_from_pem(pem(ed25519.Ed25519PrivateKey.from_private_bytes(seed)), "key")
    assert signer.sign(b"\x72") == signature
    assert signer.public.verifies(signature, b"\x72")


def test_keys_are_not_shown() -> None:
    pair = generate()
    assert isinstance(serialization.load_pem_private_key(pair.signing, None), ed25519.Ed25519PrivateKey)
    assert "PRIVATE" not in repr(pair)
