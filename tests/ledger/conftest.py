"""A store in memory, and stores that fail on command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.seal import Receipt, ReportId, seal
from retroaudit.ledger.signing import Signer, load_signer, write_keys
from retroaudit.storage.protocol import ObjectInfo, Storage

NOON = datetime(2026, 7, 2, 12, tzinfo=UTC)


class Crash(Exception):
    """The process ends here."""


@dataclass
class Memory:
    """A storage that is a dictionary. `before_put` and `after_put` may raise, or look."""

    objects: dict[str, bytes] = field(default_factory=dict)
    before_put: Callable[[str], None] = lambda _: None
    after_put: Callable[[str], None] = lambda _: None
    url: str = "memory:"

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for key in sorted(self.objects, key=lambda key: key.encode("utf-8", "surrogatepass")):
            if key.startswith(prefix):
                yield ObjectInfo(key, len(self.objects[key]), NOON)

    def head(self, key: str) -> ObjectInfo | None:
        return ObjectInfo(key, len(self.objects[key]), NOON) if key in self.objects else None

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        del version
        if key not in self.objects:
            raise BadInput(Fault(key, "no such object", "an object"))
        return self.objects[key][start:][:length]

    def fetch(self, info: ObjectInfo, spool: Path) -> Path:
        path = spool / "copy"
        path.write_bytes(self.objects[info.key])
        return path

    def put_if_absent(self, key: str, data: bytes) -> bool:
        self.before_put(key)
        created = key not in self.objects
        self.objects.setdefault(key, data)
        self.after_put(key)
        return created


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    write_keys(folder)
    return folder


@pytest.fixture(scope="session")
def signer(keys: Path) -> Signer:
    return load_signer(keys / "signing.pem")


@pytest.fixture
def stranger(tmp_path: Path) -> Signer:
    """Somebody with a key of their own."""
    return load_signer(write_keys(tmp_path / "stranger").signing)


@pytest.fixture
def memory() -> Memory:
    return Memory()


def files_of(day: int) -> Mapping[str, bytes]:
    return {"report.json": b'{"day":%d}' % day, "report.html": b"<p>%d</p>" % day, "empty": b""}


def run_of(day: int, spec: str = "a") -> Mapping[str, str]:
    return {"inputs": str(day), "spec": spec}


def id_of(day: int, rev: int = 1) -> ReportId:
    return ReportId("lending", f"2026-07-{day:02d}", "day", "main", rev)


def seal_day(storage: Storage, signer: Signer, day: int, *, rev: int = 1, spec: str = "a") -> Receipt:
    """Seal a small report for a day."""
    predicate = {"verdict": "passed", "findings": day}
    return seal(
        storage, id_of(day, rev), files_of(day), predicate, run_of(day, spec), signer, sealed_at=NOON.replace(day=day)
    )
