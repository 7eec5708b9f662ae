from __future__ import annotations

from pathlib import Path

from retroaudit.ledger.coordinates import blob_key
from tests.faults.attacker import append, overwrite, put_entry, put_report
from tests.faults.standard import SUCCESSOR, plan_of, report_of, sealing_of

EXPECTED = "it may have been fitted to the data"


def tamper(store: Path) -> None:
    planned = plan_of(report_of(20))
    for sha256, data in planned.contents.items():
        overwrite(store / blob_key(sha256), data)
    report = put_report(store, sealing_of(planned), SUCCESSOR)
    entry = put_entry(store, planned.entry.body, SUCCESSOR, files=planned.entry.files)
    append(store, [report, entry], SUCCESSOR)
