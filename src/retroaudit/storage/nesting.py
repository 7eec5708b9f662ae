"""Two ledgers in one place: one whose log lies within another's folders would make both unreadable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from retroaudit.faults import BadInput, Fault
from retroaudit.storage.answers import as_faults
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.protocol import WORKSHOP, Storage
from retroaudit.storage.s3 import S3Storage

_LOG = "log/commits/"
_FOLDERS = frozenset({"blobs", "reports", "entries", "log", WORKSHOP})


def require_alone(storage: LocalStorage | S3Storage) -> None:
    """Raise `BadInput` where another ledger's log lies in a folder above the store's or below it.

    Below a store that has a log of its own, only folders that are not a ledger's are looked into.
    """
    above, below = _above(storage), _below(storage)
    for found in (*above, *below):
        remedy = "Choose a place beside it; best give each tenant a bucket or directory of its own."
        raise BadInput(Fault(storage.url, f"another ledger at {found}", "a store that no other one overlaps", remedy))


def _above(storage: LocalStorage | S3Storage) -> Iterator[str]:
    for place in _parents(storage):
        if any(place.list(_LOG)):
            yield place.url


def _parents(storage: LocalStorage | S3Storage) -> Iterator[Storage]:
    if isinstance(storage, LocalStorage):
        yield from (replace(storage, root=each) for each in storage.root.parents if (each / _LOG).is_dir())
        return
    parts = [part for part in storage.prefix.split("/") if part]
    yield from (replace(storage, prefix="/".join(parts[:count])) for count in range(len(parts)))


def _below(storage: LocalStorage | S3Storage) -> Iterator[str]:
    known = _FOLDERS if any(storage.list(_LOG)) else frozenset()
    for folder in _folders(storage):
        if folder not in known:
            inside = (info.key for info in storage.list(f"{folder}/"))
            logs = (key[: key.index(f"/{_LOG}")] for key in inside if f"/{_LOG}" in key)
            yield from (f"{storage.url}/{log}" for log in logs)


def _folders(storage: LocalStorage | S3Storage) -> list[str]:
    if isinstance(storage, LocalStorage):
        return sorted(path.name for path in Path(storage.root).iterdir() if path.is_dir() and not path.is_symlink())
    above = f"{storage.prefix}/" if storage.prefix else ""
    with as_faults(storage.url):
        pages: Any = storage.client.get_paginator("list_objects_v2").paginate(
            Bucket=storage.bucket, Prefix=above, Delimiter="/"
        )
        found = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", ())]
    return sorted(name.removeprefix(above).rstrip("/") for name in found)
