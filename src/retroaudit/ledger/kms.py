"""A signing key that never leaves AWS KMS: of kind ECC_NIST_P256, used with ECDSA_SHA_256. One request a signature.

Its role needs `kms:GetPublicKey` and `kms:Sign` on this key, and nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger.signing import PublicKey, Signer, lower_s, public_from_der
from retroaudit.storage.refusals import Refusal, kind_of, refusal

_ALGORITHM: Final = "ECDSA_SHA_256"
_EXPECTED: Final = "a key in AWS KMS of kind ECC_NIST_P256 for SIGN_VERIFY"
_SETTINGS: Final = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=30)
_ARN: Final = re.compile(r"arn:[a-z-]+:kms:(?P<region>[a-z0-9-]+):")
_WORDS: Final = {
    "NotFoundException": "no such key",
    "AccessDeniedException": "access denied",
    "DisabledException": "a key that is disabled",
    "KMSInvalidStateException": "a key that is about to be deleted, or not ready",
}


def connect(key: str) -> Signer:
    """The key of this ARN, id or alias (`alias/name`), with region and credentials from AWS's usual places.

    A key's ARN names its region itself. Raises `BadInput`, at once or on signing, where the key is missing, closed
    to us, out of reach or of another kind, and where what it signs does not verify.
    """
    subject = f"key awskms:///{key}"
    with _as_faults(subject):
        client: Any = boto3.session.Session(region_name=_region(key)).client("kms", config=_SETTINGS)
        found = client.get_public_key(KeyId=key)
    public = _public(found, subject)

    def sign(data: bytes) -> bytes:
        digest = hashlib.sha256(data).digest()  # a message itself may have 4,096 bytes, no more
        with _as_faults(subject):
            answer = client.sign(KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm=_ALGORITHM)
        return _checked(answer["Signature"], data, public, subject)

    return Signer(sign, public)


def _public(found: Mapping[str, Any], subject: str) -> PublicKey:
    try:
        if found.get("SigningAlgorithms") == [_ALGORITHM]:
            return public_from_der(found["PublicKey"], subject)
    except IntegrityBroken:  # ECC_SECG_P256K1 has the same algorithm
        pass
    raise BadInput(Fault(subject, "a key of another kind", _EXPECTED))


def _region(key: str) -> str | None:
    """That of `arn:aws:kms:REGION:ACCOUNT:key/ID`; None where the key is no ARN."""
    arn = _ARN.match(key)
    return arn["region"] if arn else None


def _checked(signature: bytes, data: bytes, public: PublicKey, subject: str) -> bytes:
    """The signature in its one form, since nothing may be stored that no verifier would take."""
    try:
        signature = lower_s(signature)
    except ValueError:
        signature = b""
    if not public.verifies(signature, data):
        remedy = "An alias may have been moved to another key: name the key by its ARN."
        raise BadInput(Fault(subject, "a signature that does not verify", "one of its own public key", remedy))
    return signature


@contextmanager
def _as_faults(subject: str) -> Iterator[None]:
    """The service's refusal in our words: its kind alone, since the text of an error may hold secrets."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        kind = kind_of(error)
    except ValueError:  # an endpoint that is no URL
        kind = "an endpoint that is no URL"
    else:
        return
    remedy = "Look at AWS_*, and at the key's policy: kms:GetPublicKey and kms:Sign."
    found = Refusal(_WORDS[kind], remedy) if kind in _WORDS else refusal(kind, remedy)
    raise BadInput(Fault(subject, found.words, _EXPECTED, found.remedy)) from None
