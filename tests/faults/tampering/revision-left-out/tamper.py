from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.faults.attacker import append, put_report
from tests.faults.standard import SUCCESSOR, plan_of, report_of, sealing_of

EXPECTED = "stands in the log without the one before it"


def tamper(store: Path) -> None:
    first = plan_of(report_of(1))
    wanted = replace(sealing_of(first), report=report_of(1, 3))
    append(store, [put_report(store, wanted, SUCCESSOR)], SUCCESSOR)
