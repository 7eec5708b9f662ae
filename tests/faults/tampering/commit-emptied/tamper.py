from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import commit, overwrite

EXPECTED = "commit 4 was replaced or damaged"


def tamper(store: Path) -> None:
    overwrite(commit(store, 4), b"")
