from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import cut
from tests.faults.standard import hours

EXPECTED = None
AT = hours(3)
NOTED = "no anchor"


def tamper(store: Path) -> None:
    cut(store, 5)
