"""Legal holds on all that a report consists of, and on nothing that another report's hold still needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from retroaudit.declaring.holds import hold
from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.coordinates import blob_key, commit_key
from retroaudit.ledger.kinds import Hold
from retroaudit.ledger.read import Entry, find, logged
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.protocol import Lockable, Retention
from tests.test_measuring import DAYS, LABELLED, filled
from tests.world import NOON, World

__all__ = ["filled"]


@dataclass(frozen=True)
class Vault(LocalStorage):
    """A directory that holds objects as a bucket would."""

    held: set[str] = field(default_factory=set, hash=False, compare=False)

    def retention(self, key: str, version: str | None = None) -> Retention | None:
        del version
        return Retention(None, None, legal_hold=True) if key in self.held else None

    def extend(self, key: str, until: datetime) -> None:
        raise NotImplementedError

    def hold(self, key: str, *, on: bool) -> None:
        if self.head(key) is None:
            raise BadInput(Fault(key, "no such object", "an object"))
        (self.held.add if on else self.held.discard)(key)


def vault(world: World) -> Vault:
    return Vault((world.root / "store").resolve())


def entry(world: World, day: str) -> Entry:
    return find(world.store, f"model/{day}/day/main")


def put_on(world: World, storage: Vault, day: str, *, on: bool) -> int | None:
    """As the command does it: the objects, then the entry."""
    report = entry(world, day)
    objects = hold(storage, report, on=on)
    own = {"model": "model", "report": str(report.report), "by": "legal", "reason": "case", "at": NOON.isoformat()}
    world.declare(Hold(**own, on=on))
    return objects


@pytest.fixture
def two(filled: World) -> World:
    """Two days, audited: their reports share spec.json."""
    for day in DAYS[:2]:
        filled.audit(LABELLED, day)
    return filled


def test_a_hold_is_on_the_manifest_the_plan_all_files_and_the_commits_that_prove_them(two: World) -> None:
    storage = vault(two)
    objects = put_on(two, storage, DAYS[0], on=True)
    report = entry(two, DAYS[0])
    plan = next(each for each in logged(two.store, "plan") if f"window={DAYS[0]}/" in each.key)
    files = {blob_key(file.sha256) for file in (*report.files, *plan.recorded.entry.files)}
    commits = {commit_key(number) for number in (report.commit, plan.commit, 1)}  # 1: the log's key
    (key,) = (each.key for each in logged(two.store, "key"))
    assert storage.held == {report.manifest_key, plan.key, key, *files, *commits}
    assert objects == len(storage.held)


def test_what_a_held_report_shares_stays_held(two: World) -> None:
    storage = vault(two)
    for day in DAYS[:2]:
        put_on(two, storage, day, on=True)
    put_on(two, storage, DAYS[0], on=False)
    alone = vault(two)
    put_on(two, alone, DAYS[1], on=True)
    assert storage.held == alone.held
    put_on(two, storage, DAYS[1], on=False)
    assert storage.held == set()


def test_a_directory_cannot_hold(two: World) -> None:
    assert not isinstance(two.store, Lockable)
    assert hold(two.store, entry(two, DAYS[0]), on=True) is None


def test_a_store_that_refuses_says_so(two: World, tmp_path: Path) -> None:
    storage = Vault(tmp_path.resolve())
    with pytest.raises(BadInput):
        hold(storage, entry(two, DAYS[0]), on=True)
