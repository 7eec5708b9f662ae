from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import cut
from tests.faults.standard import SUCCESSOR

EXPECTED = "its end was cut off, or the store was set back"
EVIDENCE = "place"
PINNED = SUCCESSOR  # with the retired key, the kept checkpoint is only noted: this store knows no key that signed it


def tamper(store: Path) -> None:
    cut(store, 5)
