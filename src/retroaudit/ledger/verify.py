"""Checking a store with nothing but the public key, offline, on a copy if need be.

What is found broken is a `Problem`, never an exception: whoever verifies wants the whole list.

What no check here can see: the newest commits cut off *together with everything that belonged to them*, or the
whole store set back to an older state. What is left is a shorter log that was once true. Seeing that takes an
anchor outside the operator's reach: a checkpoint that somebody else kept. Reports whose commit alone was cut
off look like those of a crash, and are noted. Nor does a hash find an audit that never ran.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from retroaudit.faults import RetroauditError
from retroaudit.ledger._log import Log, check_log
from retroaudit.ledger._problem import Objects, Problem, folded
from retroaudit.ledger._reports import check_reports
from retroaudit.ledger.coordinates import BLOBS, COMMITS, MANIFEST, REPORTS, ReportId
from retroaudit.ledger.signing import PublicKey
from retroaudit.progress import Progress, silent
from retroaudit.storage.protocol import Inspectable, Storage

__all__ = ["Problem", "Verification", "verify"]

_WITHOUT_REVISION = 3  # slashes in model/window/kind/part
_SHOWN = 3


@dataclass(frozen=True)
class Verification:
    """What was checked, what is broken, and what is worth knowing and harmless."""

    checked: Mapping[str, int]  # commits, reports, files
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    def summary(self) -> dict[str, Any]:
        """The outcome as plain values, for JSON."""
        return {
            "intact": not self.problems,
            "checked": dict(self.checked),
            "problems": [asdict(problem) for problem in self.problems],
            "notes": list(self.notes),
        }


def verify(
    storage: Storage,
    public_key: PublicKey,
    report: str | None = None,
    progress: Progress = silent,
) -> Verification:
    """Check the log, and the manifests and files of all reports or of one (its id, or without revision the newest).

    Checked are: commit numbers without gaps; the exact bytes, signature and link of every commit; the tree,
    computed anew; every leaf's manifest by hash, signature and place; every file by sha256 and size. Having
    checked nothing is a problem. Raises `BadInput` only for a `report` that is no id.
    """
    prefix = _manifest_prefix(report)
    objects, strays, problems = _list(storage)
    log = check_log(storage, objects, public_key, progress)
    wanted = tuple(leaf for leaf in log.leaves if leaf.manifest.startswith(prefix))
    if report and report.count("/") == _WITHOUT_REVISION:
        wanted = tuple(sorted(wanted, key=lambda leaf: leaf.manifest)[-1:])
    checked, broken = check_reports(storage, wanted, public_key, progress)
    problems += [*log.problems, *broken]
    if not checked.reports:
        problems.append(_nothing(report))
    notes = () if report else tuple(_notes(objects, strays, log, checked.blobs))
    counts = {"commits": log.commits, "reports": checked.reports, "files": checked.files}
    return Verification(counts, tuple(folded(problems)), notes)


def _manifest_prefix(report: str | None) -> str:
    if not report:
        return ""
    if report.count("/") == _WITHOUT_REVISION:
        return ReportId.parse(f"{report}/1").series_folder
    return ReportId.parse(report).manifest_key


def _list(storage: Storage) -> tuple[Objects, list[str], list[Problem]]:
    """The objects, and what a listing passes over, as far as the store can be listed."""
    found: dict[str, int] = {}
    strays: list[str] = []
    try:
        for info in storage.list():
            found[info.key] = info.size
        if isinstance(storage, Inspectable):
            strays += storage.strays()
    except RetroauditError as error:
        meaning = "the store cannot be listed whole"
        return found, strays, [Problem(storage.url, "a listing of all objects", str(error), meaning)]
    return found, strays, []


def _nothing(report: str | None) -> Problem:
    meaning = "no such report is in the log: it was never sealed here, or its commit was cut off" if report else ""
    return Problem(
        report or "the store", "something to check", "nothing", meaning or "an empty log proves nothing: wrong store?"
    )


def _notes(objects: Objects, strays: Iterable[str], log: Log, blobs: frozenset[str]) -> Iterator[str]:
    committed = {leaf.manifest for leaf in log.leaves}
    pending = [key for key in objects if key.startswith(REPORTS) and key.endswith(MANIFEST) and key not in committed]
    orphans = [key for key in objects if key.startswith(BLOBS) and key not in blobs]
    known = {*pending, *orphans, *committed, *blobs}
    others = [key for key in objects if key not in known and not key.startswith(COMMITS)]
    yield from _note(pending, "uncommitted: a crash before the commit (seal it again), or a commit that was cut off")
    yield from _note(orphans, "in no report: left over from a crash, harmless")
    yield from _note(others, "unknown to the ledger")
    yield from _note(strays, "in no listing: a write that broke off, or put there by somebody else")


def _note(keys: Iterable[str], meaning: str) -> Iterator[str]:
    found = sorted(keys)
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        yield f"{', '.join(found[:_SHOWN])}{more}: {meaning}"
