"""What a verifier finds, told as it is found and held in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from retroaudit.faults import RetroauditError

_MOST = 10_000  # different problems: a store that is not a store would have one an object
_NAMED = 3
_LONGEST = 500


@dataclass(frozen=True)
class Problem:
    """One thing that does not hold: where, what should be, what is, and what it means in plain words."""

    object: str
    expected: str
    found: str
    meaning: str


@dataclass
class Findings:
    """Problems, notes and what could not be checked. Problems that differ in their object alone are folded into one."""

    notes: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    _alike: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    _counts: dict[tuple[str, str, str], int] = field(default_factory=dict)
    _unsure: dict[str, tuple[str, int]] = field(default_factory=dict)
    _beyond: int = 0

    def problem(self, where: str, expected: str, found: str, meaning: str) -> None:
        """Something does not hold; the same said again is not counted twice."""
        what = (expected[:_LONGEST], found[:_LONGEST], meaning)
        if what not in self._alike and len(self._alike) >= _MOST:
            self._beyond += 1
            return
        objects = self._alike.setdefault(what, [])
        if where in objects:
            return
        self._counts[what] = self._counts.get(what, 0) + 1
        if len(objects) < _NAMED:
            objects.append(where)

    def include(self, others: Findings) -> None:
        """Take what others found; how many objects a problem has is kept, of their names the first few."""
        for what, objects in others._alike.items():
            for each in objects:
                self.problem(each, *what)
            if what in self._counts:
                self._counts[what] += others._counts[what] - len(objects)
        self._beyond += others._beyond
        self.notes += others.notes
        self.unchecked += others.all_unchecked()

    def not_checked(self, where: str, why: str) -> None:
        """Something that could not be checked; what shares a reason is counted."""
        first, count = self._unsure.get(why, (where, 0))
        self._unsure[why] = (first, count + 1)

    def refused(self, where: str, expected: str, error: RetroauditError, meaning: str) -> None:
        """Something could not be read, or is not what it should be."""
        self.problem(where, expected, str(error), meaning)

    def names(self, keys: Iterable[str], meaning: str) -> None:
        """A note on objects, of which the first few are named."""
        shown: list[str] = []
        count = 0
        for key in keys:
            count += 1
            if len(shown) < _NAMED:
                shown.append(key[:_LONGEST])
        if count:
            more = f" and {count - len(shown)} more" if count > len(shown) else ""
            self.notes.append(f"{', '.join(shown)}{more}: {meaning}")

    def problems(self) -> Iterator[Problem]:
        """Every problem, in the order in which they were found."""
        for what, objects in self._alike.items():
            more = f" and {self._counts[what] - 1} more" if self._counts[what] > 1 else ""
            yield Problem(objects[0][:_LONGEST] + more, *what)
        if self._beyond:
            found = f"{self._beyond} more"
            yield Problem("the store", f"at most {_MOST} kinds of problems", found, "the rest is not listed")

    def all_unchecked(self) -> tuple[str, ...]:
        """All that could not be checked, each reason once."""
        counted = (
            f"{first[:_LONGEST]}{f' and {count - 1} more' if count > 1 else ''}: {why}"
            for why, (first, count) in self._unsure.items()
        )
        return tuple(dict.fromkeys((*self.unchecked, *counted)))
