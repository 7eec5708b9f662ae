from __future__ import annotations

from pathlib import Path

from tests.faults.standard import hours

EXPECTED = "the log fell silent"
AT = hours(24 * 4)


def tamper(store: Path) -> None:
    assert store.is_dir()
