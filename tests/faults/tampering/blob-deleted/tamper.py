from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import blob_of

EXPECTED = "was deleted, replaced or damaged after it was sealed"


def tamper(store: Path) -> None:
    blob_of(store, 1).unlink()
