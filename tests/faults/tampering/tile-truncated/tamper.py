from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import tile, truncate

EXPECTED = "a tile is not the log's"


def tamper(store: Path) -> None:
    truncate(tile(store, 8))
