from __future__ import annotations

from pathlib import Path

from retroaudit.ledger.kinds import Decision
from tests.faults.attacker import append, put_entry
from tests.faults.standard import SUCCESSOR, report_of, text

EXPECTED = "the report that was decided about is not in the log before it"


def tamper(store: Path) -> None:
    body = Decision(
        model="lending",
        report=str(report_of(50)),
        fingerprint=None,
        decision="accepted",
        by="x",
        reason="y",
        at=text(7),
    )
    append(store, [put_entry(store, body, SUCCESSOR)], SUCCESSOR)
