"""S3 and what speaks like it. The only module that knows boto3."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.storage.protocol import WORKSHOP, ObjectInfo

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ABSENT: Final = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NotFound", "MethodNotAllowed"})  # a delete marker
_REFUSED: Final = frozenset({"403", "AccessDenied", "NotImplemented", "MethodNotAllowed"})
_EXISTS: Final = frozenset({"412", "PreconditionFailed"})
_BUSY: Final = frozenset({"409", "ConditionalRequestConflict", "OperationAborted"})
_BEYOND_END: Final = frozenset({"416", "InvalidRange"})
_WORDS: Final[Mapping[str, str]] = {
    "NoSuchBucket": "no such bucket",
    "AccessDenied": "access denied",
    "403": "access denied",
    "InvalidAccessKeyId": "an access key that the server does not know",
    "SignatureDoesNotMatch": "a secret key that is not the access key's",
    "NoCredentialsError": "no credentials",
    "EndpointConnectionError": "no answer from the endpoint",
    "ConnectTimeoutError": "no answer from the endpoint",
}
_SETTINGS: Final = Config(
    retries={"mode": "standard", "max_attempts": 5},
    connect_timeout=10,
    read_timeout=60,
    # The default sends its checksum as a trailer, which a writer limited by policy may not: ours goes in a header.
    request_checksum_calculation="when_required",
)
_PROBE: Final = f"{WORKSHOP}/put-if-absent"
_BUSY_ATTEMPTS: Final = 8
_BUSY_SECONDS: Final = 0.05
_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class S3Storage:
    """Objects of `bucket` below `prefix`. With `versioned`, identity is the version id, else the ETag."""

    client: S3Client = field(repr=False)
    bucket: str
    prefix: str  # without slashes at its ends; may be empty
    versioned: bool

    @property
    def url(self) -> str:
        """The root as `s3://bucket/prefix`."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """The present version of every object; folder markers (keys that end in `/`) are left out.

        Sorted here: servers that keep keys in folders list `a/x` before `a-b`, AWS the other way round.
        """
        with _as_faults(self.url):
            infos = [
                self._info(key, found, found["Size"])
                for found in self._latest(self._name(prefix))
                if not _is_stray(key := found["Key"].removeprefix(self._name("")))
            ]
        yield from sorted(infos, key=lambda info: info.key.encode("utf-8", "surrogatepass"))

    def strays(self) -> Iterator[str]:
        """The workshop's objects but for our own probe, and folder markers."""
        with _as_faults(self.url):
            keys = [found["Key"].removeprefix(self._name("")) for found in self._latest(self._name(""))]
        yield from sorted(key for key in keys if key and _is_stray(key) and key != _PROBE)

    def head(self, key: str) -> ObjectInfo | None:
        """What the server says of the present version."""
        with _as_faults(self.url):
            try:
                found = self.client.head_object(Bucket=self.bucket, Key=self._name(key))
            except ClientError as error:
                if _code(error) in _ABSENT:
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
        with _as_faults(self.url):
            try:
                return self.client.get_object(Bucket=self.bucket, Key=self._name(key), **extra)["Body"].read()
            except ClientError as error:
                if _code(error) in _BEYOND_END:
                    return b""
                if _code(error) in _ABSENT:
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

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """A conditional PUT with the content's sha256, which the server checks.

        A retry within boto3 can turn a lost answer into False on one's own object: compare the bytes to know.
        """
        with _as_faults(self.url):
            for attempt in range(_BUSY_ATTEMPTS):
                try:
                    self._put(key, data)
                except ClientError as error:
                    if _code(error) in _EXISTS:
                        return False
                    if _code(error) not in _BUSY:
                        raise
                    time.sleep(_BUSY_SECONDS * 2**attempt)  # two writers at once: neither has won yet
                else:
                    return True
        raise BadInput(Fault(key, f"{_BUSY_ATTEMPTS} conflicts (409) in a row", "one writer to win", "Try again."))

    def erase(self, key: str) -> bool:
        """Delete every version of the object, and its delete markers: a version that stays is not erased."""
        name, found = self._name(key), False
        with _as_faults(self.url):  # a bucket whose versioning is suspended keeps the versions that it has
            for page in self.client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=name):
                for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    if each["Key"] == name:
                        self.client.delete_object(Bucket=self.bucket, Key=name, VersionId=each["VersionId"])
                        found = True
        return found

    def require_put_if_absent(self) -> None:
        """Raise `BadInput` where the server ignores the condition: it would let one commit overwrite another."""
        self.put_if_absent(_PROBE, b"first")
        if self.put_if_absent(_PROBE, b"second"):
            raise BadInput(
                Fault(self.url, "a server that overwrites in spite of If-None-Match", "put-if-absent", "Use another.")
            )

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
        modified = found["LastModified"].replace(microsecond=0)  # HEAD has whole seconds, listings have more
        version = found.get("VersionId") if self.versioned else None
        return ObjectInfo(key, size, modified, version, "etag:" + found["ETag"].strip('"'))

    def _download(self, info: ObjectInfo, path: Path) -> None:
        etag = (info.checksum or "").removeprefix("etag:")
        pin: dict[str, Any] = {"VersionId": info.version} if info.version else {"IfMatch": f'"{etag}"'}
        with _as_faults(self.url):
            try:
                body = self.client.get_object(Bucket=self.bucket, Key=self._name(info.key), **pin)["Body"]
                with path.open("wb") as file:
                    size = sum(file.write(chunk) for chunk in body.iter_chunks(_CHUNK))
            except ClientError as error:
                if _code(error) in _ABSENT | _EXISTS:
                    raise _changed(info, f"no longer there ({_code(error)})") from None
                raise
        if size != info.size:
            raise _changed(info, f"{size} bytes")

    def _put(self, key: str, data: bytes) -> None:
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        self.client.put_object(
            Bucket=self.bucket, Key=self._name(key), Body=data, IfNoneMatch="*", ChecksumSHA256=digest
        )


