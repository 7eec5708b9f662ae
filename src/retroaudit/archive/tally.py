"""What the slices of one partition came to, counted while the measures consume them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from retroaudit.archive.labels import Lookup
from retroaudit.archive.outcomes import INVALID
from retroaudit.archive.rows import EXCLUDED, LABEL, Prepared


@dataclass
class Tally:
    """Rows read, rows without an id, rows by what their label came to, and which rows of the lookup were wanted.

    Of each id a 64-bit hash is kept until the partition ends: 8 bytes a row, and as much again to sort them.
    """

    matched: np.ndarray[tuple[int], np.dtype[np.bool_]]
    rows: int = 0
    null_ids: int = 0
    joined: int = 0
    unexpected: int = 0
    invalid: int = 0
    _ids: list[pl.Series] = field(default_factory=list)

    @classmethod
    def of(cls, known: Lookup | None) -> Tally:
        """A tally of no rows yet."""
        return cls(np.zeros(known.frame.height if known else 0, dtype=np.bool_))

    def add(self, prepared: Prepared) -> None:
        """Count one slice. What labels came to is told of rows that count; labels in the logs are not joined."""
        rows, labels = prepared.rows, prepared.labels
        counted = rows[EXCLUDED].is_null()
        self.rows += rows.height
        self.unexpected += int((counted & labels.unexpected).sum())
        if labels.wanted is not None:
            self.matched[labels.wanted.to_numpy()] = True
            self.joined += int((counted & rows[LABEL].is_not_null()).sum())
            self.invalid += int((counted & (labels.values == INVALID)).sum())
        self._add_ids(prepared.ids)

    def _add_ids(self, ids: pl.Series) -> None:
        self.null_ids += ids.null_count()
        self._ids.append(ids.drop_nulls().hash(seed=0))

    @property
    def duplicate_ids(self) -> int:
        """Rows whose id an earlier row has: rows with an id, less different ids.

        None is missed. Two ids of one hash would be a duplicate that is none: among n ids the chance is n^2 / 2^65,
        1 in 3,700 for 100 million.
        """
        hashes = pl.concat(self._ids) if self._ids else pl.Series(dtype=pl.UInt64)
        return hashes.len() - hashes.n_unique()

    def labels(self, known: Lookup | None) -> Mapping[str, int]:
        """What became of label rows, by name: `joined` always, `immature` where none was looked at, others over 0."""
        counts = {"unexpected": self.unexpected, "invalid": self.invalid}
        if known is not None:
            unmatched = known.frame.height - int(self.matched.sum())
            counts |= {"joined": self.joined, "unmatched": unmatched, **known.tallies}
        return {name: count for name, count in sorted(counts.items()) if count or name in {"immature", "joined"}}
