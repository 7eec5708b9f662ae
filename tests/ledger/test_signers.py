from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from moto import mock_aws
from moto.core.exceptions import JsonRESTError
from moto.kms.utils import ECDSAPrivateKey

from retroaudit.faults import BadInput
from retroaudit.ledger.envelope import unwrap, wrap
from retroaudit.ledger.signers import PASSPHRASE, open_signer
from retroaudit.ledger.signing import generate, load_public, write_keys

LOCK = "correct horse battery"
# SEC 2, 2.4.2: the order of secp256r1
N = int("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", 16)


@pytest.fixture(autouse=True)
def no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSPHRASE, raising=False)


def test_a_file(tmp_path: Path) -> None:
    made = write_keys(tmp_path)
    assert open_signer(made.signing).public == load_public(made.public)
    assert open_signer(str(made.signing)).public == load_public(made.public)


def test_a_locked_file_opens_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = write_keys(tmp_path, LOCK)
    monkeypatch.setenv(PASSPHRASE, LOCK)
    assert open_signer(made.signing, passphrase=lambda: "not asked").public == load_public(made.public)


def test_a_locked_file_opens_by_whoever_is_asked(tmp_path: Path) -> None:
    made = write_keys(tmp_path, LOCK)
    assert open_signer(made.signing, passphrase=lambda: LOCK).public == load_public(made.public)


def test_a_locked_file_stays_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = write_keys(tmp_path, LOCK)
    with pytest.raises(BadInput, match=f"locked by a passphrase.*{PASSPHRASE}"):
        open_signer(made.signing)
    for wrong in ("", "Correct horse battery", "\udcff"):
        monkeypatch.setenv(PASSPHRASE, wrong)
        with pytest.raises(BadInput, match="does not open"):
            open_signer(made.signing)


