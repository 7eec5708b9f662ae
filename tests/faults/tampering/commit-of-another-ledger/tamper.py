from __future__ import annotations

from pathlib import Path

from retroaudit.ledger.recording import record
from tests.faults.actions import hold
from tests.faults.attacker import commit, opened, overwrite
from tests.faults.standard import STRANGER, hours

EXPECTED = "commit 4 belongs to another log"


def tamper(store: Path) -> None:
    elsewhere = store.parent / "elsewhere"
    elsewhere.mkdir()
    record(opened(elsewhere), [hold(0)], {}, STRANGER, hours(0))
    for number in (2, 3, 4):
        record(opened(elsewhere), [hold(number)], {}, STRANGER, hours(number))
    overwrite(commit(store, 4), commit(elsewhere, 4).read_bytes())
