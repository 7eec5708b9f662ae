from __future__ import annotations

from pathlib import Path

from tests.faults.actions import hold
from tests.faults.attacker import append, put_entry
from tests.faults.standard import KEEPER, SUCCESSOR

EXPECTED = "the entry was signed by a key that had been retired when it was committed"


def tamper(store: Path) -> None:
    leaf = put_entry(store, hold(9).body, KEEPER)
    append(store, [leaf], SUCCESSOR)
