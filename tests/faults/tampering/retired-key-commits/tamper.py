from __future__ import annotations

from pathlib import Path

from tests.faults.actions import hold
from tests.faults.attacker import append, put_entry
from tests.faults.standard import KEEPER, SUCCESSOR

EXPECTED = "was signed by a key that the log was not handed to"


def tamper(store: Path) -> None:
    leaf = put_entry(store, hold(9).body, SUCCESSOR)
    append(store, [leaf], KEEPER)
