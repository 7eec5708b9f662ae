"""The table of measures."""

from __future__ import annotations

from collections.abc import Mapping

from retroaudit.measures import categories, cells, counts, grid, moments, rows, scores
from retroaudit.measures.measure import Measure

MEASURES: Mapping[str, Measure] = {
    "rows": Measure("rows", 1, rows.partial, rows.merge),
    "counts": Measure("counts", 1, counts.partial, counts.merge),
    "grid": Measure("grid", 2, grid.partial, grid.merge),
    "moments": Measure("moments", 2, moments.partial, moments.merge),
    "categories": Measure("categories", 2, categories.partial, categories.merge),
    "cells": Measure("cells", 1, cells.partial, cells.merge),
    "scores": Measure("scores", 1, scores.partial, scores.merge),
}
"""By name. A measure's version changes whenever the same rows would give another state."""
