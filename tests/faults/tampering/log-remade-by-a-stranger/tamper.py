from __future__ import annotations

import shutil
from pathlib import Path

from retroaudit.ledger.recording import record
from tests.faults.actions import hold
from tests.faults.attacker import opened
from tests.faults.standard import STRANGER, hours

EXPECTED = "another log, or a forgery"


def tamper(store: Path) -> None:
    for name in ("log", "entries", "reports", "blobs"):
        shutil.rmtree(store / name)
    record(opened(store), [hold(0)], {}, STRANGER, hours(0))
