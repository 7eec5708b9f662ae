from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import blob_of, overwrite

EXPECTED = "report.html was deleted, replaced or damaged after it was sealed"


def tamper(store: Path) -> None:
    overwrite(blob_of(store, 1, "report.html"), b"<p>all is well")
