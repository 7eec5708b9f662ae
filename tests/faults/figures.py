"""The figures of a run, a line each, from which `results` writes the page."""

from __future__ import annotations

import json
import os
from pathlib import Path

LINES = Path(__file__).parents[2] / "build" / "faults.jsonl"


def note(row: str, store: str, *, nightly: bool = False, **counts: int) -> None:
    """Add counts to a row of the page: what was done to which kind of store, as part of `make test-long` or not.

    Once a test: what it said in an earlier run counts no more.
    """
    LINES.parent.mkdir(exist_ok=True)
    test = os.environ["PYTEST_CURRENT_TEST"]  # pytest sets it
    said = {"row": row, "store": store, "nightly": nightly, "test": test, "counts": counts}
    line = json.dumps(said, sort_keys=True)
    descriptor = os.open(LINES, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, f"{line}\n".encode())  # one write: whole lines, whoever else writes
    finally:
        os.close(descriptor)
