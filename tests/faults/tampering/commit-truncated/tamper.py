from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import commit, truncate

EXPECTED = "commit 4 was replaced or damaged"


def tamper(store: Path) -> None:
    truncate(commit(store, 4))
