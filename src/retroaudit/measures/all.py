"""The table of measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from retroaudit.measures import (
    categories,
    cells,
    conditions,
    counts,
    distinct,
    extremes,
    grid,
    moments,
    occurrences,
    rows,
    scores,
)
from retroaudit.measures.measure import Measure, Need, State
from retroaudit.measures.values import Readable


def _keyed(partial: Callable[[Readable, tuple[str, ...]], State]) -> Callable[[Readable, Need], State]:
    """A measure that takes nothing of a need but its columns."""
    return lambda rows, need: partial(rows, need.columns)


MEASURES: Mapping[str, Measure] = {
    "rows": Measure("rows", 1, _keyed(rows.partial), rows.merge),
    "counts": Measure("counts", 1, _keyed(counts.partial), counts.merge),
    "grid": Measure("grid", 2, _keyed(grid.partial), grid.merge),
    "conditions": Measure("conditions", 1, conditions.partial, conditions.merge),
    "moments": Measure("moments", 2, _keyed(moments.partial), moments.merge),
    "categories": Measure("categories", 2, _keyed(categories.partial), categories.merge),
    "cells": Measure("cells", 1, _keyed(cells.partial), cells.merge),
    "scores": Measure("scores", 1, _keyed(scores.partial), scores.merge),
    "hashes": Measure("hashes", 1, occurrences.partial, occurrences.merge),
    "distinct": Measure("distinct", 1, distinct.partial, distinct.merge),
    "extremes": Measure("extremes", 1, _keyed(extremes.partial), extremes.merge),
}
"""By name. A measure's version changes whenever the same rows would give another state."""
