from __future__ import annotations

from pathlib import Path

from retroaudit.ledger.kinds import Due, DueList
from tests.faults.attacker import append, put_entry
from tests.faults.standard import SUCCESSOR, text

EXPECTED = "an audit that was due on"


def tamper(store: Path) -> None:
    body = DueList(model="lending", audit="day", part="main", windows=[Due(window="2026-07-30", due=text(6))])
    append(store, [put_entry(store, body, SUCCESSOR)], SUCCESSOR)
