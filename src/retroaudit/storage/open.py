"""From a URL to a storage."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from retroaudit.faults import BadInput, Fault
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.protocol import Erasable, Storage

_LOG = logging.getLogger(__name__)
_ALLOWED = "file:///absolute/path or s3://bucket/prefix"
_UNLOCKED = (
    "%s: no Object Lock that these credentials see: what is sealed there can be deleted (retroaudit store check)"
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def open_storage(url: str, *, create: bool = False, durable: bool = True) -> Erasable:
    """The storage at `file:///absolute/path` or `s3://bucket/prefix`.

    With `create` it is about to be written: a directory is made where there is none, and an S3 server is probed
    for put-if-absent, without which a log cannot be kept. A bucket is never made. With `durable=False` a local
    directory does not wait for the disk: for what can be computed again.
    Raises `BadInput` where the URL is anything else, where there is nothing, or where it cannot be used.
    """
    return _open(url, create=create, durable=durable, append_only=False)


def open_store(url: str, *, create: bool = False) -> Storage:
    """The ledger's storage: as `open_storage`, and on S3 a delete marker is never taken for an absent object.

    Whoever appends would else put a second commit in the place of a deleted one. With `create`, a bucket without Object
    Lock is warned of. Raises as `open_storage`; what is opened raises `IntegrityBroken` where it meets a delete marker.
    """
    return _open(url, create=create, durable=True, append_only=True)


def place_of(url: str) -> Path | tuple[str, str]:
    """Where a URL points, before anything is opened: a directory's path, or a bucket and a prefix without end slashes.

    Raises `BadInput` where the URL is anything else.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadInput(Fault("URL", "text that is no URL", _ALLOWED)) from None
    if "@" in parts.netloc or parts.query or parts.fragment:  # not shown: it may hold a secret
        raise BadInput(Fault("URL", "user info, a query or a fragment", _ALLOWED, "Credentials come from AWS_*."))
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path.startswith("/"):
        return Path(unquote(parts.path))
    if parts.scheme == "s3" and _BUCKET.fullmatch(parts.netloc):
        return parts.netloc, parts.path.strip("/")
    remedy = f"Write {Path(url).absolute().as_uri()}" if not parts.scheme and url and "\0" not in url else ""
    raise BadInput(Fault("URL", repr(url), _ALLOWED, remedy))


def settled(url: str) -> str:
    """The address with its spelling settled: links followed, `.` and `..` gone; what is no address stays as it is."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.scheme == "file" and "\0" not in unquote(parts.path):
        return Path(os.path.realpath(unquote(parts.path))).as_uri()
    return f"s3://{parts.netloc}/{parts.path.strip('/')}".rstrip("/") if parts.scheme == "s3" else url


def _open(url: str, *, create: bool, durable: bool, append_only: bool) -> Erasable:
    place = place_of(url)
    if isinstance(place, Path):
        return _open_local(url, place, create=create, durable=durable)
    return _open_s3(*place, create=create, append_only=append_only)


def _open_local(url: str, path: Path, *, create: bool, durable: bool) -> Erasable:
    try:
        if create:
            path.mkdir(parents=True, exist_ok=True)
        root = Path(os.path.realpath(path))  # `Path.resolve` raises no OSError at a loop, before Python 3.13
        found = "a file" if root.exists() else "no such archive or store"
        usable = root.is_dir()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        found, usable = getattr(error, "strerror", None) or "a name that cannot be used", False
    if not usable:
        raise BadInput(Fault(url, found, "a directory"))
    return LocalStorage(root, durable)


def _open_s3(bucket: str, prefix: str, *, create: bool, append_only: bool) -> Erasable:
    from retroaudit.storage.probing import require_put_if_absent  # noqa: PLC0415  (as below)
    from retroaudit.storage.s3 import connect  # noqa: PLC0415  (boto3 takes a second, and local stores need none)

    storage = connect(bucket, prefix, append_only=append_only)
    if create:
        require_put_if_absent(storage)
        if append_only and not storage.locks:
            _LOG.warning(_UNLOCKED, storage.url)
    return storage
