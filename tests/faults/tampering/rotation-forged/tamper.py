from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import append, put_key
from tests.faults.standard import STRANGER

EXPECTED = "was signed by a key that the log was not handed to"


def tamper(store: Path) -> None:
    leaf = put_key(store, STRANGER, STRANGER, STRANGER)
    append(store, [leaf], STRANGER)
