"""A window and what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass

from retroaudit.checks.metric import Slice, Threshold
from retroaudit.checks.words import too_few
from retroaudit.measures import categories
from retroaudit.measures.categories import Categories
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Spec

NO_ROWS = "no rows were measured"


@dataclass(frozen=True)
class Pair:
    """The window, a reference, and the slice under which the comparison is published: () for the fixed one."""

    spec: Spec
    now: Profile
    before: Profile
    where: Slice = ()

    def categories(self, column: str) -> tuple[Categories, Categories] | None:
        """The reference's rows by category and the window's, on one level; None where one was not measured."""
        before, now = self.before.categories(column), self.now.categories(column)
        if before is None or now is None or (before.exact and now.exact):
            return None if before is None or now is None else (before, now)
        states = (self.before.state("categories", column), self.now.state("categories", column))
        return None if states[0] is None or states[1] is None else categories.align(states[0], states[1])

    def few(self, now: int, before: int) -> str:
        """The reason where a side has fewer than `fairness.min_rows` rows; empty where both have enough."""
        needed = self.spec.fairness.min_rows
        sides = {"window": now, "reference": before}
        return "; ".join(f"{side}: {too_few(rows, needed)}" for side, rows in sides.items() if rows < needed)


def at_most(limit: float | None) -> Threshold | None:
    """What a share may be; None where nothing is asked."""
    return None if limit is None else Threshold(max=limit)


def either_way(limit: float | None) -> Threshold | None:
    """What a difference may be; None where nothing is asked."""
    return None if limit is None else Threshold(min=-limit, max=limit)
