"""S3 and what speaks like it, as a storage. Only this and the modules that it is made of know boto3."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.storage import locking
from retroaudit.storage.answers import ABSENT, BEYOND_END, EXISTS, REFUSED, Patience, as_faults, code, marks_deletion
from retroaudit.storage.connecting import OPENING_SECONDS, WORKING_SECONDS, client_of, encryption, is_amazon
from retroaudit.storage.probing import is_probe
from retroaudit.storage.protocol import WORKSHOP, ObjectInfo, ObjectVersion, Retention

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK: Final = 1 << 20
_AT_ONCE: Final = 16  # requests


@dataclass(frozen=True)
class S3Storage:
    """Objects of `bucket` below `prefix`. With `versioned`, identity is the version id, else the ETag.

    With `append_only` a delete marker is `IntegrityBroken`, never an absent object.
    """

    client: S3Client = field(repr=False)
    bucket: str
    prefix: str  # without slashes at its ends; may be empty
    versioned: bool
    append_only: bool = False
    locks: bool = False  # whether the bucket has Object Lock
    encryption: Mapping[str, str] = field(default_factory=dict, hash=False)  # parameters of each PUT
    patience: Patience = field(default_factory=lambda: Patience(WORKING_SECONDS), repr=False, compare=False)

    @property
    def url(self) -> str:
        """The root as `s3://bucket/prefix`."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """The present version of every object; folder markers (keys that end in `/`) are left out.

        Sorted here: servers that keep keys in folders list `a/x` before `a-b`, AWS the other way round.
        """
        with as_faults(self.url):
            infos = [
                self._info(key, found, found["Size"])
                for found in self._latest(self._name(prefix))
                if not _is_stray(key := found["Key"].removeprefix(self._name("")))
            ]
        yield from sorted(infos, key=lambda info: info.key.encode("utf-8", "surrogatepass"))

    def strays(self) -> Iterator[str]:
        """The workshop's objects but for our own probes, and folder markers."""
        with as_faults(self.url):
            keys = [found["Key"].removeprefix(self._name("")) for found in self._latest(self._name(""))]
        yield from sorted(key for key in keys if key and _is_stray(key) and not is_probe(key))

    def versions(self, prefix: str = "") -> Iterator[ObjectVersion]:
        """Every version and delete marker, the workshop's too; where the bucket keeps none, what is there ("null").

        Of one second's versions the order is the server's, with the present one last.
        """
        own, amazon = self._name(""), is_amazon(self.client)
        with as_faults(self.url):
            pages = self.client.get_paginator("list_object_versions").paginate(
                Bucket=self.bucket, Prefix=self._name(prefix)
            )
            for found in locking.in_order(pages, sorted_by_server=amazon):
                yield replace(found, key=found.key.removeprefix(own))

    def retention(self, key: str, version: str | None = None) -> Retention | None:
        """How the server locks a version."""
        with as_faults(self.url):
            return locking.retention(self.client, self.bucket, self._name(key), version)

    def extend(self, key: str, until: datetime) -> None:
        """A COMPLIANCE lock can only ever be made longer; for objects that several reports share."""
        if not self.locks:
            return
        there = self.retention(key)
        if there is None or there.until is None or there.until < until:
            with as_faults(f"{self.url}/{key}"):
                self.client.put_object_retention(
                    Bucket=self.bucket,
                    Key=self._name(key),
                    Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until},
                )

    def hold(self, key: str, *, on: bool) -> None:
        """Set or lift the legal hold; a HEAD goes before it, since not every server says that nothing is there."""
        if self.head(key) is None:
            raise BadInput(Fault(key, "no such object", f"an object in {self.url}"))
        with as_faults(f"{self.url}/{key}"):
            self.client.put_object_legal_hold(
                Bucket=self.bucket, Key=self._name(key), LegalHold={"Status": "ON" if on else "OFF"}
            )

    def head(self, key: str) -> ObjectInfo | None:
        """What the server says of the present version."""
        with as_faults(self.url):
            try:
                found = self.client.head_object(Bucket=self.bucket, Key=self._name(key))
            except ClientError as error:
                if code(error) in ABSENT:
                    self._refuse_deleted(key, error)
                    return None
                raise
            return self._info(key, found, found["ContentLength"])

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of one version; fewer, or none, where it ends earlier."""
        if length == 0:
            return b""
        extra: dict[str, Any] = {"VersionId": version} if version is not None else {}
        if start or length is not None:
            extra["Range"] = f"bytes={start}-" + ("" if length is None else str(start + length - 1))
        which: dict[str, Any] = {"Bucket": self.bucket, "Key": self._name(key), **extra}
        with as_faults(self.url):
            try:
                return self.patience.through(lambda: _whole(self.client.get_object(**which)["Body"]))
            except ClientError as error:
                if code(error) in BEYOND_END:
                    return b""
                if code(error) in ABSENT:
                    self._refuse_deleted(key, error)
                    wanted = f"an object in {self.url}" if version is None else f"version {version} of it"
                    raise BadInput(Fault(key, "no such object", wanted)) from None
                raise

    def fetch(self, info: ObjectInfo, spool: Path) -> Path:
        """A copy below `spool`, named by the object's identity, so that it is loaded once; read a piece at a time."""
        identity = "\0".join((self.url, info.key, info.version or "", info.checksum or ""))
        path = spool / hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
        if not path.exists():
            spool.mkdir(parents=True, exist_ok=True)
            temporary = spool / f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}"
            try:
                self._download(info, temporary)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
        return path

    def put_if_absent(self, key: str, data: bytes, *, retain_until: datetime | None = None) -> bool:
        """A conditional PUT with the content's sha256, which the server checks.

        Asked again, a lost answer turns into False on one's own object: compare the bytes to know. With `append_only`
        a HEAD goes before it: servers put a new version upon a delete marker, as if nothing had been there.
        """
        if self.append_only and self.head(key) is not None:
            return False
        return self._put(key, data, retain_until)

    def put_all(self, objects: Mapping[str, bytes], *, retain_until: datetime | None = None) -> Mapping[str, bool]:
        """Conditional PUTs, 16 at a time. Delete markers are not looked for: what is put first is no commit."""
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            created = threads.map(lambda key: self._put(key, objects[key], retain_until), objects)
            return dict(zip(objects, created, strict=True))

    def erase(self, key: str) -> bool:
        """Delete every version of the object, and its delete markers: a version that stays is not erased."""
        name, found = self._name(key), False
        with as_faults(self.url):  # a bucket whose versioning is suspended keeps the versions that it has
            for page in self.client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=name):
                for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    if each["Key"] == name:
                        self.client.delete_object(Bucket=self.bucket, Key=name, VersionId=each["VersionId"])
                        found = True
        return found

    def _name(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _latest(self, prefix: str) -> Iterator[Any]:
        if self.versioned:
            for versions in self.client.get_paginator("list_object_versions").paginate(
                Bucket=self.bucket, Prefix=prefix
            ):
                yield from (version for version in versions.get("Versions", ()) if version["IsLatest"])
        else:
            for objects in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                yield from objects.get("Contents", ())

    def _info(self, key: str, found: Mapping[str, Any], size: int) -> ObjectInfo:
        modified = (
            found["LastModified"].astimezone(UTC).replace(microsecond=0)
        )  # HEAD has whole seconds, listings have more
        version = found.get("VersionId") if self.versioned else None
        return ObjectInfo(key, size, modified, version, "etag:" + found["ETag"].strip('"'))

    def _download(self, info: ObjectInfo, path: Path) -> None:
        etag = (info.checksum or "").removeprefix("etag:")
        pin: dict[str, Any] = {"VersionId": info.version} if info.version else {"IfMatch": f'"{etag}"'}
        which: dict[str, Any] = {"Bucket": self.bucket, "Key": self._name(info.key), **pin}
        with as_faults(self.url):
            try:
                size = self.patience.through(lambda: _stream(self.client.get_object(**which)["Body"], path))
            except ClientError as error:
                if code(error) in ABSENT | EXISTS:
                    raise _changed(info, f"no longer there ({code(error)})") from None
                raise
        if size != info.size:
            raise _changed(info, f"{size} bytes")

    def _put(self, key: str, data: bytes, retain_until: datetime | None) -> bool:
        lock: dict[str, Any] = {}
        if retain_until is not None and self.locks and retain_until > datetime.now(UTC):  # servers refuse what is past
            lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": retain_until.astimezone(UTC)}
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        what: dict[str, Any] = {"Body": data, "ChecksumSHA256": digest, **self.encryption, **lock}
        with as_faults(f"{self.url}/{key}"):
            try:
                self.client.put_object(Bucket=self.bucket, Key=self._name(key), IfNoneMatch="*", **what)
            except ClientError as error:
                if code(error) in EXISTS:
                    return False
                raise
        return True

    def _refuse_deleted(self, key: str, error: ClientError) -> None:
        """Raise `IntegrityBroken` where an append-only store's object is not absent but deleted."""
        if self.append_only and (marks_deletion(error) or self._has_marker(key)):
            raise IntegrityBroken(
                Fault(
                    key,
                    "a delete marker: somebody deleted it",
                    "an object that nobody deletes",
                    "Nothing is lost where versions are kept: remove the marker, and ask who may delete here.",
                )
            ) from None

    def _has_marker(self, key: str) -> bool:
        """Ask where the server does not say it by itself: AWS does."""
        if not self.versioned or is_amazon(self.client):
            return False
        found = self.client.list_object_versions(Bucket=self.bucket, Prefix=self._name(key))
        return any(each["Key"] == self._name(key) for each in found.get("DeleteMarkers", ()))


def connect(bucket: str, prefix: str, *, append_only: bool = False) -> S3Storage:
    """A storage with region, endpoint and credentials from AWS's usual places (`AWS_ENDPOINT_URL` among them).

    With `append_only`, for a ledger: delete markers are refused, and locks are set where the bucket has them.
    Raises `BadInput` where the bucket is missing, closed, or out of reach.
    """
    patience = Patience(OPENING_SECONDS)
    client = client_of(bucket, patience)
    with as_faults(f"s3://{bucket}"):
        versioned = _is_versioned(client, bucket)
        locks = append_only and _has_lock(client, bucket)
    patience.seconds = WORKING_SECONDS
    return S3Storage(client, bucket, prefix, versioned, append_only, locks, encryption(), patience)


def _is_versioned(client: S3Client, bucket: str) -> bool:
    """Whether every overwrite keeps the version before it; no, where we may not ask."""
    try:
        return client.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled"
    except ClientError as error:
        if code(error) in REFUSED:
            return False
        raise


def _is_stray(key: str) -> bool:
    return not key or key.endswith("/") or key.startswith(f"{WORKSHOP}/")


def _has_lock(client: S3Client, bucket: str) -> bool:
    """Whether the bucket locks objects; no, where we may not ask."""
    try:
        return locking.has_lock(client, bucket)
    except ClientError as error:
        if code(error) in REFUSED:
            return False
        raise


def _whole(body: Any) -> bytes:
    data: bytes = body.read()
    return data


def _stream(body: Any, path: Path) -> int:
    with path.open("wb") as file:
        return sum(file.write(chunk) for chunk in body.iter_chunks(_CHUNK))


def _changed(info: ObjectInfo, found: str) -> IntegrityBroken:
    identity = info.version or info.checksum
    return IntegrityBroken(Fault(info.key, found, f"{info.size} bytes, {identity}, as pinned", "Start again."))
