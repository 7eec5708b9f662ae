from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.faults.attacker import rewrite

EXPECTED = "the log was rewritten"
EVIDENCE = "place"


def tamper(store: Path) -> None:
    rewrite(store, lambda told: [*told[:2], replace(told[2], leaves=told[2].leaves[::-1]), *told[3:]])
