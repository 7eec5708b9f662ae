"""SIGKILL: at every call of the store, one after the other, and at random moments of sixteen processes at work."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from retroaudit.storage.local import LocalStorage
from tests.faults import figures, killing, working
from tests.faults.actions import ACTIONS
from tests.faults.standard import chance
from tests.faults.zeros import Counted, count

_WRITERS = 16
_ZEROS = {"lost": 0, "doubles": 0, "forks": 0, "problems": 0}  # what `require_zero` required
_KILLS, _NIGHTLY, _A_STORE = 100, 10_000, 500  # the nightly ones in stores of so many


@pytest.mark.slow
@pytest.mark.parametrize("name", ACTIONS)
def test_killed_at_every_call(name: str, tmp_path: Path) -> None:
    prepared, probe = tmp_path / "prepared", tmp_path / "probe"
    prepared.mkdir()
    ACTIONS[name].prepare(LocalStorage(prepared, durable=False))
    shutil.copytree(prepared, probe)
    calls = killing.calls_of(name, probe)
    whole = count(LocalStorage(probe), []).leaves
    for last in range(calls):
        for after in (False, True):
            root, told = tmp_path / f"{last}-{after}", tmp_path / f"{last}-{after}.acknowledged"
            shutil.copytree(prepared, root)
            assert killing.finish(killing.start(killing.act, name, root, told, 2, last, after)) == -signal.SIGKILL
            assert killing.finish(killing.start(killing.act, name, root, told, 3, -1, False)) == 0
            acknowledged = killing.acknowledged(told)
            found = count(LocalStorage(root), acknowledged)
            found.require_zero()
            assert acknowledged
            assert found.leaves == whole
            shutil.rmtree(root)
    figures.note("SIGKILL at every store call", "directory", kills=2 * calls, lost=0, doubles=0, forks=0, problems=0)


@pytest.mark.slow
def test_killed_at_random(tmp_path: Path) -> None:
    found = _kill(tmp_path, _KILLS, seed=1)
    counts = {"kills": _KILLS, "acknowledged": found, **_ZEROS}
    figures.note("random kills, 16 processes", "directory", nightly=False, **counts)


@pytest.mark.long
@pytest.mark.parametrize("part", range(_NIGHTLY // _A_STORE))
def test_killed_at_random_all_night(tmp_path: Path, part: int) -> None:
    found = _kill(tmp_path, _A_STORE, seed=100 + part)
    counts = {"kills": _A_STORE, "acknowledged": found, **_ZEROS}
    figures.note("random kills, 16 processes", "directory", nightly=True, **counts)


def _kill(folder: Path, kills: int, seed: int) -> int:
    """Kill so many of sixteen writers, begin each anew, let all come to an end, and count."""
    luck = chance(seed)
    root = folder / "store"
    root.mkdir()
    stop = folder / "stop"
    told = [folder / f"{number}.acknowledged" for number in range(_WRITERS)]
    writers = [working.start(root, number, told[number], stop) for number in range(_WRITERS)]
    for _ in range(kills):
        time.sleep(luck.uniform(0.0, 0.04))  # the random moment itself
        number = luck.randrange(_WRITERS)
        writers[number].kill()
        assert killing.finish(writers[number]) == -signal.SIGKILL
        writers[number] = working.start(root, number, told[number], stop)
    stop.touch()
    assert [killing.finish(each) for each in writers] == [0] * _WRITERS
    return _require_all(root, told)


def _require_all(root: Path, told: Sequence[Path]) -> int:
    acknowledged = [found for path in told for found in killing.acknowledged(path)]
    found: Counted = count(LocalStorage(root), acknowledged)
    found.require_zero()
    assert found.leaves == 1 + len({each.key for each in acknowledged})  # the first key's, and nothing unasked
    assert found.leaves > _WRITERS
    return len(acknowledged)
