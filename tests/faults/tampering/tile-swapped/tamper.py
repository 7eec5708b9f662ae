from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import swap, tile

EXPECTED = "a tile is not the log's"


def tamper(store: Path) -> None:
    swap(tile(store, 8), tile(store, 12))
