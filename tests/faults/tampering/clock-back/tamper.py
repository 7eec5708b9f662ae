from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import edit_commit
from tests.faults.standard import SUCCESSOR, text

EXPECTED = "claims to be older than the commit before it"


def tamper(store: Path) -> None:
    edit_commit(store, 11, lambda body: body.update(time=text(1)), SUCCESSOR)
