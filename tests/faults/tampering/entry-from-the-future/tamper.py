from __future__ import annotations

from pathlib import Path

from tests.faults.actions import hold
from tests.faults.attacker import append, put_entry
from tests.faults.standard import SUCCESSOR

EXPECTED = "the entry claims to be younger than the commit that holds it"


def tamper(store: Path) -> None:
    leaf = put_entry(store, hold(9).body, SUCCESSOR, after=99)
    append(store, [leaf], SUCCESSOR)
