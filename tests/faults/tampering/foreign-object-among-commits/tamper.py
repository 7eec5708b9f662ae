from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import overwrite

EXPECTED = "something was put into the log, or renamed there"


def tamper(store: Path) -> None:
    overwrite(store / "log/commits/000000/4", b"hello")
