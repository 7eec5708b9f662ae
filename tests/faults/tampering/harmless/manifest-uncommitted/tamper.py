from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import put_report
from tests.faults.standard import SUCCESSOR, plan_of, report_of, sealing_of

EXPECTED = None
NOTED = "uncommitted"


def tamper(store: Path) -> None:
    put_report(store, sealing_of(plan_of(report_of(20))), SUCCESSOR)
