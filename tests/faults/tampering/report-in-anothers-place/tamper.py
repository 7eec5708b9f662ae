from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import append, put_report
from tests.faults.standard import SUCCESSOR, plan_of, report_of, sealing_of

EXPECTED = "was put in another's place"


def tamper(store: Path) -> None:
    planned = plan_of(report_of(1))
    key = report_of(30).manifest_key
    append(store, [put_report(store, sealing_of(planned), SUCCESSOR, key=key)], SUCCESSOR)
