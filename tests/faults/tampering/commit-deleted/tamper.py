from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import commit

EXPECTED = "commit 4 was deleted"


def tamper(store: Path) -> None:
    commit(store, 4).unlink()
