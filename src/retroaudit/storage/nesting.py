"""Two ledgers in one place: one whose log lies within another's folders would make both unreadable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from retroaudit.faults import BadInput, Fault
from retroaudit.storage.answers import as_faults
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.protocol import WORKSHOP
from retroaudit.storage.s3 import S3Storage

_LOG = "log/commits"
_FOLDERS = frozenset({"blobs", "reports", "entries", "log", WORKSHOP})


def require_alone(storage: LocalStorage | S3Storage) -> None:
    """Raise `BadInput` where another ledger's log lies in a folder above the store's or below it.

    Below a store that has a log of its own, only folders that are not a ledger's are looked into.
    """
    for found in _folders_around(storage.root) if isinstance(storage, LocalStorage) else _prefixes_around(storage):
        remedy = "Choose a place beside it; best give each tenant a bucket or directory of its own."
        raise BadInput(Fault(storage.url, f"another ledger at {found}", "a store that no other one overlaps", remedy))


def _folders_around(root: Path) -> Iterator[str]:
    yield from (above.as_uri() for above in root.parents if _has_log(above))
    known = _FOLDERS if _has_log(root) else frozenset()
    tops = sorted(path for path in root.iterdir() if path.name not in known)
    for folder, *_ in chain.from_iterable(os.walk(top) for top in tops):
        if _has_log(Path(folder)):
            yield Path(folder).as_uri()


def _has_log(folder: Path) -> bool:
    return os.path.isdir(folder / _LOG)  # noqa: PTH112  (a folder that may not be entered is no error there)


def _prefixes_around(storage: S3Storage) -> Iterator[str]:
    parts = [part for part in storage.prefix.split("/") if part]
    for above in (replace(storage, prefix="/".join(parts[:count])) for count in range(len(parts))):
        if any(above.list(f"{_LOG}/")):
            yield above.url
    known = _FOLDERS if any(storage.list(f"{_LOG}/")) else frozenset()
    for folder in _tops(storage):
        if folder not in known:
            inside = (info.key for info in storage.list(f"{folder}/"))
            logs = (key[: key.index(f"/{_LOG}/")] for key in inside if f"/{_LOG}/" in key)
            yield from (f"{storage.url}/{log}" for log in logs)


def _tops(storage: S3Storage) -> list[str]:
    """The folders right below the store's prefix, without their slash."""
    above = f"{storage.prefix}/" if storage.prefix else ""
    with as_faults(storage.url):
        pages: Any = storage.client.get_paginator("list_objects_v2").paginate(
            Bucket=storage.bucket, Prefix=above, Delimiter="/"
        )
        found = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", ())]
    return sorted(name.removeprefix(above).rstrip("/") for name in found)
