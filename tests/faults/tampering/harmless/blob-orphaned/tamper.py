from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import overwrite

EXPECTED = None
NOTED = "in no report"


def tamper(store: Path) -> None:
    overwrite(store / "blobs/sha256/00" / ("0" * 64), b"orphan")
