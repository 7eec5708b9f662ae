from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import swap

EXPECTED = "the time-stamp does not prove"
EVIDENCE = "time-stamp"


def tamper(store: Path) -> None:
    one, other = sorted((store / "log/anchors").iterdir())
    swap(one, other)
