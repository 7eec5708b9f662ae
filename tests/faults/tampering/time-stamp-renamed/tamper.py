from __future__ import annotations

from pathlib import Path

EXPECTED = "no commit of this log ended at this size"
EVIDENCE = "time-stamp"


def tamper(store: Path) -> None:
    path = next(iter(sorted((store / "log/anchors").iterdir())))
    path.rename(path.with_name("000000000002.tsr"))
