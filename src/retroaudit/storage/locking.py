"""Versions and locks of S3 objects: what a server keeps, and until when nobody can delete it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from retroaudit.faults import BadInput, Fault
from retroaudit.storage.answers import ABSENT, code
from retroaudit.storage.protocol import ObjectVersion, Retention

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NO_LOCK: Final = frozenset(
    {
        "InvalidRequest",  # the bucket has no Object Lock
        "NoSuchObjectLockConfiguration",
        "ObjectLockConfigurationNotFoundError",
    }
)


def has_lock(client: S3Client, bucket: str) -> bool:
    """Whether the bucket locks objects; raises boto3's `ClientError` where we may not ask."""
    try:
        found = client.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    except ClientError as error:
        if code(error) in _NO_LOCK:
            return False
        raise
    return found.get("ObjectLockEnabled") == "Enabled"


def retention(client: S3Client, bucket: str, key: str, version: str | None) -> Retention | None:
    """How a version is locked; None where it is not. Raises boto3's `ClientError`, and `BadInput` where it is absent.

    The HEAD tells it all; where it tells nothing we ask once more, since it is silent too where we may not know.
    """
    which: dict[str, Any] = {"Bucket": bucket, "Key": key, **({} if version is None else {"VersionId": version})}
    server: Any = client  # its stubs take for sure what servers leave out
    try:
        found = server.head_object(**which)
        mode, until = found.get("ObjectLockMode"), found.get("ObjectLockRetainUntilDate")
        held = found.get("ObjectLockLegalHoldStatus") == "ON"
        if mode is None and not held:
            found = server.get_object_retention(**which).get("Retention", {})
            mode, until = found.get("Mode"), found.get("RetainUntilDate")
    except ClientError as error:
        if code(error) in _NO_LOCK:
            return None
        if code(error) in ABSENT:
            raise BadInput(Fault(key, "no such object", "an object whose lock can be told")) from None
        raise
    return Retention(mode, until and until.astimezone(UTC), held) if mode or held else None


def in_order(pages: Iterable[Mapping[str, Any]], *, sorted_by_server: bool) -> Iterator[ObjectVersion]:
    """The pages' versions and delete markers by whole key, oldest first.

    Servers name the newest first. Times are whole seconds on AWS: of one second, what is named later is older, a
    delete marker follows what it hides, and the present version is the last. A server that keeps its keys in folders
    names them in another order, so that all of them must be known first; else they are passed on key by key.
    """
    found: Iterator[Mapping[str, Any]] = chain.from_iterable(_both(page) for page in pages)
    if not sorted_by_server:
        found = iter(sorted(found, key=lambda each: _order(each["Key"])))
    for _, of_key in groupby(found, key=lambda each: each["Key"]):
        newest_first = sorted(of_key, key=_age, reverse=True)  # stable: of one age, the server's order stays
        yield from (_version(each) for each in reversed(newest_first))


def _both(page: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
    return iter(sorted(found, key=lambda each: _order(each["Key"])))


def _order(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _age(found: Mapping[str, Any]) -> tuple[bool, datetime, bool]:
    return found["IsLatest"], found["LastModified"], "Size" not in found


def _version(found: Mapping[str, Any]) -> ObjectVersion:
    modified = found["LastModified"].astimezone(UTC).replace(microsecond=0)
    return ObjectVersion(found["Key"], found["VersionId"], found.get("Size", 0), modified, "Size" not in found)
