"""What every object store can do for us, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from retroaudit.faults import BadInput, RetroauditError

WORKSHOP = ".retroaudit"  # below every root: the storage's own, never listed


class Denied(BadInput):
    """These credentials lack a right at the store; others may have it."""


@dataclass(frozen=True)
class ObjectInfo:
    """One version of one object: enough to read exactly these bytes again, or to see that they changed."""

    key: str  # relative POSIX path below the storage's root
    size: int  # bytes
    modified: datetime  # UTC
    version: str | None = None  # version id where the store has them
    checksum: str | None = None  # the store's own checksum or ETag, "kind:value"


@dataclass(frozen=True)
class ObjectVersion:
    """One version of one object, or a delete marker, which hides those before it."""

    key: str  # relative POSIX path below the storage's root
    version: str  # "null" where it was put while the bucket kept none
    size: int  # bytes; 0 for a delete marker
    modified: datetime  # UTC, whole seconds
    deleted: bool


@dataclass(frozen=True)
class Retention:
    """Until when a server refuses to delete a version, and whether a legal hold refuses it beyond that."""

    mode: str | None  # COMPLIANCE (nobody can shorten it) or GOVERNANCE; None: a hold alone
    until: datetime | None  # UTC; None: a hold alone
    legal_hold: bool


class Storage(Protocol):
    """A root (directory or bucket prefix). Keys are relative POSIX paths; listings are sorted by key."""

    @property
    def url(self) -> str:
        """The root without user info or query: safe to print and to store."""

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix`, in key order (UTF-8 byte order)."""

    def head(self, key: str) -> ObjectInfo | None:
        """The object's present version, or None where there is none."""

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        """Bytes `start` to `start + length` of one version; raises `BadInput` where it is absent."""

    def fetch(self, info: ObjectInfo, spool: Path) -> Path:
        """A local file holding exactly this version: its own path where the store is local, else a copy below `spool`.

        Raises `IntegrityBroken` where the object is no longer the version that `info` names (law 9).
        """

    def put_if_absent(self, key: str, data: bytes, *, retain_until: datetime | None = None) -> bool:
        """Create the object atomically and durably; False, changing nothing, where the key already exists.

        Where the store locks objects, nobody can delete it before `retain_until`; elsewhere that is ignored.
        """

    def put_all(self, objects: Mapping[str, bytes], *, retain_until: datetime | None = None) -> Mapping[str, bool]:
        """`put_if_absent` of many, in no order; all are durable on return, and each key says whether it was created.

        After an error some may be there, each of them whole: call again.
        """


class Erasable(Storage, Protocol):
    """A storage whose objects may go: what the states lie in. The ledger is never given one."""

    def erase(self, key: str) -> bool:
        """Remove the object; False where there is none. A store that keeps versions must lose them all."""


@runtime_checkable
class Inspectable(Protocol):
    """A storage that can name what its listings pass over, for a verifier: nothing shall be hidden in a store."""

    def strays(self) -> Iterator[str]:
        """What lies in the workshop, and folders that hold nothing; a folder's name ends with a slash."""


@runtime_checkable
class Versioned(Protocol):
    """A storage that can name every version it keeps: nothing is overwritten or deleted there unseen."""

    def versions(self, prefix: str = "") -> Iterator[ObjectVersion]:
        """Every version and delete marker below `prefix`: by key (UTF-8 byte order), then oldest first."""


@runtime_checkable
class Lockable(Protocol):
    """A storage whose objects can be locked against deletion."""

    def retention(self, key: str, version: str | None = None) -> Retention | None:
        """How a version (default: the present one) is locked; None where it is not. `BadInput` where it is absent."""

    def extend(self, key: str, until: datetime) -> None:
        """Lock the present version until then, where it is not locked for longer; nothing on a store without locks."""

    def hold(self, key: str, *, on: bool) -> None:
        """Set or lift the legal hold on the present version; `BadInput` where it is absent or may not be locked."""


def unchanged(storage: Storage, info: ObjectInfo) -> bool:
    """Whether the object is still what `info` pinned; a version never changes, else size and checksum or time tell.

    For use after reading too: a file that was rewritten while it was read gives False (law 9).
    """
    if info.version is not None:
        return True
    found = storage.head(info.key)
    if found is None or found.size != info.size:
        return False
    return found.checksum == info.checksum if info.checksum else found.modified == info.modified


def settle(storage: Storage, key: str, data: bytes, *, retain_until: datetime | None = None) -> bytes:
    """Put if absent, and give what is there then: `data`, or what someone else put first.

    An error after which the object is there all the same was a lost answer, and is none.
    """
    try:
        if storage.put_if_absent(key, data, retain_until=retain_until):
            return data
    except RetroauditError:
        if storage.head(key) is None:
            raise
    return storage.read(key)
