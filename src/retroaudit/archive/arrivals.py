"""When the last label of a partition arrived, noted while its labels are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from retroaudit.archive.times import instants

NEVER = -(2**63)  # before every cut-off: no label has a time that could be awaited


@dataclass
class Arrivals:
    """`last` is in microseconds since 1970, `NEVER` where no label says when it arrived; known once all was `read`."""

    column: str | None
    zone: str
    last: int = NEVER
    read: bool = False

    def seen(self, slices: Iterable[tuple[str, pl.DataFrame]]) -> Iterator[tuple[str, pl.DataFrame]]:
        """The same slices."""
        for key, frame in slices:
            if self.column in frame.columns:
                latest = instants(frame[self.column], self.zone).max()
                self.last = max(self.last, latest if isinstance(latest, int) else NEVER)
            yield key, frame
        self.read = True
