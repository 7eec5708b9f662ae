"""Sixteen processes that seal at once, and nobody is killed: every report is in the log, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from retroaudit.storage.local import LocalStorage
from tests.faults import figures, killing, working
from tests.faults.zeros import count

_WRITERS, _EACH = 16, 5


@pytest.mark.slow
def test_sixteen_processes_at_once(tmp_path: Path) -> None:
    root, stop = tmp_path / "store", tmp_path / "stop"
    root.mkdir()
    told = [tmp_path / f"{number}.acknowledged" for number in range(_WRITERS)]
    writers = [working.start(root, number, told[number], stop, _EACH) for number in range(_WRITERS)]
    assert [killing.finish(each) for each in writers] == [0] * _WRITERS
    acknowledged = [found for path in told for found in killing.acknowledged(path)]
    assert len({each.key for each in acknowledged}) == len(acknowledged) == _WRITERS * _EACH
    found = count(LocalStorage(root), acknowledged)
    found.require_zero()
    assert found.leaves == 1 + _WRITERS * _EACH
    figures.note("16 processes at once", "directory", reports=_WRITERS * _EACH, lost=0, doubles=0, forks=0, problems=0)


@pytest.mark.slow
def test_sixteen_processes_that_seal_the_same(tmp_path: Path) -> None:
    root, stop = tmp_path / "store", tmp_path / "stop"
    root.mkdir()
    told = [tmp_path / f"{number}.acknowledged" for number in range(_WRITERS)]
    writers = [working.start(root, 0, path, stop, _EACH) for path in told]
    assert [killing.finish(each) for each in writers] == [0] * _WRITERS
    acknowledged = [found for path in told for found in killing.acknowledged(path)]
    assert len(acknowledged) == _WRITERS * _EACH
    assert len({(each.key, each.sha256, each.commit) for each in acknowledged}) == _EACH  # one answer for all
    found = count(LocalStorage(root), acknowledged)
    found.require_zero()
    assert found.leaves == 1 + _EACH
    figures.note("16 processes at once", "directory", reports=_EACH, lost=0, doubles=0, forks=0, problems=0)
