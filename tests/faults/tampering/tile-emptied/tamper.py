from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import overwrite, tile

EXPECTED = "a tile is not the log's"


def tamper(store: Path) -> None:
    overwrite(tile(store, 8), b"")
