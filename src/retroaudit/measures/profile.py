"""What is known about a window, or a reference: its merged states and how its rows are accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from retroaudit.archive.inputs import Accounting, SchemaChange
from retroaudit.measures import categories, cells, counts, grid, moments, scores
from retroaudit.measures.measure import Need, State


@dataclass(frozen=True, eq=False)
class Profile:
    """All that a check may look at; it never sees rows. The accessors give None for what was not measured."""

    states: Mapping[Need, State]
    versions: Mapping[str, State] = field(default_factory=dict)  # partition's key -> categories of `@version`
    accounting: tuple[Accounting, ...] = ()
    missing: tuple[str, ...] = ()  # partitions without any object
    schema_changes: tuple[SchemaChange, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)  # of the logs, with their usual types, in file order
    labels_awaited: str = ""  # why there are no labels yet, where there will be some; empty where they are there
    reference_age: timedelta | None = None  # of the fixed reference at the audit's cut-off, where it is dated
    rolling: Mapping[str, Profile] = field(default_factory=dict)  # rolling reference's name -> its window's profile

    def state(self, measure: str, *columns: str) -> State | None:
        """A state as it is, for what takes two of them: `categories.align`."""
        return self.states.get(Need(measure, columns))

    def counts(self, column: str) -> counts.Counts | None:
        """Rows, nulls, NaN and infinities of a column."""
        state = self.state("counts", column)
        return None if state is None else counts.finish(state)

    def grid(self, column: str) -> grid.Grid | None:
        """The distribution of a numeric column."""
        state = self.state("grid", column)
        return None if state is None else grid.finish(state)

    def moments(self, column: str) -> moments.Moments | None:
        """Mean and variance of a numeric column."""
        state = self.state("moments", column)
        return None if state is None else moments.finish(state)

    def categories(self, column: str) -> categories.Categories | None:
        """Rows by a column's value."""
        state = self.state("categories", column)
        return None if state is None else categories.finish(state)

    def cells(self, groups: tuple[str, ...]) -> pl.DataFrame | None:
        """Rows by group, version, prediction and label; None also where the groups were too many to keep."""
        state = self.state("cells", *groups)
        return None if state is None else cells.finish(state)

    def scores(self, score: str, *groups: str) -> pl.DataFrame | None:
        """Rows by group, version, prediction, label and score cell; None also where they were too many to keep."""
        state = self.state("scores", score, *groups)
        return None if state is None else scores.finish(state)
