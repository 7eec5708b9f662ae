from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import commit

EXPECTED = "something was put into the log, or renamed there"


def tamper(store: Path) -> None:
    commit(store, 4).rename(commit(store, 4).with_suffix(".bak"))
