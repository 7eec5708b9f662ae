"""What a verifier is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.x509 import Certificate

from retroaudit.ledger.checking.findings import Findings, Problem
from retroaudit.ledger.checking.outside import Anchor
from retroaudit.ledger.checkpoint import Note
from retroaudit.ledger.commits import Commit
from retroaudit.storage.protocol import Storage


@dataclass(frozen=True)
class Options:
    """What else a verifier has at hand. `at` is the moment of judgement, now where none is named.

    `since` is the auditor's own saved checkpoint, `checkpoint` one to be trusted as the head (for one report),
    `anchors` the second place of checkpoints, `tsa_roots` the time-stamping authorities' certificates, `archive`
    where the inputs were. With `log_only` neither entries nor files are looked at.
    """

    at: datetime = field(default_factory=lambda: datetime.now(UTC))  # UTC
    since: Note | None = None
    checkpoint: Note | None = None
    anchors: Storage | None = None
    tsa_roots: Sequence[Certificate] | None = None
    archive: Storage | None = None
    log_only: bool = False


@dataclass(frozen=True)
class Head:
    """Where the log ends: its signed checkpoint, to be kept, and the commit and time where they are known."""

    note: Note
    commit: int | None
    time: datetime | None  # UTC

    @classmethod
    def of(cls, commit: Commit) -> Head:
        """The head that a commit is."""
        return cls(commit.note, commit.body.number, commit.body.time)

    def summary(self) -> dict[str, Any]:
        """The head as plain values, for JSON."""
        found = self.note.checkpoint
        return {
            "origin": found.origin,
            "size": found.size,
            "root": found.root.hex(),
            "commit": self.commit,
            "time": self.time.isoformat() if self.time else None,
            "checkpoint": self.note.text,
        }


@dataclass(frozen=True)
class Verification:
    """What was checked, what is broken, what is worth knowing and harmless, and what could not be checked and why."""

    checked: Mapping[str, int]  # commits, entries, reports, files, tiles, …
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    head: Head | None = None
    anchors: tuple[Anchor, ...] = ()
    unchecked: tuple[str, ...] = ()
    judged_at: datetime | None = None  # UTC: what was due is judged as of then

    @classmethod
    def of(
        cls, checked: Mapping[str, int], findings: Findings, head: Head | None, anchors: Sequence[Anchor]
    ) -> Verification:
        """The outcome of what was found."""
        told = tuple(findings.problems()), tuple(findings.notes)
        return cls(checked, *told, head, tuple(anchors), findings.all_unchecked())

    def summary(self) -> dict[str, Any]:
        """The outcome as plain values, for JSON."""
        return {
            "intact": not self.problems,
            "checked": dict(self.checked),
            "judged_at": self.judged_at.isoformat() if self.judged_at else None,
            "problems": [asdict(problem) for problem in self.problems],
            "notes": list(self.notes),
            "head": self.head.summary() if self.head else None,
            "anchors": [
                {**asdict(each), "time": each.time.isoformat() if each.time else None} for each in self.anchors
            ],
            "unchecked": list(self.unchecked),
        }
