from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import PLACE, overwrite

EXPECTED = "the second place cannot be read, or somebody was there"
EVIDENCE = "place"


def tamper(store: Path) -> None:
    overwrite(next(path for path in sorted((store.parent / PLACE).rglob("*.checkpoint"))), b"")
