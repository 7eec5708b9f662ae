"""States of labels: kept with the label at each cut-off of their partition, used with the label at one of them."""

from __future__ import annotations

import polars as pl

from retroaudit.archive.cutoffs import decoded
from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import LABEL, State

LABELLED = frozenset({"cells", "scores"})  # the measures that look at labels


def at_cutoff(measure: str, state: State, place: int) -> State:
    """The state as of one cut-off, the one of this place among those that its partition was measured with."""
    return MEASURES[measure].merge([state.with_columns(decoded(pl.col(LABEL), place).alias(LABEL))])
