from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import PLACE

EXPECTED = "the second place knows nothing of this log"
EVIDENCE = "place"


def tamper(store: Path) -> None:
    for path in (store.parent / PLACE).rglob("*.checkpoint"):
        path.unlink()
