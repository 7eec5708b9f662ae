"""Reading a store that may hold anything: the oldest version of each object, never more than fits, many at a time."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from retroaudit.faults import BadInput, Fault, RetroauditError
from retroaudit.ledger.statement import File
from retroaudit.storage.protocol import ObjectInfo, Storage

LARGEST = 64 << 20  # bytes of a commit or entry: more would only exhaust the verifier's memory
_AHEAD = 1 << 20  # bytes of an object that is read before its turn
_PIECE = 8 << 20  # bytes read at a time, so that a file of any size can be hashed
_THREADS, _CHUNK = 8, 8

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Unread:
    """What was found where an object should be."""

    found: str


@dataclass(frozen=True, eq=False)
class Oldest:
    """A storage of which the oldest version of each object is read: whatever came later is no part of the ledger."""

    storage: Storage
    versions: Mapping[str, str] = field(default_factory=dict)  # of the keys that have more than one, or a delete marker

    @property
    def url(self) -> str:
        """The storage's."""
        return self.storage.url

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """As the storage lists."""
        return self.storage.list(prefix)

    def head(self, key: str) -> ObjectInfo | None:
        """As the storage tells."""
        return self.storage.head(key)

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of the oldest version, where none is named."""
        return self.storage.read(key, version=version or self.versions.get(key), start=start, length=length)

    def fetch(self, info: ObjectInfo, spool: Path) -> Path:
        """As the storage fetches."""
        return self.storage.fetch(info, spool)

    def put_if_absent(self, key: str, data: bytes, *, retain_until: datetime | None = None) -> bool:  # noqa: ARG002
        """Refused: who verifies changes nothing."""
        raise BadInput(Fault(key, "a write", "nothing but reading"))

    def put_all(self, objects: Mapping[str, bytes], *, retain_until: datetime | None = None) -> Mapping[str, bool]:  # noqa: ARG002
        """Refused: who verifies changes nothing."""
        raise BadInput(Fault(self.url, "a write", "nothing but reading"))


class Reader:
    """Reads objects whole and refuses nothing: what cannot be read is `Unread`."""

    def __init__(self, storage: Oldest) -> None:
        self.storage = storage
        self._pool = ThreadPoolExecutor(_THREADS)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def small(self, key: str, largest: int = LARGEST) -> bytes | Unread:
        """An object's bytes, where there are at most `largest`."""
        try:
            data = self.storage.read(key, length=largest + 1)
        except RetroauditError as error:
            return _unread(self.storage, key, error)
        return data if len(data) <= largest else Unread(f"more than {largest} bytes")

    def many(self, keys: Iterable[str]) -> Iterator[tuple[str, bytes | Unread]]:
        """Objects in the order of their keys, the next few being read meanwhile."""
        for key, data in self.each(lambda key: (key, self.small(key, _AHEAD)), keys):
            large = isinstance(data, Unread) and data.found == f"more than {_AHEAD} bytes"
            yield key, self.small(key) if large else data

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """What `work` gives for each, in order; work that waits for a server is done side by side."""
        rest = iter(items)
        first = list(islice(rest, _CHUNK))
        yield from map(work, first)
        waiting: deque[Future[list[R]]] = deque()
        while chunk := list(islice(rest, _CHUNK)):
            waiting.append(self._pool.submit(lambda part: [work(each) for each in part], chunk))
            if len(waiting) >= _THREADS:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()

    def describe(self, key: str, file: File) -> str | None:
        """What is there instead of the file's bytes; None where they are there."""
        return describe(self.storage, key, file)


def describe(storage: Storage, key: str, file: File) -> str | None:
    """What is there instead of the file's bytes, read a piece at a time; None where they are there."""
    digest, size = hashlib.sha256(), 0
    try:
        while size <= file.size and (piece := storage.read(key, start=size, length=_PIECE)):
            digest.update(piece)
            size += len(piece)
            if len(piece) < _PIECE:
                break
    except RetroauditError as error:
        return _unread(storage, key, error).found
    if size > file.size:
        return f"more than {file.size} bytes"
    same = (size, digest.hexdigest()) == (file.size, file.sha256)
    return None if same else f"{size} bytes, sha256 {digest.hexdigest()}"


def _unread(storage: Storage, key: str, error: RetroauditError) -> Unread:
    try:
        absent = storage.head(key) is None
    except RetroauditError:
        absent = False
    return Unread("nothing" if absent else str(error))
