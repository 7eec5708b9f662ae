from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import PLACE, overwrite

EXPECTED = None
NOTED = "second place"
EVIDENCE = "place"


def tamper(store: Path) -> None:
    overwrite(next(path for path in sorted((store.parent / PLACE).rglob("*.checkpoint"))), b"")
