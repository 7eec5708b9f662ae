from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import overwrite

EXPECTED = "the time-stamp does not prove"
EVIDENCE = "time-stamp"


def tamper(store: Path) -> None:
    one, other = sorted((store / "log/anchors").iterdir())
    overwrite(other, one.read_bytes())
