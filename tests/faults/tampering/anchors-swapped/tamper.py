from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import PLACE, swap

EXPECTED = "the second place knows nothing of this log"
EVIDENCE = "place"


def tamper(store: Path) -> None:
    one, other = sorted((store.parent / PLACE).rglob("*.checkpoint"))
    swap(one, other)
