from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import plan_entry

EXPECTED = "was deleted, replaced or damaged after it was committed"


def tamper(store: Path) -> None:
    new = store / "entries/v1/kind=hold" / plan_entry(store, 1).name
    new.parent.mkdir(parents=True)
    plan_entry(store, 1).rename(new)
