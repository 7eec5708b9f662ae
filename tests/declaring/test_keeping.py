"""How long a store keeps: said once in its log, and locks that are made longer before they run out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retroaudit.declaring.keeping import keep, lasting, promised, relock
from retroaudit.faults import BadInput
from retroaudit.ledger.coordinates import ReportId, blob_key, commit_key
from retroaudit.ledger.entries import Entry
from retroaudit.ledger.kinds import Plan
from retroaudit.ledger.listing import listed
from retroaudit.ledger.recording import record
from retroaudit.ledger.seal import Sealing, seal
from retroaudit.ledger.signing import Signer, generate, signer_from_pem
from retroaudit.ledger.statement import File
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.open import open_store
from retroaudit.storage.protocol import Denied, Lockable, Retention, Storage
from retroaudit.storage.s3 import S3Storage
from tests.servers import AsRole

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
DAYS = {"low": 3, "high": 9}


@dataclass(frozen=True)
class Vault(LocalStorage):
    """A directory that locks as a bucket would."""

    locked: dict[str, datetime] = field(default_factory=dict, hash=False, compare=False)

    def retention(self, key: str, version: str | None = None) -> Retention | None:
        del version
        until = self.locked.get(key)
        return Retention("COMPLIANCE", until, legal_hold=False) if until else None

    def extend(self, key: str, until: datetime) -> None:
        assert self.head(key) is not None
        self.locked[key] = max(until, self.locked.get(key, until))

    def hold(self, key: str, *, on: bool) -> None:
        raise NotImplementedError


@pytest.fixture
def signer() -> Signer:
    return signer_from_pem(generate().signing, "key")


def sealed(storage: Storage, signer: Signer, model: str, tier: str, at: datetime) -> ReportId:
    report = ReportId(model, "2026-06-30", "day", "main", 1)
    files = {"report.json": model.encode(), "spec.json": b"shared"}
    seal(storage, Sealing(report, files, {"tier": tier}, {}), signer, at)
    return report


def planned(storage: Storage, signer: Signer, at: datetime) -> str:
    """A plan's entry, whose file is a report's too."""
    file = File.of("plan.json", b"shared")
    plan = Plan(model="m", window="w", audit="day", part="main", plan=file.sha256, as_of=None)
    record(storage, [Entry(plan, (file,))], {file.sha256: b"shared"}, signer, at)
    return Entry(plan, (file,)).key


def test_what_the_log_says_already_is_not_said_again(tmp_path: Path, signer: Signer) -> None:
    storage = LocalStorage(tmp_path.resolve())
    for minutes, days, locked, new in [
        (0, DAYS, True, True),
        (1, DAYS, True, False),
        (2, {**DAYS, "low": 4}, True, True),
        (3, {**DAYS, "low": 4}, False, True),
        (4, DAYS, True, True),  # as at first, but not as last: it is another moment's
    ]:
        at = START + timedelta(minutes=minutes)
        assert keep(storage, "bank", days, signer, at, locked=locked) is new
    assert len(list(listed(storage, "store"))) == 4
    assert promised(storage) == {"low": 4, "high": 9}  # the most of each


def test_values_that_do_not_fit_are_refused(tmp_path: Path, signer: Signer) -> None:
    with pytest.raises(BadInput, match="retention_days"):
        keep(LocalStorage(tmp_path.resolve()), "bank", {"low": 0}, signer, START, locked=True)
    with pytest.raises(BadInput, match="tenant"):
        keep(LocalStorage(tmp_path.resolve()), "b" * 201, DAYS, signer, START, locked=True)


def test_the_log_is_locked_for_its_longest_tier_and_a_report_for_its_own(tmp_path: Path, signer: Signer) -> None:
    """After four days a low report's three are over: nothing is locked for it alone. By hand: 1 July + 9 days."""
    storage = Vault(tmp_path.resolve())
    assert isinstance(storage, Lockable)
    keep(storage, "bank", DAYS, signer, START, locked=True)
    plan = planned(storage, signer, START)
    over = sealed(storage, signer, "over", "low", START)
    long = sealed(storage, signer, "long", "high", START)
    untold = sealed(storage, signer, "untold", "none", START)  # no tier of the log's: the longest
    later = START + timedelta(days=4)
    fresh = sealed(storage, signer, "fresh", "low", later)
    count = relock(storage, later)
    assert count == len(storage.locked)
    assert lasting(storage, later) == later + timedelta(days=9, seconds=1)
    until = storage.locked
    own = {info.key for folder in ("log", "entries") for info in storage.list(f"{folder}/")}
    assert {until[key] for key in (*own, plan, blob_key(File.of("", b"shared").sha256))} == {lasting(storage, later)}
    assert over.manifest_key not in until
    assert blob_key(File.of("", b"over").sha256) not in until
    for report, end in (
        (long, START + timedelta(days=9)),
        (fresh, later + timedelta(days=3)),
        (untold, START + timedelta(days=9)),
    ):
        for key in (report.manifest_key, blob_key(File.of("", report.model.encode()).sha256)):
            assert end <= until[key] < end + timedelta(hours=3)
    before = dict(until)
    relock(storage, later)
    assert until == before


def test_without_a_promise_or_a_lock_there_is_nothing_to_make_longer(tmp_path: Path, signer: Signer) -> None:
    storage = Vault(tmp_path.resolve())
    with pytest.raises(BadInput, match="does not say how long it keeps"):
        relock(storage, START)
    assert relock(LocalStorage(tmp_path.resolve()), START) is None
    del signer


@pytest.mark.server
@pytest.mark.slow
def test_the_log_role_may_relock_and_the_writer_may_not(lock_store: S3Storage, as_role: AsRole, signer: Signer) -> None:
    """On a real server whose bucket locks for a day."""
    now = datetime.now(UTC)
    keep(lock_store, "bank", DAYS, signer, now, locked=True)
    report = sealed(lock_store, signer, "m", "low", now)
    with as_role("writer"), pytest.raises(Denied, match="access denied"):
        relock(open_store(lock_store.url), now)
    with as_role("log"):
        count = relock(open_store(lock_store.url), now)
    expected = {commit_key(1): 9, commit_key(2): 9, report.manifest_key: 3}
    tiles = [info.key for info in lock_store.list("log/tile/")]
    assert tiles
    for key, days in {**expected, **dict.fromkeys(tiles, 9)}.items():
        found = lock_store.retention(key)
        assert found is not None
        assert found.until is not None
        assert found.mode == "COMPLIANCE"
        assert timedelta(0) <= found.until - (now + timedelta(days=days)) < timedelta(hours=3)
    assert count == len(list(lock_store.list("log/"))) + len(list(lock_store.list("entries/"))) + 3
