from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import edit_commit, lie_in_checkpoint
from tests.faults.standard import SUCCESSOR

EXPECTED = "commit 11 was replaced or damaged"


def tamper(store: Path) -> None:
    edit_commit(store, 11, lambda body: lie_in_checkpoint(body, SUCCESSOR), SUCCESSOR)
