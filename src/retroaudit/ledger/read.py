"""Reading what was sealed. Hashes are checked on the way; signatures are `verify`'s affair, which has a key."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import commits, manifest
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import ReportId, blob_key
from retroaudit.ledger.manifest import File
from retroaudit.storage.protocol import Storage

_NEAREST = 3
_WITHOUT_REVISION = 3  # slashes in model/window/kind/part


@dataclass(frozen=True)
class Entry:
    """One report in the log, as its manifest describes it."""

    report: ReportId
    commit: int
    manifest_key: str
    manifest_sha256: str
    sealed_at: datetime
    files: tuple[File, ...]
    run_key: Mapping[str, str]
    predicate: Mapping[str, Any]

    @property
    def verdict(self) -> str | None:
        """The audit's verdict, where the predicate names it."""
        found = self.predicate.get("verdict")
        return found if isinstance(found, str) else None

    @property
    def findings(self) -> int | None:
        """How many findings there were, where the predicate counts them."""
        found = self.predicate.get("findings")
        return found if isinstance(found, int) else None

    def summary(self) -> dict[str, Any]:
        """The entry as plain values, for JSON."""
        return {
            "report": str(self.report),
            "verdict": self.verdict,
            "findings": self.findings,
            "sealed_at": self.sealed_at.isoformat(),
            "commit": self.commit,
            "manifest": self.manifest_key,
            "manifest_sha256": self.manifest_sha256,
        }


def reports(storage: Storage) -> tuple[Entry, ...]:
    """Every report, in the order in which they were sealed.

    Raises `IntegrityBroken` at a commit or manifest that is not what the log says.
    """
    return tuple(_entry(storage, number, leaf) for number, leaf in _leaves(storage))


def find(storage: Storage, text: str) -> Entry:
    """The report with this id; without its last part: its newest revision.

    Raises `BadInput`, naming the nearest ids, where there is none.
    """
    any_revision = text.count("/") == _WITHOUT_REVISION
    wanted = ReportId.parse(f"{text}/1" if any_revision else text)
    leaves = list(_leaves(storage))
    revisions = [(wanted.revision_of(leaf.manifest) or 0, number, leaf) for number, leaf in leaves]
    found = [each for each in revisions if each[0] and (any_revision or each[0] == wanted.rev)]
    if not found:
        known = [str(_entry(storage, number, leaf).report) for number, leaf in leaves]
        near = ", ".join(difflib.get_close_matches(text, known, _NEAREST, 0)) or "nothing is sealed here yet"
        raise BadInput(
            Fault(f"report {text!r}", f"no such report in {storage.url}", "a sealed report", f"Nearest: {near}")
        )
    _, number, leaf = max(found, key=lambda each: each[0])
    return _entry(storage, number, leaf)


def read_file(storage: Storage, entry: Entry, name: str) -> bytes:
    """One file of a report; raises `IntegrityBroken` where it is not what was sealed."""
    for file in entry.files:
        if file.name == name:
            data = storage.read(blob_key(file.sha256))
            if File.of(name, data) != file:
                raise IntegrityBroken(Fault(f"{name} of {entry.report}", "other bytes", f"sha256 {file.sha256}"))
            return data
    names = ", ".join(file.name for file in entry.files)
    raise BadInput(Fault(str(entry.report), f"no file {name!r}", f"one of {names}"))


def _leaves(storage: Storage) -> Iterator[tuple[int, Leaf]]:
    previous = None
    for number in range(1, commits.head(storage) + 1):
        commit = commits.read(storage, number)
        if commit.body.previous != previous:
            raise IntegrityBroken(
                Fault(f"commit {number}", "another commit before it", f"sha256 {commit.body.previous}", "Run verify.")
            )
        previous = commit.sha256
        for leaf in commit.body.leaves:
            yield number, leaf


def _entry(storage: Storage, number: int, leaf: Leaf) -> Entry:
    data = storage.read(leaf.manifest)
    if hashlib.sha256(data).hexdigest() != leaf.sha256:
        raise IntegrityBroken(Fault(leaf.manifest, "other bytes", f"sha256 {leaf.sha256}", "Run verify."))
    found, _ = manifest.parse(data, leaf.manifest)
    return Entry(
        found.report,
        number,
        leaf.manifest,
        leaf.sha256,
        found.sealed_at,
        found.files,
        found.run_key,
        found.predicate,
    )
