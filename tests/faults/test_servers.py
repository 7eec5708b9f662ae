"""The ledger on a real S3 server, SeaweedFS: seals, faults, races, kills, tampering, and an auditor who only reads."""

from __future__ import annotations

import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.entries import Entry
from retroaudit.ledger.kinds import Store
from retroaudit.ledger.recording import record
from retroaudit.ledger.seal import seal
from retroaudit.ledger.statement import instant
from retroaudit.ledger.verify import Options, verify
from retroaudit.storage import founding
from retroaudit.storage.open import open_store
from retroaudit.storage.protocol import Storage
from retroaudit.storage.s3 import S3Storage, connect
from tests import servers
from tests.faults import figures, killing, working
from tests.faults.actions import ACTIONS, Acknowledged, rival, seal_two_unplanned, unplanned
from tests.faults.faulty import Faulty, How
from tests.faults.ram import Ram
from tests.faults.standard import KEEPER, build, chance, hours, report_of
from tests.faults.zeros import count
from tests.servers import AsRole, lift_policy

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("server")]

Run = Callable[[Storage, float], Sequence[Acknowledged]]
_WRITERS, _EACH, _RACERS = 16, 2, 64
_ROUNDS, _NIGHTLY_ROUNDS = 2, 200
_LOADERS, _DEATHS = 8, 4


def beside(storage: S3Storage) -> S3Storage:
    """Another place in the same bucket."""
    return replace(storage, prefix=f"{storage.prefix}-{secrets.token_hex(4)}")


def again_until_done(
    storage: Storage, run: Callable[[Storage, float], Sequence[Acknowledged]]
) -> Sequence[Acknowledged]:
    """As a user would: the same call again, a little later."""
    for attempt in range(5):
        try:
            return run(storage, 2 + attempt)
        except BadInput:
            continue
    raise AssertionError("five attempts were not enough")


# --- the log as it is meant to go ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["second seal", "seal of a revision", "change of keys"])
def test_a_call_and_the_same_again(lock_store: S3Storage, name: str) -> None:
    action = ACTIONS[name]
    action.prepare(lock_store)
    first, second = action.run(lock_store, 2), action.run(lock_store, 3)
    assert first == second
    count(lock_store, first).require_zero()


def test_a_whole_story(lock_store: S3Storage) -> None:
    evidence = build(lock_store, 6)
    found = verify(lock_store, KEEPER.public, options=Options(at=hours(20), since=evidence.half))
    assert found.problems == ()
    assert found.checked["reports"] == 6


def test_an_auditor_who_can_only_read_verifies_everything(lock_store: S3Storage, as_role: AsRole) -> None:
    now = datetime.now(UTC)
    until = now + timedelta(days=1, minutes=5)
    body = Store(tenant="tenant", retention_days={"low": 1}, locked=True, at=instant(now, "at"))
    with as_role("log"):
        log = open_store(lock_store.url, create=True)
        record(log, [Entry(body)], {}, KEEPER, now)
        receipts = [seal(log, unplanned(day), KEEPER, now, retain_until=until) for day in range(3)]
    with as_role("auditor"):
        auditor = open_store(lock_store.url)
        found = verify(auditor, KEEPER.public)
        one = verify(auditor, KEEPER.public, str(report_of(1)))
        with pytest.raises(BadInput, match="access denied"):
            auditor.put_if_absent("log/commits/000000/000000000099", b"squatter")
    assert [found.problems, one.problems] == [(), ()]
    assert found.checked["reports"] == len(receipts) == 3
    entries, reports, commits = 1 + 1, 3 * (2 + 1), 4  # of each report two files and the manifest
    tiles = 1 + 4  # full and partial ones: one a commit, of sizes 2 to 5
    assert entries + reports + commits < found.checked["locks"] <= entries + reports + commits + tiles
    assert not [each for each in found.unchecked if "lock" in each or "version" in each]
    figures.note("auditor role, read only", "SeaweedFS", verified=found.checked["reports"], problems=0)


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("how", How, ids=[how.value for how in How])
def test_each_put_fails(lock_store: S3Storage, how: How) -> None:
    watched = Faulty(Ram())
    seal_two_unplanned(watched, 2)
    for number in range(len(watched.puts)):
        storage = beside(lock_store)
        faulty = Faulty(storage, number, how, lambda there=storage: rival(there))  # type: ignore[misc]
        count(storage, again_until_done(faulty, seal_two_unplanned)).require_zero()
    figures.note("fault matrix", "SeaweedFS", faults=len(watched.puts), lost=0, doubles=0, forks=0, problems=0)


