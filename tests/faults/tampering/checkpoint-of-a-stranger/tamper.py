from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import edit_commit, sign_checkpoint_as
from tests.faults.standard import STRANGER, SUCCESSOR

EXPECTED = "the checkpoint in commit 11 is nobody's"


def tamper(store: Path) -> None:
    edit_commit(store, 11, lambda body: sign_checkpoint_as(body, STRANGER), SUCCESSOR)
