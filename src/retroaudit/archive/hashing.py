"""Hashing what was pinned, and remembering it: the same object need not be read for its digest again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from retroaudit.archive.inputs import Partition, Pinned
from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.storage.protocol import Erasable, ObjectInfo, Storage, unchanged

ROOT = "digests/"
_CHUNK = 2**23
_READERS = 4
_HEX = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Memory:
    """Digests that were computed before, one small object each, in the storage of the states.

    An object is the same while its archive, key, size, time of change, version and checksum are: whoever rewrites a
    file and sets its time back deceives the memory, and no audit that hashes everything.
    """

    storage: Erasable

    def recall(self, archive: str, info: ObjectInfo) -> str | None:
        """The SHA-256 of the object with this identity in the archive of this address, where it is known."""
        path = _path(archive, info)
        if self.storage.head(path) is None:
            return None
        text = self.storage.read(path).decode("ascii", "replace")
        return text if _HEX.fullmatch(text) else None

    def remember(self, archive: str, info: ObjectInfo, sha256: str) -> None:
        """Keep it for the next audit; what is there instead is no digest, and gives way."""
        path = _path(archive, info)
        if not self.storage.put_if_absent(path, sha256.encode()) and self.recall(archive, info) is None:
            self.storage.erase(path)
            self.storage.put_if_absent(path, sha256.encode())


@dataclass(frozen=True)
class Hashing:
    """Which contents are hashed: all of them where `everything`, else those that their store gives no version.

    With `everything` (tier high) nothing is taken from memory: each audit reads all bytes, once.
    """

    storage: Storage
    everything: bool
    memory: Memory
    done: dict[ObjectInfo, str] = field(default_factory=dict)

    def partition(self, partition: Partition) -> Partition:
        """The partition with the digests of its objects."""
        logs, labels, control = (self._hashed(each) for each in (partition.logs, partition.labels, partition.control))
        return replace(partition, logs=logs, labels=labels, control=control)

    def _hashed(self, objects: Sequence[Pinned]) -> tuple[Pinned, ...]:
        with ThreadPoolExecutor(_READERS) as pool:
            return tuple(pool.map(self._with_digest, objects))

    def _with_digest(self, pinned: Pinned) -> Pinned:
        if not self.everything and pinned.info.version is not None:
            return pinned
        return replace(pinned, sha256=self._sha256(pinned))

    def _sha256(self, pinned: Pinned) -> str:
        url, info = self.storage.url, pinned.info
        found = self.done.get(info) or (None if self.everything else self.memory.recall(url, info))
        if found is None:
            found = sha256(pinned, self.storage)
            self.memory.remember(url, info, found)
        self.done[info] = found
        return found


def sha256(pinned: Pinned, storage: Storage) -> str:
    """The content's digest, read in ranges of the pinned version. Raises `IntegrityBroken` where it changes."""
    info, digest = pinned.info, hashlib.sha256()
    size = 0
    while size < info.size:
        data = storage.read(info.key, version=info.version, start=size, length=_CHUNK)
        if not data:
            break
        digest.update(data)
        size += len(data)
    if size != info.size or not unchanged(storage, info):
        raise IntegrityBroken(Fault(info.key, "an object that changes", "an archive at rest", "Try again when it is."))
    return digest.hexdigest()


def _path(archive: str, info: ObjectInfo) -> str:
    identity = [archive, info.key, info.size, info.modified.isoformat(), info.version, info.checksum]
    return f"{ROOT}{hashlib.sha256(json.dumps(identity).encode()).hexdigest()}"
