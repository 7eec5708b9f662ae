from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import truncate

EXPECTED = "the time-stamp does not prove"
EVIDENCE = "time-stamp"
ALONE = "it looks for the checkpoint's hash in a token, and says that it checks no more of it"


def tamper(store: Path) -> None:
    truncate(next(iter(sorted((store / "log/anchors").iterdir()))))
