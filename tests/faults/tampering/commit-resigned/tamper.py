from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import edit_commit
from tests.faults.standard import STRANGER

EXPECTED = "commit 4 was signed by a key that the log was not handed to"


def tamper(store: Path) -> None:
    edit_commit(store, 4, dict.copy, STRANGER)