@pytest.mark.slow
def test_sixteen_processes(lock_store: S3Storage, tmp_path: Path) -> None:
    told = [tmp_path / f"{number}.acknowledged" for number in range(_WRITERS)]
    stop = tmp_path / "stop"
    writers = [working.start(lock_store.url, number, path, stop, _EACH) for number, path in enumerate(told)]
    assert [killing.finish(each) for each in writers] == [0] * _WRITERS
    acknowledged = [found for path in told for found in killing.acknowledged(path)]
    found = count(lock_store, acknowledged)
    found.require_zero()
    assert found.leaves == 1 + _WRITERS * _EACH
    figures.note("16 processes at once", "SeaweedFS", reports=_WRITERS * _EACH, lost=0, doubles=0, forks=0, problems=0)


def race(storage: S3Storage, rounds: int) -> None:
    """Sixty-four writers at once on one new key, again and again: one wins, and its bytes stay."""
    clients = [connect(storage.bucket, storage.prefix) for _ in range(8)]  # a client has ten connections
    start = threading.Barrier(_RACERS)

    def put(key: str, number: int) -> bool:
        start.wait()
        return clients[number % len(clients)].put_if_absent(key, str(number).encode())

    with ThreadPoolExecutor(_RACERS) as threads:
        for each in range(rounds):
            key = f"race/{each}"
            won = list(threads.map(put, [key] * _RACERS, range(_RACERS)))
            assert won.count(True) == 1
            assert storage.read(key) == str(won.index(True)).encode()
            assert len([*storage.versions(key)]) == 1


@pytest.mark.slow
def test_one_of_sixty_four_wins(lock_store: S3Storage) -> None:
    race(lock_store, _ROUNDS)
    figures.note("put-if-absent, 64 writers", "SeaweedFS", rounds=_ROUNDS, rounds_with_one_winner=_ROUNDS)


@pytest.mark.long
def test_one_of_sixty_four_wins_all_night(lock_store: S3Storage) -> None:
    race(lock_store, _NIGHTLY_ROUNDS)
    counts = {"rounds": _NIGHTLY_ROUNDS, "rounds_with_one_winner": _NIGHTLY_ROUNDS}
    figures.note("put-if-absent, 64 writers", "SeaweedFS", nightly=True, **counts)


# --- tampering that only a store with versions shows -----------------------------------------------------------------


@pytest.fixture
def three_days(lock_store: S3Storage) -> S3Storage:
    """Three reports, in a bucket whose administrator has gone astray."""
    for day in range(3):
        seal(lock_store, unplanned(day), KEEPER, hours(day))
    lift_policy(lock_store)
    return lock_store


@pytest.fixture(params=["commit", "manifest", "tile"])
def victim(request: pytest.FixtureRequest) -> str:
    keys = {"commit": commit_key(2), "manifest": report_of(1).manifest_key, "tile": "log/tile/0/000.p/2"}
    return keys[request.param]


def meanings(storage: S3Storage) -> str:
    return "\n".join(f"{each.object}: {each.meaning}" for each in verify(storage, KEEPER.public).problems)


