from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import overwrite, plan_entry

EXPECTED = "was deleted, replaced or damaged after it was committed"


def tamper(store: Path) -> None:
    overwrite(plan_entry(store, 1), plan_entry(store, 2).read_bytes())
