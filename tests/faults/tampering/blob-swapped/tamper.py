from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import blob_of, swap

EXPECTED = "was deleted, replaced or damaged after it was sealed"


def tamper(store: Path) -> None:
    swap(blob_of(store, 1), blob_of(store, 2))
