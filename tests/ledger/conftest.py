"""A store in memory, and stores that fail on command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retroaudit.faults import BadInput, Fault
from retroaudit.ledger import commits, recording, tree
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import COMMITS
from retroaudit.ledger.entries import Entry
from retroaudit.ledger.kinds import Body, Heartbeat, Plan
from retroaudit.ledger.read import leaves
from retroaudit.ledger.seal import Receipt, ReportId, Sealing, seal
from retroaudit.ledger.signing import Signer, load_signer, write_keys
from retroaudit.ledger.statement import File, instant
from retroaudit.storage.protocol import ObjectInfo, Storage

NOON = datetime(2026, 7, 2, 12, tzinfo=UTC)


def at(hours: float) -> datetime:
    """So many hours after noon: clocks of tests go forward, for the log refuses those that go back."""
    return NOON + timedelta(hours=hours)


class Crash(Exception):
    """The process ends here."""


@dataclass(eq=False)  # a storage is itself alone, and a key of weak dictionaries
class Memory:
    """A storage that is a dictionary. `before_put` and `after_put` may raise, or look.

    `asked` holds every request of any kind, in order: its name and its key or prefix.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    before_put: Callable[[str], None] = lambda _: None
    after_put: Callable[[str], None] = lambda _: None
    url: str = "memory:"
    asked: list[tuple[str, str]] = field(default_factory=list)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        self.asked.append(("list", prefix))
        for key in sorted(self.objects, key=lambda key: key.encode("utf-8", "surrogatepass")):
            if key.startswith(prefix):
                yield ObjectInfo(key, len(self.objects[key]), NOON)

    def head(self, key: str) -> ObjectInfo | None:
        self.asked.append(("head", key))
        return ObjectInfo(key, len(self.objects[key]), NOON) if key in self.objects else None

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        del version
        self.asked.append(("read", key))
        if key not in self.objects:
            raise BadInput(Fault(key, "no such object", "an object"))
        return self.objects[key][start:][:length]

    def fetch(self, info: ObjectInfo, spool: Path) -> Path:
        path = spool / "copy"
        path.write_bytes(self.objects[info.key])
        return path

    def put_if_absent(self, key: str, data: bytes, *, retain_until: datetime | None = None) -> bool:  # noqa: ARG002
        self.asked.append(("put", key))
        self.before_put(key)
        created = key not in self.objects
        self.objects.setdefault(key, data)
        self.after_put(key)
        return created

    def put_all(self, objects: Mapping[str, bytes], *, retain_until: datetime | None = None) -> Mapping[str, bool]:
        return {key: self.put_if_absent(key, data, retain_until=retain_until) for key, data in objects.items()}


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
def successor(tmp_path: Path) -> Signer:
    """The key that the log is handed over to."""
    return load_signer(write_keys(tmp_path / "successor").signing)


@pytest.fixture
def memory() -> Memory:
    return Memory()


def files_of(day: int) -> Mapping[str, bytes]:
    return {"report.json": b'{"day":%d}' % day, "report.html": b"<p>%d</p>" % day, "empty": b""}


def run_of(day: int, spec: str = "a") -> Mapping[str, str]:
    return {"inputs": str(day), "spec": spec}


def id_of(day: int, rev: int = 1) -> ReportId:
    return ReportId("lending", f"2026-07-{day:02d}", "day", "main", rev)


def sealing_of(day: int, *, rev: int = 1, spec: str = "a") -> Sealing:
    """A small report for a day, to be sealed."""
    return Sealing(id_of(day, rev), files_of(day), {"verdict": "passed", "findings": day}, run_of(day, spec))


def seal_day(
    storage: Storage, signer: Signer, day: int, *, rev: int = 1, spec: str = "a", sealed_at: datetime = NOON
) -> Receipt:
    """Seal a small report for a day."""
    return seal(storage, sealing_of(day, rev=rev, spec=spec), signer, sealed_at)


def plan_of(day: int) -> tuple[Entry, dict[str, bytes]]:
    """A plan for a day's report as an entry, with the contents of its files by sha256."""
    files = {"plan.json": b'{"plan":%d}' % day, "spec.json": b"{}"}
    named = tuple(File.of(name, data) for name, data in files.items())
    report = id_of(day)
    body = Plan(
        model=report.model,
        window=report.window,
        audit=report.kind,
        part=report.part,
        plan=named[0].sha256,
        as_of=instant(NOON, "as_of"),
    )
    return Entry(body, named), {file.sha256: files[file.name] for file in named}


def beat(hours: float) -> Heartbeat:
    """A heartbeat so many hours after noon, which promises the next within a day."""
    return Heartbeat(at=instant(at(hours), "at"), next=instant(at(hours + 24), "next"))


def record_body(storage: Storage, signer: Signer, body: Body, *, recorded_at: datetime = NOON) -> recording.Receipt:
    """Put one entry without files into the log."""
    (receipt,) = recording.record(storage, [Entry(body)], {}, signer, recorded_at)
    return receipt


def crash_at(count: int) -> Callable[[str], None]:
    """A hook that lets `count` calls pass and ends the process at each one after them."""
    left = [count]

    def look(_: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Crash

    return look


def crash_at_commit(key: str) -> None:
    """A hook that ends the process at a commit."""
    if key.startswith(COMMITS):
        raise Crash


def whole_log(storage: Memory) -> list[Leaf]:
    """The log's leaves as somebody sees them who comes anew: linked, under its own root, and none of them twice."""
    found = list(leaves(Memory(storage.objects)))
    whole = [leaf for _, _, leaf in found]
    assert len({leaf.key for leaf in whole}) == len(whole)
    if found:
        last = commits.read(storage, found[-1][0])
        assert tree.root(last.body.frontier) == tree.root_of([leaf.hash for leaf in whole])
    return whole


def crashes(start: Memory, moment: str, work: Callable[[Memory], object]) -> Iterator[tuple[int, Memory]]:
    """Stores in which `work` broke off at its first put, its second, …, just before or just after it."""
    count = 0
    while True:
        left = Memory(dict(start.objects))
        hook = crash_at(count)
        failing = Memory(left.objects, before_put=hook) if moment == "before" else Memory(left.objects, after_put=hook)
        try:
            work(failing)
        except Crash:
            yield count, left
        else:
            return
        count += 1
