from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import plan_entry, swap

EXPECTED = "was deleted, replaced or damaged after it was committed"


def tamper(store: Path) -> None:
    swap(plan_entry(store, 1), plan_entry(store, 2))
