from __future__ import annotations

from pathlib import Path

from tests.faults.attacker import manifest_of

EXPECTED = "was deleted, replaced or damaged after it was committed"


def tamper(store: Path) -> None:
    new = Path(str(manifest_of(store, 1)).replace("part=main", "part=other"))
    new.parent.mkdir(parents=True)
    manifest_of(store, 1).rename(new)
