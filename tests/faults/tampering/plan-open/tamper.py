from __future__ import annotations

from pathlib import Path

from retroaudit.ledger.coordinates import blob_key
from tests.faults.attacker import append, overwrite, put_entry
from tests.faults.standard import SUCCESSOR, hours, plan_of, report_of

EXPECTED = "neither reported nor given up"
AT = hours(24 * 9)


def tamper(store: Path) -> None:
    planned = plan_of(report_of(20))
    for sha256, data in planned.contents.items():
        overwrite(store / blob_key(sha256), data)
    append(store, [put_entry(store, planned.entry.body, SUCCESSOR, files=planned.entry.files)], SUCCESSOR)
