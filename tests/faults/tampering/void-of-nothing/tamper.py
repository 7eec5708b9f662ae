from __future__ import annotations

from pathlib import Path

from retroaudit.ledger.kinds import Void
from tests.faults.actions import hold
from tests.faults.attacker import append, put_entry
from tests.faults.standard import SUCCESSOR, text

EXPECTED = "nothing but a plan or a due list can be given up"


def tamper(store: Path) -> None:
    body = Void(entry=hold(99).key, by="x", reason="y", at=text(7))
    append(store, [put_entry(store, body, SUCCESSOR)], SUCCESSOR)
