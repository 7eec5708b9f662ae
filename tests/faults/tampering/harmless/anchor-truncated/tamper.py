from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import PLACE, truncate

EXPECTED = None
NOTED = "second place"
EVIDENCE = "place"


def tamper(store: Path) -> None:
    truncate(next(path for path in sorted((store.parent / PLACE).rglob("*.checkpoint"))))
