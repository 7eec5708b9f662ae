from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import commit, swap

EXPECTED = "commit 4 was replaced by a copy of commit 5"


def tamper(store: Path) -> None:
    swap(commit(store, 4), commit(store, 5))
