"""A bucket for a store: what it is, and how it is made. All of it is for its administrator."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from retroaudit.faults import BadInput, Fault
from retroaudit.storage.answers import code
from retroaudit.storage.connecting import is_amazon

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NOT_SET: Final = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "ObjectLockConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
_DAYS_A_YEAR: Final = 365


@dataclass(frozen=True)
class Bucket:
    """What a bucket is, as far as these credentials may look; `unseen` names the facts that they may not see."""

    versioned: bool
    locks: bool
    mode: str | None  # of the default retention: COMPLIANCE or GOVERNANCE; None: no default
    days: int  # of the default retention; 0: no default
    encryption: str | None  # AES256, aws:kms, or None: no default
    statements: Sequence[Mapping[str, Any]]  # of its policy
    expires: bool  # whether a lifecycle rule hides or removes objects
    skew: float  # seconds that this machine's clock is ahead of the server's; 0 where the server does not say
    unseen: frozenset[str] = frozenset()


def look(client: S3Client, name: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Bucket | None:
    """The bucket as it is, None where there is none. Raises boto3's errors where the server is out of reach."""
    unseen: set[str] = set()
    ask = _Asking(name, unseen)
    versioning = ask("versioning", client.get_bucket_versioning)
    if versioning is None:
        return None
    skew = _skew(versioning, clock())
    lock = (ask("lock", client.get_object_lock_configuration) or {}).get("ObjectLockConfiguration", {})
    default = lock.get("Rule", {}).get("DefaultRetention", {})
    policy = (ask("policy", client.get_bucket_policy) or {}).get("Policy", "{}")
    rules = (ask("lifecycle", client.get_bucket_lifecycle_configuration) or {}).get("Rules", [])
    return Bucket(
        versioned=versioning.get("Status") == "Enabled",
        locks=lock.get("ObjectLockEnabled") == "Enabled",
        mode=default.get("Mode"),
        days=default.get("Days", 0) + default.get("Years", 0) * _DAYS_A_YEAR,
        encryption=_algorithm(ask("encryption", client.get_bucket_encryption) or {}),
        statements=_statements(name, policy),
        expires=any(_expires(rule) for rule in rules),
        skew=skew,
        unseen=frozenset(unseen),
    )


def create(client: S3Client, name: str) -> None:
    """A bucket that keeps versions and can lock them: a server sets the lock only as it makes the bucket."""
    where: dict[str, Any] = {}
    if is_amazon(client) and client.meta.region_name != "us-east-1":
        where = {"CreateBucketConfiguration": {"LocationConstraint": client.meta.region_name}}
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True, **where)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    if is_amazon(client):
        closed = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
        untyped: Any = client
        untyped.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=closed)


def lock_by_default(client: S3Client, name: str, days: int) -> None:
    """Every version that is put from now on is locked for so many days, and nobody can shorten that."""
    rule: Any = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": days}}
    client.put_object_lock_configuration(
        Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )


def encrypt_by_default(client: S3Client, name: str, encryption: Mapping[str, str]) -> None:
    """Every object is encrypted at rest as `connecting.encryption` says; nothing where that is empty."""
    if encryption:
        how = {"SSEAlgorithm": encryption["ServerSideEncryption"]}
        if "SSEKMSKeyId" in encryption:
            how["KMSMasterKeyID"] = encryption["SSEKMSKeyId"]
        rules: Any = [{"ApplyServerSideEncryptionByDefault": how}]
        client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})


class _Asking:
    """Asks for one property after another; what is not set is empty, what we may not see is noted."""

    def __init__(self, bucket: str, unseen: set[str]) -> None:
        self._bucket, self._unseen = bucket, unseen

    def __call__(self, fact: str, call: Callable[..., Any]) -> Mapping[str, Any] | None:
        """The answer; {} where there is nothing or we may not look; None where there is no bucket."""
        try:
            found: Mapping[str, Any] = call(Bucket=self._bucket)
        except ClientError as error:
            if code(error) == "NoSuchBucket":
                return None
            if code(error) in {"AccessDenied", "403", "NotImplemented"}:
                self._unseen.add(fact)
                return {}
            if code(error) in _NOT_SET:
                return {}
            raise
        return found


def _statements(name: str, policy: str) -> Sequence[Mapping[str, Any]]:
    try:
        found = json.loads(policy).get("Statement", [])
    except (AttributeError, ValueError):
        raise BadInput(Fault(f"s3://{name}", "a policy that is no JSON object", "a bucket policy")) from None
    return [found] if isinstance(found, dict) else found


def _algorithm(found: Mapping[str, Any]) -> str | None:
    rules = found.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    named = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules]
    return next((name for name in named if name), None)


def _expires(rule: Mapping[str, Any]) -> bool:
    return rule.get("Status") == "Enabled" and bool({"Expiration", "NoncurrentVersionExpiration"} & set(rule))


def _skew(answer: Mapping[str, Any], now: datetime) -> float:
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    try:
        return (now - parsedate_to_datetime(date)).total_seconds() if date else 0.0
    except (TypeError, ValueError):
        return 0.0
