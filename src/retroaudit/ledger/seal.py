"""Sealing a report: its files, then its manifest, then the commit that alone makes it part of the log.

A crash after any step leaves nothing that is wrong: blobs without a manifest are harmless, a manifest without
a commit is committed by sealing it again, or by whoever seals the revision after it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import commits, manifest
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import ReportId, blob_key
from retroaudit.ledger.manifest import File, Manifest
from retroaudit.ledger.signing import Signer
from retroaudit.storage.protocol import Storage, settle

_DECISIVE = frozenset({"report.json"})  # the page and the table are drawn from it, by libraries that may change

__all__ = ["Receipt", "ReportId", "Revision", "next_revision", "seal"]


@dataclass(frozen=True)
class Revision:
    """Which revision a run is, and what it comes after.

    `previous_run` is the run key of the revision before it: where it differs is the cause of this one.
    """

    rev: int
    supersedes: ReportId | None
    previous_run: Mapping[str, str] | None


@dataclass(frozen=True)
class Receipt:
    """Where a report stands in the log. `created` is False where it stood there before the call."""

    report: ReportId
    manifest_key: str
    manifest_sha256: str
    commit: int
    created: bool


def next_revision(
    storage: Storage, model: str, window: str, kind: str, part: str, run_key: Mapping[str, str]
) -> Revision:
    """The newest revision where it has this run key (it was sealed before, or begun), else the next.

    What was said in between stays in the history: labels that go from A to B and back to A make three revisions
    (law 6). Raises `IntegrityBroken` where a stored manifest is not readable.
    """
    series = ReportId(model, window, kind, part, 1)
    runs = [(rev, _run_key(storage, key)) for rev, key in _manifests(storage, series)[-2:]]
    if runs and runs[-1][1] == dict(run_key):
        rev, _ = runs.pop()
    else:
        rev = runs[-1][0] + 1 if runs else 1
    return Revision(rev, replace(series, rev=rev).supersedes, runs[-1][1] if runs else None)


def seal(
    storage: Storage,
    report: ReportId,
    files: Mapping[str, bytes],
    predicate: Mapping[str, Any],
    run_key: Mapping[str, str],
    signer: Signer,
    *,
    sealed_at: datetime,
) -> Receipt:
    """Put a report's files into the store and its manifest into the log.

    Sealing the same again gives the receipt of the first time. Raises `IntegrityBroken` where the same run key
    gave other bytes of `report.json`, `BadInput` where another run holds this revision or another key keeps this log.
    """
    head = _commit_predecessor(storage, report, signer, commits.read_head(storage, signer))
    after = head.body.number if head else 0  # read before the manifest is put: its commit can only come later
    wanted = Manifest(
        report, tuple(File.of(name, files[name]) for name in sorted(files)), run_key, sealed_at, predicate, after
    )
    data = manifest.sign(wanted, signer)
    was_there = storage.head(report.manifest_key) is not None
    if was_there:  # files drawn anew by other libraries stay as they were sealed
        sealed = _refuse_other(storage.read(report.manifest_key), wanted, signer)
        files = {name: data for name, data in files.items() if File.of(name, data) in sealed.files}
    _put_blobs(storage, files)
    there = settle(storage, report.manifest_key, data)
    sealed = _refuse_other(there, wanted, signer)
    leaf = _leaf(report, there)
    found = commits.containing(storage, leaf, sealed.after, after) if was_there else None
    commit = found or commits.append(storage, leaf, signer, head)
    return Receipt(report, leaf.manifest, leaf.sha256, commit.body.number, found is None)


def _commit_predecessor(storage: Storage, report: ReportId, signer: Signer, head: Commit | None) -> Commit | None:
    """The log's head, once the revision before is in the log.

    A crash may have come between that revision's manifest and its commit; no run will seal it again now that
    there is a newer one. Raises `BadInput` where there is no such revision.
    """
    before = report.supersedes
    if before is None:
        return head
    if storage.head(before.manifest_key) is None:
        raise BadInput(Fault(str(report), f"no {before} in {storage.url}", "revisions without gaps"))
    data = storage.read(before.manifest_key)
    leaf = _leaf(before, data)
    after = _own(data, before, signer).after
    if head and commits.containing(storage, leaf, after, head.body.number):
        return head
    return commits.append(storage, leaf, signer, head)


def _manifests(storage: Storage, series: ReportId) -> list[tuple[int, str]]:
    """The revisions of a series and the keys of their manifests, the newest last."""
    found = ((series.revision_of(info.key), info.key) for info in storage.list(series.series_folder))
    return sorted((rev, key) for rev, key in found if rev)


def _run_key(storage: Storage, key: str) -> dict[str, str]:
    found, _ = manifest.parse(storage.read(key), key)
    return dict(found.run_key)


def _leaf(report: ReportId, data: bytes) -> Leaf:
    return Leaf(report.manifest_key, hashlib.sha256(data).hexdigest())


def _put_blobs(storage: Storage, files: Mapping[str, bytes]) -> None:
    for name, data in sorted(files.items()):
        key = blob_key(hashlib.sha256(data).hexdigest())
        if settle(storage, key, data) != data:
            raise IntegrityBroken(Fault(key, "other bytes than its name says", name, "Run verify."))


def _refuse_other(data: bytes, wanted: Manifest, signer: Signer) -> Manifest:
    """The manifest that is there; raises where it is not this run's.

    Times, provenance and what is drawn from `report.json` may differ.
    """
    subject = str(wanted.report)
    there = _own(data, wanted.report, signer)
    if dict(there.run_key) != dict(wanted.run_key):
        raise BadInput(Fault(subject, "a revision that another run holds", "a free one", "Ask for the next revision."))
    names = sorted({file.name for file in {*there.files} ^ {*wanted.files}} & _DECISIVE)
    if names:
        remedy = "An audit must give the same bytes again: something that determines them is not in the run key."
        raise IntegrityBroken(
            Fault(subject, f"other bytes for the same run key: {', '.join(names)}", "the same bytes", remedy)
        )
    return there


def _own(data: bytes, report: ReportId, signer: Signer) -> Manifest:
    """A report's stored manifest; raises where `signer` did not sign it as this report."""
    subject = str(report)
    there, envelope = manifest.parse(data, subject)
    if envelope.keyid != signer.public.keyid:
        raise BadInput(Fault(subject, f"the signature of key {envelope.keyid}", f"key {signer.public.keyid}"))
    if there.report != report or not envelope.signed_by(signer.public):
        raise IntegrityBroken(Fault(subject, "a manifest that was not signed as this report", subject, "Run verify."))
    return there
