"""Every error that retroaudit raises: one root, one subclass for each thing that a caller may do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: what it concerns, what was found, what was expected, and what to do."""

    subject: str
    found: str
    expected: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.subject}: found {self.found}, expected {self.expected}."
        return f"{text} {self.remedy}" if self.remedy else text


class RetroauditError(Exception):
    """The root. `faults` holds every fault of the subject at once; `exit_code` is the command line's."""

    exit_code = 2

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class BadInput(RetroauditError):
    """A spec, archive, store, key or option is wrong: mend it and call again."""


class Unreadable(RetroauditError):
    """One object of the archive cannot be read safely: its partition is excluded with this reason."""


class IntegrityBroken(RetroauditError):
    """Something that must not change did change, or a proof does not hold: investigate before going on."""

    exit_code = 3
