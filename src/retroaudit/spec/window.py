"""Windows of whole days, half-open, in UTC or in a named zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["day", "month", "quarter", "range", "snapshot"]


@dataclass(frozen=True)
class Window:
    """A half-open span of whole days: `start <= t < end`, both in UTC.

    `days` are the partitions' keys ("2026-07-01"), as days of `zone`. A snapshot has the key "snapshot",
    no days, and neither start nor end."""

    key: str  # 2026-07-01 | 2026-07 | 2026-Q3 | 2026-07-01_2026-08-15 | snapshot
    kind: Kind
    zone: str
    start: datetime | None
    end: datetime | None
    days: tuple[str, ...]
