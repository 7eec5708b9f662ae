from __future__ import annotations

from pathlib import Path

from tests.faults.actions import hold
from tests.faults.attacker import append, put_entry
from tests.faults.standard import STRANGER, SUCCESSOR

EXPECTED = "hands the log to a key that did not agree to it"


def tamper(store: Path) -> None:
    leaf = put_entry(store, hold(9).body, SUCCESSOR)
    append(store, [leaf], SUCCESSOR, next_key=STRANGER)