def connect(bucket: str, prefix: str) -> S3Storage:
    """A storage with region, endpoint and credentials from AWS's usual places (`AWS_ENDPOINT_URL` among them).

    Raises `BadInput` where the bucket is missing, closed, or out of reach.
    """
    subject = f"s3://{bucket}"
    with _as_faults(subject):
        try:
            client = boto3.session.Session().client("s3", config=_SETTINGS)
            if not (urlsplit(client.meta.endpoint_url).hostname or "").endswith("amazonaws.com"):
                # Servers of one's own rarely have a DNS name for each bucket.
                path_style = _SETTINGS.merge(Config(s3={"addressing_style": "path"}))
                client = boto3.session.Session().client("s3", config=path_style)
        except ValueError:
            raise BadInput(Fault(subject, "an endpoint that is no URL", "AWS_ENDPOINT_URL=http(s)://host")) from None
        return S3Storage(client, bucket, prefix, _is_versioned(client, bucket))


def _is_versioned(client: S3Client, bucket: str) -> bool:
    """Whether every overwrite keeps the version before it; no, where we may not ask."""
    try:
        return client.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled"
    except ClientError as error:
        if _code(error) in _REFUSED:
            return False
        raise


def _is_stray(key: str) -> bool:
    return not key or key.endswith("/") or key.startswith(f"{WORKSHOP}/")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def _changed(info: ObjectInfo, found: str) -> IntegrityBroken:
    identity = info.version or info.checksum
    return IntegrityBroken(Fault(info.key, found, f"{info.size} bytes, {identity}, as pinned", "Start again."))


@contextmanager
def _as_faults(subject: str) -> Iterator[None]:
    """The server's refusal in our words: its kind alone, since the text of an error may hold secrets."""
    try:
        yield
    except ClientError as error:
        kind = _code(error)
    except BotoCoreError as error:
        kind = type(error).__name__
    except OSError as error:  # the spool
        kind = error.strerror or type(error).__name__
    else:
        return
    raise BadInput(
        Fault(subject, _WORDS.get(kind, kind), "a bucket that can be used", "Look at AWS_* and the bucket's policy.")
    ) from None
