from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import commit

EXPECTED = "commit 20 was replaced by a copy of commit 4"


def tamper(store: Path) -> None:
    commit(store, 4).rename(commit(store, 20))
