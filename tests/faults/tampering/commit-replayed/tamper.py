from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import commit, overwrite

EXPECTED = "commit 12 was replaced by a copy of commit 5"


def tamper(store: Path) -> None:
    overwrite(commit(store, 12), commit(store, 5).read_bytes())
