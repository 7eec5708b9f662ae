from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import PLACE, truncate

EXPECTED = "the second place cannot be read, or somebody was there"
EVIDENCE = "place"


def tamper(store: Path) -> None:
    truncate(next(path for path in sorted((store.parent / PLACE).rglob("*.checkpoint"))))
