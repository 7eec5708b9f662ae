from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import manifest_of, overwrite

EXPECTED = "was deleted, replaced or damaged after it was committed"


def tamper(store: Path) -> None:
    overwrite(manifest_of(store, 1), b"")
