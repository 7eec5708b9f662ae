from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import tile

EXPECTED = "somebody put a tile there"


def tamper(store: Path) -> None:
    tile(store, 8).rename(tile(store, 99))
