from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import overwrite

EXPECTED = "the time-stamp does not prove"
EVIDENCE = "time-stamp"


def tamper(store: Path) -> None:
    overwrite(next(iter(sorted((store / "log/anchors").iterdir()))), b"")
