"""When the last label of a partition arrived, noted while its labels are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from retroaudit.archive.labels import LabelColumns
from retroaudit.archive.times import instants

NEVER = -(2**63)  # before every cut-off: no label has a time that could be awaited


@dataclass
class Arrivals:
    """`last` is in microseconds since 1970: None until labels were read, `NEVER` where none says when it arrived."""

    last: int | None = None

    def seen(
        self, slices: Iterable[tuple[str, pl.DataFrame]], columns: LabelColumns
    ) -> Iterator[tuple[str, pl.DataFrame]]:
        """The same slices; `last` is known once they were consumed."""
        self.last = NEVER
        for key, frame in slices:
            if columns.arrived is not None and columns.arrived in frame.columns:
                latest = instants(frame[columns.arrived], columns.zone).max()
                self.last = max(self.last, latest if isinstance(latest, int) else NEVER)
            yield key, frame
