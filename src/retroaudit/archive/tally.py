"""What the slices of one partition came to, counted while the measures consume them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from retroaudit.archive.labels import Lookup
from retroaudit.archive.outcomes import INVALID
from retroaudit.archive.rows import EXCLUDED, Prepared


@dataclass
class Tally:
    """Rows read, rows without an id, rows by what their label came to, and which rows of the lookup were wanted.

    Of each id a 64-bit hash is kept until the partition ends: 8 bytes a row, and as much again to sort them.
    """

    matched: np.ndarray[tuple[int], np.dtype[np.bool_]]
    labelled: tuple[Counter[str], ...]  # at each cut-off; once where labels lie in the logs
    rows: int = 0
    null_ids: int = 0
    _ids: list[pl.Series] = field(default_factory=list)

    @classmethod
    def of(cls, known: Lookup | None) -> Tally:
        """A tally of no rows yet."""
        cutoffs = len(known.tallies) if known else 1
        matched = np.zeros(known.frame.height if known else 0, dtype=np.bool_)
        return cls(matched, tuple(Counter() for _ in range(cutoffs)))

    def add(self, prepared: Prepared) -> None:
        """Count one slice. What labels came to is told of rows that count; labels in the logs are not joined."""
        rows, labels = prepared.rows, prepared.labels
        counted = rows[EXCLUDED].is_null()
        self.rows += rows.height
        for tally, values, hidden in zip(self.labelled, labels.values, labels.unexpected, strict=True):
            tally["unexpected"] += int((counted & hidden).sum())
            if labels.wanted is not None:
                invalid = (values == INVALID).fill_null(value=False)
                tally["joined"] += int((counted & values.is_not_null() & ~invalid).sum())
                tally["invalid"] += int((counted & invalid).sum())
        if labels.wanted is not None:
            self.matched[labels.wanted.to_numpy()] = True
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

    def labels(self, known: Lookup | None, cutoff: int) -> Mapping[str, int]:
        """What became of label rows at a cut-off, by name.

        `joined` always, `immature` where none was looked at, others over 0.
        """
        counts = dict(self.labelled[cutoff])
        if known is not None:
            speaks = known.frame[str(cutoff)].is_not_null().to_numpy()
            unmatched = int((speaks & ~self.matched).sum())
            counts = {"joined": 0, **counts, "unmatched": unmatched, **known.tallies[cutoff]}
        return {name: count for name, count in sorted(counts.items()) if count or name in {"immature", "joined"}}
