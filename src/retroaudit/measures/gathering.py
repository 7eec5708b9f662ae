"""What gathers states over the slices of a partition, where a pass for several needs costs less than one for each."""

from __future__ import annotations

from typing import Protocol

from retroaudit.measures.measure import Need, State
from retroaudit.measures.values import Rows


class Gathering(Protocol):
    """Made of all the needs that it answers (`run`): they share their columns and their `where`.

    Used by one thread at a time. Slices may be cut anywhere and come in any order, or not at all.
    """

    def add(self, rows: Rows) -> None:
        """Take one slice more, already without the rows that do not count or that `where` leaves out."""

    def states(self) -> dict[Need, State]:
        """The state of every need over all slices so far."""
