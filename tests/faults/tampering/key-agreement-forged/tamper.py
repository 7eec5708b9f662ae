from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import append, put_key
from tests.faults.standard import KEEPER, STRANGER, SUCCESSOR

EXPECTED = "hands the log to a key that did not agree to it"


def tamper(store: Path) -> None:
    leaf = put_key(store, STRANGER, KEEPER, SUCCESSOR)
    append(store, [leaf], SUCCESSOR, next_key=STRANGER)
