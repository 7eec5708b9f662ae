from __future__ import annotations

from pathlib import Path

from tests.faults.actions import unplanned
from tests.faults.attacker import append, put_report
from tests.faults.standard import SUCCESSOR

EXPECTED = "it names no plan, as others here do"


def tamper(store: Path) -> None:
    append(store, [put_report(store, unplanned(3), SUCCESSOR)], SUCCESSOR)
