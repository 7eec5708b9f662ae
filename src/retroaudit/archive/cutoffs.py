"""The moments at which the labels of a partition are looked at, all of them in one pass.

A day is audited by itself, and again as part of its month and its quarter, each at a later cut-off that may see more
labels. So the labels of a day are read once, for the cut-offs of all three, and for one after every label. Which
cut-offs that are is a function of the spec, the partition and its labels alone, never of what was measured before.

What a row's label was at each of them is one number, its code: a digit in base 3 for each cut-off, the first the
lowest; 0 is no label, 1 negative, 2 positive. States are keyed by the code, and a cut-off is chosen when they are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from retroaudit.archive.inputs import Partition
from retroaudit.archive.times import microseconds
from retroaudit.spec.model import Spec
from retroaudit.spec.window import parse_window

LAST = datetime.max.replace(tzinfo=UTC)  # after every label
_MONTHS = 3
_DIGITS = 3


@dataclass(frozen=True)
class Cutoffs:
    """The moments in order, at least one (None: no bound), and the place of the one that is asked for."""

    moments: tuple[datetime | None, ...]
    place: int = 0


def usual(spec: Spec, partition: Partition, as_of: datetime | None) -> Cutoffs | None:
    """The default cut-offs of a partition's day, month and quarter, and `LAST`; None where `as_of` is none of them."""
    moments = _usual(spec, partition)
    return Cutoffs(moments, moments.index(as_of)) if as_of in moments else None


def unusual(spec: Spec, partition: Partition, as_of: datetime | None, last_arrival: int) -> Cutoffs:
    """The usual ones where `as_of` sees every label as `LAST` does, else `as_of` alone.

    `last_arrival` is of the partition's labels, in microseconds since 1970.
    """
    moments = _usual(spec, partition)
    if moments and as_of and is_mature(spec, partition, as_of) and last_arrival <= microseconds(as_of):
        return Cutoffs(moments, len(moments) - 1)
    return Cutoffs((as_of,))


def is_mature(spec: Spec, partition: Partition, moment: datetime | None) -> bool:
    """Whether the partition's decisions are old enough by then for their labels to be looked at."""
    if moment is None or moment == LAST or partition.end is None or spec.labels is None:
        return True
    return partition.end + spec.labels.mature_after <= moment


def encoded(labels: Sequence[pl.Series]) -> pl.Series:
    """The code of each row, Int8, from its label at each cut-off (at most four): 1, 0, or null."""
    places = [pl.col(str(place)) + 1 for place in range(len(labels))]
    digits = [digit.fill_null(0) * _DIGITS**place for place, digit in enumerate(places)]
    frame = pl.DataFrame({str(place): label for place, label in enumerate(labels)})
    return frame.select(pl.sum_horizontal(digits).cast(pl.Int8)).to_series()


def decoded(code: pl.Expr, place: int) -> pl.Expr:
    """The label (Int8: 1, 0, null) at the cut-off of that place."""
    digit = code // _DIGITS**place % _DIGITS
    return pl.when(digit > 0).then(digit - 1).cast(pl.Int8)


def _usual(spec: Spec, partition: Partition) -> tuple[datetime, ...]:
    if spec.labels is None or partition.start is None:
        return ()
    month = partition.key[: len("2026-07")]
    quarter = f"{month[:4]}-Q{(int(month[5:]) - 1) // _MONTHS + 1}"
    ends = (parse_window(key, spec.time.zone).end for key in (partition.key, month, quarter))
    return (*sorted({end + spec.labels.delay for end in ends if end is not None}), LAST)
