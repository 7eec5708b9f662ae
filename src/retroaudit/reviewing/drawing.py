"""A sample on its way: all rows go by, and the few that may be drawn are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import polars as pl

from retroaudit.archive.labels import text_ids
from retroaudit.archive.rows import roles
from retroaudit.reviewing.conditions import Condition
from retroaudit.reviewing.masking import COUNTS, FULL, UNREAD, told
from retroaudit.reviewing.refs import refs
from retroaudit.reviewing.selection import FILE, REF, ROW, STRATUM, Selection
from retroaudit.reviewing.strata import FailedSlices, group_columns, strata
from retroaudit.spec.model import Spec


@dataclass(frozen=True)
class Wish:
    """How many rows of all, and how many of those that break something; and how much of values: see `masking`."""

    rows: int
    failing: int
    masking: str = COUNTS


class Drawing:
    """Draws from rows as they go by; `every` are drawn from all of them, `failing` from those that break something."""

    def __init__(
        self, spec: Spec, wish: Wish, salt: bytes, conditions: Sequence[Condition], failed: FailedSlices
    ) -> None:
        self._spec, self._wish, self._salt, self._failed = spec, wish, salt, failed
        self._conditions = conditions
        self._roles = _roles(spec, wish.masking)
        self.columns = _values(spec, wish, conditions)  # whose values are kept
        self.every, self.failing = Selection(wish.rows), Selection(wish.failing)

    def reads(self, partition: str) -> frozenset[str] | None:
        """The columns that it takes of a partition; None where it has to read nothing of it."""
        broken = self._broken(partition)
        if not self._wish.rows and not broken:
            return None
        features = self._spec.columns.features if self._wish.rows else ()
        kept = {name for name in self.columns if name in self._roles or name in features}
        return frozenset({column for each in broken for column in each.columns} | kept | _told_apart_by(self._spec))

    def look(self, rows: pl.DataFrame, partition: str, file: str) -> None:
        """Look at rows that count: the columns that it `reads`, what the archive knows of them, and `ROW`."""
        broken = {each.name: each.fails(rows) for each in self._broken(partition)}
        fails = reduce(or_, broken.values(), pl.repeat(value=False, n=rows.height, eager=True))
        if not self._wish.rows:
            rows, broken = rows.filter(fails), {name: each.filter(fails) for name, each in broken.items()}
            fails = fails.filter(fails)
        found = self._found(rows, partition, file, broken)
        if self._wish.rows:
            self.every.add(found, lambda places: self._told(rows[places]))
        if self._wish.failing and fails.any():
            failing = rows.filter(fails)
            self.failing.add(found.filter(fails), lambda places: self._told(failing[places]))

    def _broken(self, partition: str) -> list[Condition]:
        return [each for each in self._conditions if each.broken_in(partition)]

    def _found(self, rows: pl.DataFrame, partition: str, file: str, broken: Mapping[str, pl.Series]) -> pl.DataFrame:
        own = self._spec.columns.id
        nameless = pl.repeat(None, rows.height, dtype=pl.String, eager=True)
        ids = nameless if own is None else text_ids(rows[own].alias("v"))
        return pl.DataFrame(
            {
                STRATUM: strata(rows, self._spec, partition, self._failed, broken),
                REF: refs(self._salt, self._spec.model, partition, ids, file, rows[ROW]),
                FILE: pl.repeat(file, rows.height, dtype=pl.String, eager=True),
                ROW: rows[ROW],
            }
        )

    def _told(self, rows: pl.DataFrame) -> pl.DataFrame:
        unread = pl.repeat(UNREAD, rows.height, dtype=pl.String, eager=True)
        return pl.DataFrame(
            {
                str(place): told(rows[name]) if name in rows.columns else unread
                for place, name in enumerate(self.columns)
            }
        )


def _told_apart_by(spec: Spec) -> set[str]:
    """The columns that strata and refs are made of."""
    return {name for name in (spec.columns.id, spec.columns.score, *group_columns(spec)) if name is not None}


def _roles(spec: Spec, masking: str) -> frozenset[str]:
    """Columns with a role whose values are kept. Masked, the stratum alone tells group and version; ids never are."""
    if masking == COUNTS:
        return frozenset()
    whole = frozenset({*roles(spec), *group_columns(spec)})
    return whole if masking == FULL else whole - _hidden(spec)


def _hidden(spec: Spec) -> frozenset[str]:
    return frozenset({*group_columns(spec), *filter(None, (spec.columns.id, spec.columns.version))})


def _values(spec: Spec, wish: Wish, conditions: Sequence[Condition]) -> tuple[str, ...]:
    """Every column whose values are kept: of roles, of what fails, and of features where all rows are drawn from."""
    if wish.masking == COUNTS:
        return ()
    features = frozenset(spec.columns.features) if wish.rows else frozenset()
    failing = {column for each in conditions for column in each.columns}
    hidden = frozenset() if wish.masking == FULL else _hidden(spec)
    return tuple(sorted((_roles(spec, wish.masking) | features | failing) - hidden))
