from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import PLACE

EXPECTED = None
NOTED = "second place"
EVIDENCE = "place"


def tamper(store: Path) -> None:
    path = next(path for path in sorted((store.parent / PLACE).rglob("*.checkpoint")))
    path.rename(path.with_name("000000000999.checkpoint"))
