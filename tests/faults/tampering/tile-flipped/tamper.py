from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import flip, tile

EXPECTED = "a tile is not the log's"


def tamper(store: Path) -> None:
    flip(tile(store, 8))
