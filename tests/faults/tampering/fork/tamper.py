from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.faults.attacker import rewrite

EXPECTED = "its end was cut off, or the store was set back"
EVIDENCE = "place"


def tamper(store: Path) -> None:
    rewrite(store, lambda told: [*told[:8], *(replace(each, leaves=each.leaves[:1]) for each in told[8:])])
