"""Sealing a report: its files, then its manifest, then the commit that alone makes it part of the log.

A crash after any step leaves nothing that is wrong: blobs without a manifest are harmless, a manifest without
a commit is completed by sealing again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import commits, manifest
from retroaudit.ledger.coordinates import ReportId, blob_key
from retroaudit.ledger.manifest import File, Manifest
from retroaudit.ledger.signing import Signer
from retroaudit.storage.protocol import Storage, settle

_DECISIVE = frozenset({"report.json"})  # the page and the table are drawn from it, by libraries that may change

__all__ = ["Receipt", "ReportId", "Revision", "next_revision", "seal"]


@dataclass(frozen=True)
class Revision:
    """Which revision a run is, and what it comes after.

    `existing`: this very run was sealed (or begun) before. `previous_run` is the run key of the newest other
    revision before it: where it differs is the cause of the new one.
    """

    rev: int
    supersedes: ReportId | None
    existing: bool
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
    """The revision with this run key where there is one, else the next.

    Raises `IntegrityBroken` where a stored manifest is not readable.
    """
    first = ReportId(model, window, kind, part, 1)
    runs = {rev: _run_key(storage, key) for key, rev in _manifests(storage, first)}
    same = [rev for rev, found in runs.items() if found == dict(run_key)]
    rev = max(same) if same else max(runs, default=0) + 1
    report = ReportId(model, window, kind, part, rev)
    before = [earlier for earlier in runs if earlier < rev]
    return Revision(rev, report.supersedes, bool(same), runs[max(before)] if before else None)


def seal(
    storage: Storage,
    report: ReportId,
    files: Mapping[str, bytes],
    predicate: Mapping[str, Any],
    run_key: Mapping[str, str],
    signer: Signer,
    *,
    sealed_at: datetime,
    hint: int = 0,
) -> Receipt:
    """Put a report's files into the store and its manifest into the log; `hint` is a commit number known to exist.

    Sealing the same again gives the receipt of the first time. Raises `IntegrityBroken` where the same run key
    gave other bytes of `report.json`, `BadInput` where another run holds this revision or another key keeps this log.
    """
    head = commits.read_head(storage, signer, hint)  # before the manifest is put: its commit can only come later
    wanted = Manifest(
        report, tuple(File.of(name, files[name]) for name in sorted(files)), run_key, sealed_at, predicate
    )
    data = manifest.sign(wanted, signer)
    was_there = storage.head(report.manifest_key) is not None
    if was_there:  # files drawn anew by other libraries stay as they were sealed
        sealed = _refuse_other(storage.read(report.manifest_key), wanted, signer)
        files = {name: data for name, data in files.items() if File.of(name, data) in sealed}
    _refuse_gap(storage, report)
    _put_blobs(storage, files)
    there = settle(storage, report.manifest_key, data)
    _refuse_other(there, wanted, signer)
    leaf = commits.Leaf(report.manifest_key, hashlib.sha256(there).hexdigest())
    found = commits.containing(storage, leaf, head.body.number) if was_there and head else None
    commit = found or commits.append(storage, leaf, signer, head)
    return Receipt(report, leaf.manifest, leaf.sha256, commit.body.number, found is None)


def _manifests(storage: Storage, report: ReportId) -> list[tuple[str, int]]:
    found = ((info.key, report.revision_of(info.key)) for info in storage.list(report.series_folder))
    return [(key, rev) for key, rev in found if rev]


def _run_key(storage: Storage, key: str) -> dict[str, str]:
    found, _ = manifest.parse(storage.read(key), key)
    return dict(found.run_key)


def _put_blobs(storage: Storage, files: Mapping[str, bytes]) -> None:
    for name, data in sorted(files.items()):
        key = blob_key(hashlib.sha256(data).hexdigest())
        if settle(storage, key, data) != data:
            raise IntegrityBroken(Fault(key, "other bytes than its name says", name, "Run verify."))


def _refuse_gap(storage: Storage, report: ReportId) -> None:
    before = report.supersedes
    if before and storage.head(before.manifest_key) is None:
        raise BadInput(Fault(str(report), f"no {before} in {storage.url}", "revisions without gaps"))


def _refuse_other(data: bytes, wanted: Manifest, signer: Signer) -> tuple[File, ...]:
    """The files of the manifest that is there; raise where it is not this run's.

    Times, provenance and what is drawn from `report.json` may differ.
    """
    subject = str(wanted.report)
    there, envelope = manifest.parse(data, subject)
    if envelope.keyid != signer.public.keyid:
        raise BadInput(Fault(subject, f"the signature of key {envelope.keyid}", f"key {signer.public.keyid}"))
    if there.report != wanted.report or not envelope.signed_by(signer.public):
        raise IntegrityBroken(Fault(subject, "a manifest that was not signed as this report", subject, "Run verify."))
    if dict(there.run_key) != dict(wanted.run_key):
        raise BadInput(Fault(subject, "a revision that another run holds", "a free one", "Ask for the next revision."))
    names = sorted({file.name for file in {*there.files} ^ {*wanted.files}} & _DECISIVE)
    if names:
        remedy = "An audit must give the same bytes again: something that determines them is not in the run key."
        raise IntegrityBroken(
            Fault(subject, f"other bytes for the same run key: {', '.join(names)}", "the same bytes", remedy)
        )
    return there.files