@pytest.mark.parametrize("lock", [None, LOCK])
def test_a_key_in_the_environment(lock: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = generate(lock)
    monkeypatch.setenv("LOG_KEY", pair.signing.decode())
    assert open_signer("env:LOG_KEY", passphrase=lambda: LOCK).public.keyid == pair.keyid


@pytest.mark.parametrize("text", ["", "hunter2", "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"])
def test_what_the_environment_holds_is_never_shown(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_KEY", text)
    with pytest.raises(BadInput, match="env:LOG_KEY") as caught:
        open_signer("env:LOG_KEY")
    assert "hunter2" not in str(caught.value)


def test_a_variable_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOG_KEY", raising=False)
    with pytest.raises(BadInput, match="no such variable"):
        open_signer("env:LOG_KEY")


@pytest.mark.parametrize(
    "reference",
    [
        "env:",
        "env:A B",
        "awskms://host/alias/log",
        "awskms:///",
        "awskms:///alias/ä",
        "awskms:///alias/log?x=hunter2",
        "gcpkms://projects/hunter2",
        "https://hunter2@example.org/key",
    ],
)
def test_references_of_other_kinds(reference: str) -> None:
    with pytest.raises(BadInput, match="another kind") as caught:
        open_signer(reference)
    assert "hunter2" not in str(caught.value)


def test_a_keys_own_text_in_the_place_of_its_name_is_never_shown() -> None:
    """As `--key "$(cat signing.pem)"` gives it, whole or without its first line."""
    text = generate().signing.decode()
    secret = text.splitlines()[1]
    for pasted in (text, text.strip(), text.partition("\n")[2], text.replace("\n", " "), f"{secret}\r\n{secret}"):
        for openly in (open_signer, lambda it: open_signer(Path(it)), lambda it: load_public(Path(it))):
            with pytest.raises(BadInput, match=r"a key's own text.*env:NAME") as caught:
                openly(pasted)
            assert secret not in str(caught.value)
            assert secret not in repr(caught.value.faults)


def test_a_wrong_passphrase_is_not_answered_by_another_key(tmp_path: Path) -> None:
    made = write_keys(tmp_path, LOCK)
    for ask in (None, lambda: "wrong"):
        with pytest.raises(BadInput) as caught:
            open_signer(made.signing, passphrase=ask)
        assert "keygen" not in str(caught.value)


def test_credentials_that_fail_are_told_as_on_s3(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    del kms
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(BadInput, match=r"an access key without its secret key.*AWS_SECRET_ACCESS_KEY"):
        open_signer("awskms:///alias/log")


def test_a_path_is_a_file_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = write_keys(tmp_path)
    monkeypatch.chdir(tmp_path)
    made.signing.rename("env:KEY")
    assert open_signer(Path("env:KEY")).public.keyid == made.keyid


def as_aws_signs(key: ECDSAPrivateKey, message: bytes, signing_algorithm: str) -> bytes:
    """What moto leaves out: a DIGEST is signed as it is (AWS KMS, API reference of Sign, MessageType)."""
    assert signing_algorithm == "ECDSA_SHA_256"
    signature: bytes = key.private_key.sign(message, ec.ECDSA(Prehashed(hashes.SHA256())))
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, s if secrets.randbelow(2) else N - s)  # as KMS may give either


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield boto3.session.Session().client("kms")


def key_of(kms: Any, kind: str = "ECC_NIST_P256") -> dict[str, Any]:
    made = kms.create_key(KeySpec=kind, KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    kms.create_alias(AliasName="alias/log", TargetKeyId=made["KeyId"])
    return dict(made)


def test_a_key_in_kms_signs_what_anybody_can_verify(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ECDSAPrivateKey, "sign", as_aws_signs)
    made = key_of(kms)
    der = kms.get_public_key(KeyId=made["KeyId"])["PublicKey"]
    outside = serialization.load_der_public_key(der)
    assert isinstance(outside, ec.EllipticCurvePublicKey)
    for name in (made["Arn"], made["KeyId"], "alias/log"):
        signer = open_signer(f"awskms:///{name}")
        assert signer.public.algorithm == "ecdsa-p256-sha256"
        assert signer.public.keyid == hashlib.sha256(der).hexdigest()
        for size in (0, 1, 4096, 4097, 100_000):  # 4,096 bytes is what KMS takes of a message itself
            signature = signer.sign(b"x" * size)
            assert signer.public.verifies(signature, b"x" * size)
            outside.verify(signature, b"x" * size, ec.ECDSA(hashes.SHA256()))
            assert decode_dss_signature(signature)[1] <= N // 2


def test_an_envelope_signed_by_kms(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ECDSAPrivateKey, "sign", as_aws_signs)
    signer = open_signer(f"awskms:///{key_of(kms)['Arn']}")
    one, other = (wrap(b"{}", "application/json", signer) for _ in range(2))
    assert one != other  # ECDSA is not deterministic
    assert all(unwrap(each, "application/json", "it").signed_by(signer.public) for each in (one, other))


def test_an_arn_names_its_region(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = key_of(kms)["Arn"]
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert open_signer(f"awskms:///{arn}").public.algorithm == "ecdsa-p256-sha256"
    with pytest.raises(BadInput, match="no such key"):
        open_signer("awskms:///alias/log")


def test_what_does_not_verify_is_never_given_out(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = open_signer(f"awskms:///{key_of(kms)['Arn']}")
    with pytest.raises(BadInput, match="does not verify"):
        signer.sign(b"bytes")  # moto hashes what it was told is a digest
    monkeypatch.setattr(ECDSAPrivateKey, "sign", lambda *_: b"garbage")
    with pytest.raises(BadInput, match="does not verify"):
        signer.sign(b"bytes")


@pytest.mark.parametrize("kind", ["ECC_NIST_P384", "ECC_SECG_P256K1", "RSA_2048"])
def test_keys_of_other_kinds_are_refused(kms: Any, kind: str) -> None:
    with pytest.raises(BadInput, match="another kind"):
        open_signer(f"awskms:///{key_of(kms, kind)['Arn']}")


def test_a_key_that_is_not_there(kms: Any) -> None:
    del kms
    with pytest.raises(BadInput, match="no such key") as caught:
        open_signer("awskms:///alias/nothing")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "word"),
    [("DisabledException", "disabled"), ("AccessDeniedException", "access denied"), ("SomethingNew", "SomethingNew")],
)
def test_a_refusal_while_signing(kms: Any, kind: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = open_signer(f"awskms:///{key_of(kms)['Arn']}")

    def refuse(*_: object) -> bytes:
        raise JsonRESTError(kind, "hunter2")

    monkeypatch.setattr(ECDSAPrivateKey, "sign", refuse)
    with pytest.raises(BadInput, match=word) as caught:
        signer.sign(b"bytes")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value", "word"),
    [
        ("AWS_DEFAULT_REGION", None, "no region"),
        ("AWS_ENDPOINT_URL", "no url", "no URL"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1", "no answer"),
    ],
)
def test_a_service_that_cannot_be_reached(
    variable: str, value: str | None, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("retroaudit.ledger.kms._SETTINGS", None)  # one attempt
    if value is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, value)
    with pytest.raises(BadInput, match=word):
        open_signer("awskms:///alias/log")
