"""What a DAG needs to know of a spec while it is parsed: little, and without importing polars."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from retroaudit.faults import BadInput
from retroaudit.spec.load import load


@dataclass(frozen=True)
class Card:
    """One spec as its DAG shows it. `faulty` specs keep a DAG, so that somebody sees them fail."""

    name: str
    path: Path
    owner: str
    tier: str
    zone: str
    due: bool
    faulty: bool = False


def cards(folder: Path) -> tuple[Card, ...]:
    """One card for each `*.yaml` of the folder, by name; defaults below `_defaults` are not specs."""
    return tuple(_card(path) for path in sorted(folder.glob("*.yaml")))


def _card(path: Path) -> Card:
    name = re.sub(r"[^\w.-]", "_", path.stem)
    try:
        spec = load(path)
    except BadInput:
        return Card(name, path, owner="unknown", tier="unknown", zone="UTC", due=True, faulty=True)
    return Card(name, path, owner=spec.owner, tier=spec.tier, zone=spec.time.zone, due=spec.schedule.day)
