"""Which revision of a report a run is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count, takewhile

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.ledger import manifest
from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.genuine import Genuine, content, of_the_log
from retroaudit.ledger.head import containing
from retroaudit.ledger.manifest import Manifest
from retroaudit.storage.protocol import ObjectInfo, Storage


@dataclass(frozen=True)
class Revision:
    """Which revision a run is, and what it comes after.

    `previous_run` is the run key of the revision before it: where it differs is the cause of this one.
    """

    rev: int
    supersedes: ReportId | None
    previous_run: Mapping[str, str] | None


def next_revision(
    storage: Storage, model: str, window: str, kind: str, part: str, run_key: Mapping[str, str]
) -> Revision:
    """The newest revision where it has this run key (it was sealed before, or begun), else the next.

    What was said in between stays in the history: labels that go from A to B and back to A make three revisions
    (law 6). Revisions follow the log's own manifests: what else was put among them does not count, and `seal` tells
    of it. Raises `IntegrityBroken` where a manifest of the log is not what was sealed.
    """
    series = ReportId(model, window, kind, part, 1)
    runs = _newest_two(storage, series)
    if runs and dict(runs[-1].run_key) == dict(run_key):
        rev = runs.pop().report.rev
    else:
        rev = runs[-1].report.rev + 1 if runs else 1
    return Revision(rev, replace(series, rev=rev).supersedes, runs[-1].run_key if runs else None)


def _newest_two(storage: Storage, series: ReportId) -> list[Manifest]:
    """The newest revision that is the log's, with the one before it first."""
    infos = {series.revision_of(info.key): info for info in storage.list(series.series_folder)}
    unbroken = [*takewhile(infos.__contains__, count(1))]
    log = of_the_log(storage) if unbroken else None
    for rev in reversed(unbroken):
        if log and (newest := _own(log, infos[rev])):
            return [*(_before(log, infos[rev - 1]) for _ in range(rev > 1)), newest]
    return []


def _before(log: Genuine, info: ObjectInfo) -> Manifest:
    found = _own(log, info)
    if found is None:
        subject, expected = info.key, "the manifest before one of this log's"
        raise IntegrityBroken(Fault(subject, "bytes that this log does not know", expected, "Run verify."))
    return found


def _own(log: Genuine, info: ObjectInfo) -> Manifest | None:
    """A manifest that is in the log, or that may still come into it: of the key that signs the next commit."""
    if not log.last:  # no commit says yet whose the log is: `seal`, which has the key, will see
        return _readable(log.storage, info)
    found = log.report(info)
    if found is None:
        return None
    if found.envelope.keyid == log.commit(log.last).body.next_key:
        return found.said
    after = found.said.after
    return found.said if after < log.last and containing(log.storage, found.leaf, after, log.last) else None


def _readable(storage: Storage, info: ObjectInfo) -> Manifest | None:
    try:
        found, _ = manifest.parse(content(storage, info) or b"", info.key)
    except IntegrityBroken:
        return None
    return found if found.report.manifest_key == info.key else None
