"""A storage that fails at one PUT, in each of the ways in which servers and networks do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path

from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.coordinates import BLOBS, COMMITS, TILES, entry_kind
from retroaudit.storage.protocol import ObjectInfo, Storage


class How(Enum):
    """What happens to the PUT."""

    LOST = "lost"  # an error, and nothing was stored
    PERSISTED = "persisted then error"  # it was stored, and the answer got lost
    CONFLICT = "409"  # an error, for somebody else was writing: they are done by then
    UNAVAILABLE = "503"  # an error, and two more at the next PUTs
    SLOW = "slow"  # no error, but somebody else overtakes it
    LATE = "slow, after an error"  # an error, and it is stored only when the caller has begun again


@dataclass(eq=False)  # a storage is itself alone, and a key of weak dictionaries
class Faulty:
    """Fails at PUT number `strike`, from 0; `puts` are the keys of all so far. `rival` is somebody else's work.

    Of several PUTs at once, those after the failing one are made all the same where it `goes_on`, as on S3.
    """

    storage: Storage
    strike: int = -1
    how: How = How.LOST
    rival: Callable[[], None] = lambda: None
    goes_on: bool = False
    puts: list[str] = field(default_factory=list)
    _late: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.storage.url

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        return self.storage.list(prefix)

    def head(self, key: str) -> ObjectInfo | None:
        return self.storage.head(key)

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        return self.storage.read(key, version=version, start=start, length=length)

    def fetch(self, info: ObjectInfo, spool: Path) -> Path:
        return self.storage.fetch(info, spool)

    def put_if_absent(self, key: str, data: bytes, *, retain_until: datetime | None = None) -> bool:
        del retain_until
        for late in self._late:
            self.storage.put_if_absent(*late)
        self._late.clear()
        number = len(self.puts)
        self.puts.append(key)
        if number == self.strike:
            return self._fail(key, data)
        if self.how is How.UNAVAILABLE and self.strike < number < self.strike + 3:
            raise _error(key, "a server that is not available (503)")
        return self.storage.put_if_absent(key, data)

    def put_all(self, objects: Mapping[str, bytes], *, retain_until: datetime | None = None) -> Mapping[str, bool]:
        created, errors = dict[str, bool](), list[BadInput]()
        for key, data in objects.items():
            try:
                created[key] = self.put_if_absent(key, data, retain_until=retain_until)
            except BadInput as error:
                errors.append(error)
                if not self.goes_on:
                    break
        if errors:
            raise errors[0]
        return created

    def _fail(self, key: str, data: bytes) -> bool:
        if self.how in {How.CONFLICT, How.SLOW}:
            self.rival()
        if self.how is How.SLOW:
            return self.storage.put_if_absent(key, data)
        if self.how is How.PERSISTED:
            self.storage.put_if_absent(key, data)
        if self.how is How.LATE:
            self._late.append((key, data))
        raise _error(key, f"a request that failed: {self.how.value}")


def kind_of_put(key: str) -> str:
    """What is put: blob, manifest, entry, key entry, commit, tile."""
    for prefix, name in ((BLOBS, "blob"), (COMMITS, "commit"), (TILES, "tile")):
        if key.startswith(prefix):
            return name
    return {"report": "manifest", "key": "key entry"}.get(entry_kind(key) or "", "entry")


def _error(key: str, found: str) -> BadInput:
    return BadInput(Fault(key, found, "a bucket that can be used"))
