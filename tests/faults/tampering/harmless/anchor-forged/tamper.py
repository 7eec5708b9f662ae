from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from retroaudit.ledger import checkpoint
from tests.faults.attacker import PLACE, overwrite
from tests.faults.standard import STRANGER

EXPECTED = None
NOTED = "second place"
EVIDENCE = "place"


def tamper(store: Path) -> None:
    path = next(path for path in sorted((store.parent / PLACE).rglob("*.checkpoint")))
    note = checkpoint.parse(path.read_text(), "note").checkpoint
    overwrite(path, checkpoint.sign(replace(note, root=bytes(32)), STRANGER).encode())
