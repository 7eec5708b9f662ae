from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import append, put_report
from tests.faults.standard import SUCCESSOR, plan_of, report_of, sealing_of

EXPECTED = "what it would test was not sealed before"


def tamper(store: Path) -> None:
    wanted = sealing_of(plan_of(report_of(20)))
    append(store, [put_report(store, wanted, SUCCESSOR)], SUCCESSOR)
