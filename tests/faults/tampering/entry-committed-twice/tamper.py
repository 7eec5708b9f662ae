from __future__ import annotations

from pathlib import Path

from retroaudit.ledger import commits
from tests.faults.attacker import append, opened
from tests.faults.standard import SUCCESSOR

EXPECTED = "repeats an entry that was in the log before: a replay"


def tamper(store: Path) -> None:
    leaf = commits.read(opened(store), 3).body.leaves[0]
    append(store, [leaf], SUCCESSOR)
