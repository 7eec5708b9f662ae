from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import manifest_of

EXPECTED = "was deleted, replaced or damaged after it was committed"


def tamper(store: Path) -> None:
    manifest_of(store, 1).unlink()
