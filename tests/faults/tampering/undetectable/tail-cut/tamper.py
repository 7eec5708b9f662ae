from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import cut

EXPECTED = None
NOTED = "no anchor"


def tamper(store: Path) -> None:
    cut(store, 10)
