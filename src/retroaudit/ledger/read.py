"""Reading what was sealed. Hashes are checked on the way, and signatures where objects are found by listing.

Whose the log is, is `verify`'s affair, which has a key.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import commits, entries, manifest
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import MANIFEST, REPORTS, ReportId, blob_key, entry_kind
from retroaudit.ledger.entries import Recorded
from retroaudit.ledger.genuine import NEAR, Genuine, content, of_the_log
from retroaudit.ledger.head import containing, head
from retroaudit.ledger.manifest import File, Manifest
from retroaudit.storage.protocol import ObjectInfo, Storage

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


@dataclass(frozen=True)
class Logged:
    """One entry in the log that is no report: where it stands, and what it says."""

    commit: int
    index: int  # of its leaf, from 0
    key: str
    sha256: str
    recorded: Recorded

    def summary(self) -> dict[str, Any]:
        """The entry as plain values, for JSON."""
        return {
            "index": self.index,
            "commit": self.commit,
            "kind": self.recorded.entry.kind,
            "recorded_at": self.recorded.recorded_at.isoformat(),
            "body": self.recorded.entry.body.model_dump(),
            "entry": self.key,
        }


def reports(storage: Storage) -> tuple[Entry, ...]:
    """Every report, in the order in which they were sealed.

    Raises `IntegrityBroken` at a commit or manifest that is not what the log says.
    """
    return tuple(
        _entry(number, leaf, manifest.parse(_read(storage, leaf), leaf.key)[0])
        for number, _, leaf in leaves(storage)
        if entry_kind(leaf.key) == "report"
    )


def logged(storage: Storage, *kinds: str) -> Iterator[Logged]:
    """Every entry of these kinds (none: of all but reports), in the order in which they were recorded.

    Raises `IntegrityBroken` at a commit or entry that is not what the log says.
    """
    for number, index, leaf in leaves(storage):
        kind = entry_kind(leaf.key)
        if kind != "report" and (not kinds or kind in kinds):
            recorded, _ = entries.parse(_read(storage, leaf), leaf.key)
            yield Logged(number, index, leaf.key, leaf.sha256, recorded)


def find(storage: Storage, text: str) -> Entry:
    """The report with this id; without its last part: its newest revision.

    Looks at the report's own folder and the commits after it was sealed, whatever the size of the log. Raises
    `BadInput`, naming the nearest ids, where there is none, and `IntegrityBroken` where it is not what was sealed.
    """
    any_revision = text.count("/") == _WITHOUT_REVISION
    wanted = ReportId.parse(f"{text}/1" if any_revision else text)
    infos = {wanted.revision_of(info.key) or 0: info for info in storage.list(wanted.series_folder)}
    log = of_the_log(storage) if infos else None
    near = NEAR if any_revision else log.last if log else 0  # who names one revision shall know if it was replaced
    for rev in sorted(infos, reverse=True):
        if log and rev and (any_revision or rev == wanted.rev) and (entry := _committed(log, infos[rev], near)):
            return entry
    near_by = ", ".join(difflib.get_close_matches(text, _known(storage), _NEAREST, 0)) or "nothing is sealed here yet"
    raise BadInput(
        Fault(f"report {text!r}", f"no such report in {storage.url}", "a sealed report", f"Nearest: {near_by}")
    )


def _known(storage: Storage) -> list[str]:
    """The ids of all reports whose manifests can be read, sealed or begun."""
    found: dict[str, None] = {}  # a set that keeps its order
    for info in storage.list(REPORTS):
        if info.key.endswith(MANIFEST):
            with suppress(IntegrityBroken):
                found[str(manifest.parse(content(storage, info) or b"", info.key)[0].report)] = None
    return [*found]


def read_file(storage: Storage, entry: Entry, name: str) -> bytes:
    """One file of a report; raises `IntegrityBroken` where it is not what was sealed."""
    for file in entry.files:
        if file.name == name:
            data = storage.read(blob_key(file.sha256), length=file.size + 1)
            if File.of(name, data) != file:
                raise IntegrityBroken(Fault(f"{name} of {entry.report}", "other bytes", f"sha256 {file.sha256}"))
            return data
    names = ", ".join(file.name for file in entry.files)
    raise BadInput(Fault(str(entry.report), f"no file {name!r}", f"one of {names}"))


def leaves(storage: Storage) -> Iterator[tuple[int, int, Leaf]]:
    """Every leaf with its commit's number and its own index; raises `IntegrityBroken` where commits do not link."""
    previous = None
    for number in range(1, head(storage) + 1):
        commit = commits.read(storage, number)
        if commit.body.previous != previous:
            raise IntegrityBroken(
                Fault(f"commit {number}", "another commit before it", f"sha256 {commit.body.previous}", "Run verify.")
            )
        previous = commit.sha256
        for position, leaf in enumerate(commit.body.leaves):
            yield number, commit.body.before + position, leaf


def _committed(log: Genuine, info: ObjectInfo, near: int) -> Entry | None:
    """The report of a manifest, or None where no commit has it: a crash came between, or it is a stranger's."""
    found = log.report(info, near)
    if found is None:
        return None
    commit = containing(log.storage, found.leaf, found.said.after, log.last)
    return _entry(commit.body.number, found.leaf, found.said) if commit else None


def _read(storage: Storage, leaf: Leaf) -> bytes:
    data = storage.read(leaf.key)
    if hashlib.sha256(data).hexdigest() != leaf.sha256:
        raise IntegrityBroken(Fault(leaf.key, "other bytes", f"sha256 {leaf.sha256}", "Run verify."))
    return data


def _entry(number: int, leaf: Leaf, found: Manifest) -> Entry:
    return Entry(
        found.report,
        number,
        leaf.key,
        leaf.sha256,
        found.sealed_at,
        found.files,
        found.run_key,
        found.predicate,
    )
