from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retroaudit.faults import BadInput, Fault
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.open import open_storage
from retroaudit.storage.protocol import Erasable, ObjectInfo, Storage, settle, unchanged
from tests.memory import InMemory


@dataclass(frozen=True)
class _LosesAnswers(LocalStorage):
    """Puts, or does not, and gives no answer either way."""

    puts: bool = True

    def put_if_absent(self, key: str, data: bytes, *, retain_until: datetime | None = None) -> bool:
        if self.puts:
            super().put_if_absent(key, data, retain_until=retain_until)
        raise BadInput(Fault(key, "no answer", "one"))


def test_settling_gives_what_is_there(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path.resolve())
    assert settle(storage, "x", b"first") == b"first"
    assert settle(storage, "x", b"first") == b"first"
    assert settle(storage, "x", b"second") == b"first"


def test_an_answer_lost_after_the_put_is_no_error_and_one_lost_before_is(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    assert settle(_LosesAnswers(root), "x", b"first") == b"first"
    with pytest.raises(BadInput, match="no answer"):
        settle(_LosesAnswers(root, puts=False), "y", b"first")


def test_a_version_never_changes(tmp_path: Path) -> None:
    info = ObjectInfo("x", 1, datetime(2026, 7, 1, tzinfo=UTC), version="v1")
    assert unchanged(LocalStorage(tmp_path), info)


def test_what_states_lie_in_can_erase_and_what_is_read_need_not(tmp_path: Path) -> None:
    """The types say it: `Places.archive` and `Places.store` are storages, `Places.states` alone is erasable."""
    states: Erasable = open_storage(tmp_path.as_uri())
    archive: Storage = states
    assert not hasattr(Storage, "erase")
    for each in (states, InMemory()):
        each.put_if_absent("x", b"1")
        assert [each.erase("x"), each.erase("x"), archive.head("x")] == [True, False, None]
