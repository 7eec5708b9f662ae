from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import cut

EXPECTED = "its end was cut off, or the store was set back"
EVIDENCE = "place"


def tamper(store: Path) -> None:
    cut(store, 5)
