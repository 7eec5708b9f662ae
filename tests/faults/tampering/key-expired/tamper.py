from __future__ import annotations

from pathlib import Path

from tests.faults.actions import hold
from tests.faults.attacker import append, put_entry
from tests.faults.standard import SUCCESSOR, hours

EXPECTED = "by a key that had expired"
AT = hours(24 * 367)


def tamper(store: Path) -> None:
    leaf = put_entry(store, hold(9).body, SUCCESSOR)
    append(store, [leaf], SUCCESSOR, hour=24 * 366)