def test_a_second_version_is_found_and_the_first_is_judged(three_days: S3Storage, victim: str) -> None:
    three_days.client.put_object(Bucket=three_days.bucket, Key=three_days._name(victim), Body=b"forged")
    (problem,) = verify(three_days, KEEPER.public).problems
    assert problem.object == victim
    assert "somebody wrote over it on" in problem.meaning
    figures.note("extra version, delete marker", "SeaweedFS", found=1)


def test_a_delete_marker_is_found_and_the_first_is_judged(three_days: S3Storage, victim: str) -> None:
    three_days.client.delete_object(Bucket=three_days.bucket, Key=three_days._name(victim))
    assert f"{victim}: somebody deleted it on" in meanings(three_days)
    figures.note("extra version, delete marker", "SeaweedFS", found=1)


def test_nobody_appends_where_the_last_commit_was_deleted(three_days: S3Storage) -> None:
    three_days.client.delete_object(Bucket=three_days.bucket, Key=three_days._name(commit_key(3)))
    with pytest.raises(IntegrityBroken, match="a delete marker: somebody deleted it"):
        seal(three_days, unplanned(3), KEEPER, hours(4))
    assert "somebody deleted it on" in meanings(three_days)


# --- a server that is killed -----------------------------------------------------------------------------------------


class Mortal:
    """A server of a test's own, which starts again on the data that it left."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ports, self.secret = folder, servers._free_ports(4), secrets.token_hex(20)
        key = {"accessKey": "ADMIN", "secretKey": self.secret}
        rights = ["Admin", "Read", "Write", "List", "Tagging"]
        identities = [{"name": "admin", "credentials": [key], "actions": rights}]
        (folder / "s3.json").write_text(json.dumps({"identities": identities}))
        (folder / "data").mkdir()

    def start(self) -> None:
        with patch.object(Path, "mkdir"):  # the data are there already
            self.process = servers._start(self.folder, self.ports)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def mortal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mortal]:
    server = Mortal(tmp_path)
    endpoint = f"http://127.0.0.1:{server.ports[0]}"
    server.start()
    try:
        servers._wait_until_it_writes(server.process, endpoint, "ADMIN", server.secret)
        servers._point_aws_at(endpoint, "ADMIN", server.secret, monkeypatch)
        yield server
    finally:
        server.kill()


def _wait_for_work(told: Sequence[Path]) -> None:
    """Until each writer, on average, was acknowledged five more reports."""
    before, deadline = sum(len(killing.acknowledged(path)) for path in told), time.monotonic() + 120
    while sum(len(killing.acknowledged(path)) for path in told) < before + 5 * len(told):
        assert time.monotonic() < deadline, "nobody gets anything done"
        time.sleep(0.1)


@pytest.mark.long
def test_a_server_that_is_killed_under_load_loses_nothing(mortal: Mortal, tmp_path: Path) -> None:
    url, stop, luck = "s3://bucket-killed/audits", tmp_path / "stop", chance(5)
    founding.found(founding.plan(url, days=1), {})
    told = [tmp_path / f"{number}.acknowledged" for number in range(_LOADERS)]
    writers = [working.start(url, number, path, stop) for number, path in enumerate(told)]
    for _ in range(_DEATHS):
        _wait_for_work(told)
        time.sleep(luck.uniform(0, 1))  # the random moment itself
        mortal.kill()
        mortal.start()
    _wait_for_work(told)
    stop.touch()
    assert [killing.finish(each) for each in writers] == [0] * _LOADERS
    acknowledged = [found for path in told for found in killing.acknowledged(path)]
    found = count(open_store(url), acknowledged)
    found.require_zero()
    assert found.leaves == 1 + len({each.key for each in acknowledged})
    counts = {"kills": _DEATHS, "acknowledged": len(acknowledged), "lost": 0, "doubles": 0, "forks": 0, "problems": 0}
    figures.note("kill -9 of the server under load", "SeaweedFS", nightly=True, **counts)
