from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.faults.attacker import rewrite

EXPECTED = "the log does not begin with the key that signs it"


def tamper(store: Path) -> None:
    rewrite(store, lambda told: [replace(told[0], leaves=told[0].leaves[1:]), *told[1:]])
