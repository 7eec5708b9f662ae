from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import tile

EXPECTED = None
NOTED = "tile is missing"


def tamper(store: Path) -> None:
    tile(store, max(int(path.name) for path in (store / "log/tile/0/000.p").iterdir())).unlink()
