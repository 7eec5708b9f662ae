"""The rows with the smallest refs in each stratum: which they are depends on no order and on no cutting of slices.

A ref is as good as random, and nobody without the salt can foresee it: so the smallest are a simple random sample.
Whoever knows the smallest of two parts knows those of both together. Held are at most so many rows a stratum, of so
many strata; rows of all others are one more stratum, `REST`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping

import polars as pl

from retroaudit.reviewing.strata import Stratum, allocate

STRATUM, REF, FILE, ROW = "@stratum", "@ref", "@file", "@row"
OF = "@of"  # the stratum for which a row is held: its own, or `REST`
REST = ""
MOST_STRATA = 500
_PLACE = "@place"
_ORDER = [OF, REF, FILE, ROW]
Values = Callable[[pl.Series], pl.DataFrame]


class Selection:
    """The smallest rows of each stratum so far, at most `most` of each.

    Strata that failed come before others, and then their hash decides which `strata` are kept apart: as more are seen,
    one that is out never comes back, so that what is held is what one look at all rows would hold.
    """

    def __init__(self, most: int, strata: int = MOST_STRATA) -> None:
        self._most, self._strata = most, strata
        self._sizes: Counter[str] = Counter()
        self._held: pl.DataFrame | None = None

    @property
    def sizes(self) -> Mapping[str, int]:
        """How many rows there were of each stratum that is kept apart, and of the `REST` together."""
        return dict(self._sizes)

    def add(self, rows: pl.DataFrame, values: Values) -> None:
        """Look at more rows: `STRATUM`, `REF`, `FILE` and `ROW` of each.

        `values` gives what is to be kept besides of the rows at some places: String columns, always the same.
        """
        self._sizes.update(dict(rows[STRATUM].value_counts().iter_rows()))
        kept = sorted(self._sizes.keys() - {REST}, key=_rank)[: self._strata]
        sizes = Counter({stratum: self._sizes[stratum] for stratum in kept})
        if rest := self._sizes.total() - sizes.total():
            sizes[REST] = rest
        self._sizes = sizes
        held = self._held if self._held is not None else _beside(rows.clear(), values(pl.Series(dtype=pl.UInt32)))
        known = pl.concat([held.select(rows.columns), rows]).with_row_index(_PLACE)
        places = self._smallest(known)[_PLACE]
        old, new = places.filter(places < held.height), places.filter(places >= held.height) - held.height
        self._held = pl.concat([held[old], _beside(rows[new], values(new))])

    def _smallest(self, rows: pl.DataFrame) -> pl.DataFrame:
        apart = pl.col(STRATUM).is_in(list(self._sizes))
        of = pl.when(apart).then(pl.col(STRATUM)).otherwise(pl.lit(REST)).alias(OF)
        return rows.with_columns(of).sort(_ORDER).group_by(OF, maintain_order=True).head(self._most)

    def drawn(self) -> pl.DataFrame:
        """The sample of at most `most` rows: what was held of each, and `OF`, by which and by ref they are sorted."""
        if self._held is None or not self._sizes:
            return pl.DataFrame(schema=dict.fromkeys((STRATUM, REF, FILE, ROW, OF), pl.String))
        shares = allocate(self._sizes, self._most)
        rows = self._smallest(self._held)
        number = pl.int_range(pl.len()).over(OF)
        allowed = pl.col(OF).replace_strict(shares, return_dtype=pl.Int64)
        return rows.filter(number < allowed)


def _beside(rows: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    return rows.hstack(values.get_columns())


def _rank(stratum: str) -> tuple[bool, str]:
    return not Stratum.parse(stratum).suspect, hashlib.sha256(stratum.encode()).hexdigest()
