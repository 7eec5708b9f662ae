"""The store that faults are done to: plans, reports, a revision, a change of keys, tiles, and evidence elsewhere.

Keys and clock are fixed, so it is the same bytes each time; keys and clock are for tests alone.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from retroaudit.ledger import commits
from retroaudit.ledger.checkpoint import Note
from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.entries import Entry
from retroaudit.ledger.head import head
from retroaudit.ledger.kinds import Body, Decision, Due, DueList, Heartbeat, Plan, Store, Void
from retroaudit.ledger.recording import record, rotate
from retroaudit.ledger.seal import Sealing, seal_all
from retroaudit.ledger.signing import Signer, signer_from_pem
from retroaudit.ledger.statement import File
from retroaudit.storage.protocol import Storage

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
_PAGE = b"<!doctype html><p>passed"  # the same of every report: one blob that all of them share
_SPEC = b'{"owner":"owner@example.com"}'
_DATA = hashlib.sha256(b"rows").hexdigest()
_BATCH = 5  # reports a commit


def key_of(seed: int) -> Signer:
    """A key that is the same in every run."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return signer_from_pem(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "a test's key")


KEEPER, SUCCESSOR, STRANGER = key_of(1), key_of(2), key_of(3)


def chance(seed: object) -> random.Random:
    """Luck that is the same in every run."""
    return random.Random(str(seed))  # noqa: S311  (no secret)


def hours(count: float) -> datetime:
    """So many hours after the log began."""
    return START + timedelta(hours=count)


def text(count: float) -> str:
    """The same as the log writes it."""
    return hours(count).isoformat()


@dataclass(frozen=True)
class Planned:
    """A plan as an entry, and the contents of its files by sha256."""

    report: ReportId
    entry: Entry
    contents: Mapping[str, bytes]

    @property
    def plan(self) -> str:
        """The sha256 of `plan.json`."""
        return next(file.sha256 for file in self.entry.files if file.name == "plan.json")


@dataclass(frozen=True)
class Evidence:
    """What others kept of the log: checkpoints of half of it and of all of it."""

    half: Note
    whole: Note


def report_of(day: int, rev: int = 1, kind: str = "day") -> ReportId:
    """The report of a day."""
    return ReportId("lending", (START.date() + timedelta(days=day)).isoformat(), kind, "main", rev)


def plan_of(report: ReportId, words: str = "") -> Planned:
    """A plan for a report; other words make another plan."""
    files = {"plan.json": b'{"report":"%b","tests":"%b"}' % (str(report).encode(), words.encode()), "spec.json": _SPEC}
    named = tuple(File.of(name, data) for name, data in files.items())
    body = Plan(
        model=report.model,
        window=report.window,
        audit=report.kind,
        part=report.part,
        plan=named[0].sha256,
        as_of=None,
    )
    return Planned(report, Entry(body, named), {file.sha256: files[file.name] for file in named})


def sealing_of(planned: Planned, others: Sequence[Planned] = (), said: str = "passed") -> Sealing:
    """A small report that names its plan, and the other plans of its window."""
    report = planned.report
    files = {"report.json": b'{"report":"%b","verdict":"%b"}' % (str(report).encode(), said.encode())}
    read = {"uri": f"file:///archive/{report.window}", "digest": {"sha256": _DATA}, "annotations": {"role": "window"}}
    predicate = {
        "verdict": said,
        "findings": 0,
        "tier": "low",
        "plan": planned.plan,
        "other_plans": [{"plan": each.plan, "audit": each.report.kind, "part": each.report.part} for each in others],
        "buildDefinition": {"resolvedDependencies": [read]},
    }
    return Sealing(report, {**files, "report.html": _PAGE}, predicate, {"plan": planned.plan, "said": said})


def build(storage: Storage, reports: int) -> Evidence:
    """A log of `reports` reports, an even number of at least four: the story of its first and second keeper."""
    log = _Log(storage)
    log.record(0, *_beginning(reports))
    first = [plan_of(report_of(day)) for day in range(reports // 2)]
    log.work(1, first)
    given_up = plan_of(report_of(0, kind="trial"))
    log.plan(2, [given_up])
    log.record(2.5, Void(entry=given_up.entry.key, by="keeper", reason="a rehearsal", at=text(2.5)))
    half = log.note()
    rotate(storage, KEEPER, SUCCESSOR, "keeper", "yearly", hours(24 * 365), hours(3))
    log.signer = SUCCESSOR
    again = plan_of(report_of(0, 2), "once more")
    log.plan(4, [again])
    log.seal(4, [sealing_of(again, [first[0], given_up], "failed")])
    log.work(5, [plan_of(report_of(day)) for day in range(reports // 2, reports - 1)])
    log.record(6, *_end())
    return Evidence(half, log.note())


def _beginning(reports: int) -> Iterator[Body]:
    model, kind, part = report_of(0).series.split("/")[0], "day", "main"
    yield Store(tenant="tenant", retention_days={"low": 30}, locked=False, at=text(0))
    windows = [Due(window=report_of(day).window, due=text(6)) for day in range(reports - 1)]
    yield DueList(model=model, audit=kind, part=part, windows=windows)
    yield Heartbeat(at=text(0), next=text(24))


def _end() -> Iterator[Body]:
    yield Decision(
        model="lending",
        report=str(report_of(0, 2)),
        fingerprint=None,
        decision="accepted",
        by="owner",
        reason="known",
        at=text(6),
    )
    yield Heartbeat(at=text(6), next=text(48))


@dataclass
class _Log:
    storage: Storage
    signer: Signer = KEEPER

    def record(self, after: float, *bodies: Body) -> None:
        record(self.storage, [Entry(body) for body in bodies], {}, self.signer, hours(after))

    def plan(self, after: float, planned: Sequence[Planned]) -> None:
        contents = {sha256: data for each in planned for sha256, data in each.contents.items()}
        record(self.storage, [each.entry for each in planned], contents, self.signer, hours(after))

    def seal(self, after: float, wanted: Sequence[Sealing]) -> None:
        seal_all(self.storage, wanted, self.signer, hours(after))

    def work(self, after: float, planned: Sequence[Planned]) -> None:
        for few in (planned[start : start + _BATCH] for start in range(0, len(planned), _BATCH)):
            self.plan(after, few)
            self.seal(after + 0.5, [sealing_of(each) for each in few])

    def note(self) -> Note:
        return commits.read(self.storage, head(self.storage)).note
