"""Sealing reports: their files, then their manifests, then the commit that alone makes them part of the log.

A crash after any step leaves nothing that is wrong: blobs without a manifest are harmless, a manifest without
a commit is committed by sealing it again, or by whoever seals the revision after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import keyring, manifest
from retroaudit.ledger.appending import append, read_head
from retroaudit.ledger.blobs import by_digest, put_blobs
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.head import containing
from retroaudit.ledger.manifest import File, Manifest
from retroaudit.ledger.signing import Signer
from retroaudit.storage.protocol import Storage

_DECISIVE = frozenset({"report.json"})  # the page and the table are drawn from it, by libraries that may change

__all__ = ["Receipt", "ReportId", "Revision", "Sealing", "next_revision", "seal", "seal_all"]


@dataclass(frozen=True)
class Revision:
    """Which revision a run is, and what it comes after.

    `previous_run` is the run key of the revision before it: where it differs is the cause of this one.
    """

    rev: int
    supersedes: ReportId | None
    previous_run: Mapping[str, str] | None


@dataclass(frozen=True)
class Sealing:
    """A report to be sealed: its files by name, its provenance, and what decides its bytes."""

    report: ReportId
    files: Mapping[str, bytes]
    predicate: Mapping[str, Any]
    run_key: Mapping[str, str]


@dataclass(frozen=True)
class Receipt:
    """Where a report stands in the log. `created` is False where it stood there before the call."""

    report: ReportId
    manifest_key: str
    manifest_sha256: str
    commit: int
    created: bool


@dataclass(frozen=True)
class _Put:
    """A manifest that is in the store: its leaf, and since when it may be in the log (None: not before this call)."""

    leaf: Leaf
    after: int | None


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
    wanted: Sealing,
    signer: Signer,
    sealed_at: datetime,
    *,
    retain_until: datetime | None = None,
) -> Receipt:
    """Put a report's files into the store and its manifest into the log; as `seal_all`, for one."""
    (receipt,) = seal_all(storage, [wanted], signer, sealed_at, retain_until=retain_until)
    return receipt


def seal_all(
    storage: Storage,
    wanted: Sequence[Sealing],
    signer: Signer,
    sealed_at: datetime,
    *,
    retain_until: datetime | None = None,
) -> tuple[Receipt, ...]:
    """Seal reports of different series in one commit.

    Sealing the same again gives the receipt of the first time. Raises `IntegrityBroken` where the same run key
    gave other bytes of `report.json`, `BadInput` where another run holds a revision or another key keeps this log.
    """
    head = read_head(storage, signer, sealed_at)
    after = head.body.number if head else 0  # read before the manifests are put: their commit can only come later
    pending = [leaf for each in wanted for leaf in _pending_before(storage, each.report, signer, after)]
    put = _put(storage, wanted, signer, sealed_at, after, retain_until)
    placed = {
        each.leaf: found.body.number
        for each in put
        if each.after is not None and (found := containing(storage, each.leaf, each.after, after))
    }
    fresh = append(storage, [*pending, *(p.leaf for p in put if p.leaf not in placed)], signer, head, sealed_at)
    commits = {**placed, **fresh}
    return tuple(
        Receipt(each.report, p.leaf.key, p.leaf.sha256, commits[p.leaf], p.leaf not in placed)
        for each, p in zip(wanted, put, strict=True)
    )


def _put(
    storage: Storage,
    wanted: Sequence[Sealing],
    signer: Signer,
    sealed_at: datetime,
    after: int,
    retain_until: datetime | None,
) -> list[_Put]:
    """Put files and then manifests; what was sealed before stays as it was, drawn anew by other libraries or not."""
    manifests = [_manifest(each, sealed_at, after) for each in wanted]
    there = {each.report: _there(storage, each, signer) for each in manifests}
    files: dict[str, bytes] = {}
    for each in wanted:
        files |= by_digest(_kept(each.files, there[each.report]))
    put_blobs(storage, files, retain_until)
    signed = {each.report.manifest_key: manifest.sign(each, signer) for each in manifests}
    created = storage.put_all(signed, retain_until=retain_until)
    put = []
    for ours in manifests:
        key = ours.report.manifest_key
        data = signed[key] if created[key] else storage.read(key)
        sealed = _refuse_other(storage, data, ours, signer)
        leaf = Leaf(key, File.of("", data).sha256)
        put.append(_Put(leaf, sealed.after if there[ours.report] else None))
    return put


def _kept(files: Mapping[str, bytes], sealed: Manifest | None) -> dict[str, bytes]:
    """What is to be stored: all files, or of a report that was sealed before, those that it names."""
    return {name: data for name, data in files.items() if not sealed or File.of(name, data) in sealed.files}


def _manifest(wanted: Sealing, sealed_at: datetime, after: int) -> Manifest:
    files = tuple(File.of(name, wanted.files[name]) for name in sorted(wanted.files))
    return Manifest(wanted.report, files, wanted.run_key, sealed_at, wanted.predicate, after)


def _there(storage: Storage, wanted: Manifest, signer: Signer) -> Manifest | None:
    """The report's manifest where it is in the store already."""
    key = wanted.report.manifest_key
    if storage.head(key) is None:
        return None
    return _refuse_other(storage, storage.read(key), wanted, signer)


def _pending_before(storage: Storage, report: ReportId, signer: Signer, last: int) -> list[Leaf]:
    """The leaves of the revisions before, the oldest first, that are not in the log.

    A crash may have come between their manifests and their commits; no run will seal them again now that there is
    a newer one. Raises `BadInput` where there is no such revision.
    """
    pending: list[Leaf] = []
    while before := report.supersedes:
        if storage.head(before.manifest_key) is None:
            raise BadInput(Fault(str(report), f"no {before} in {storage.url}", "revisions without gaps"))
        data = storage.read(before.manifest_key)
        leaf = Leaf(before.manifest_key, File.of("", data).sha256)
        if containing(storage, leaf, _own(storage, data, before, signer).after, last):
            break  # and so are those before it
        pending.insert(0, leaf)
        report = before
    return pending


def _manifests(storage: Storage, series: ReportId) -> list[tuple[int, str]]:
    """The revisions of a series and the keys of their manifests, the newest last."""
    found: Iterable[tuple[int | None, str]] = (
        (series.revision_of(info.key), info.key) for info in storage.list(series.series_folder)
    )
    return sorted((rev, key) for rev, key in found if rev)


def _run_key(storage: Storage, key: str) -> dict[str, str]:
    found, _ = manifest.parse(storage.read(key), key)
    return dict(found.run_key)


def _refuse_other(storage: Storage, data: bytes, wanted: Manifest, signer: Signer) -> Manifest:
    """The manifest that is there; raises where it is not this run's.

    Times, provenance and what is drawn from `report.json` may differ.
    """
    subject = str(wanted.report)
    there = _own(storage, data, wanted.report, signer)
    if dict(there.run_key) != dict(wanted.run_key):
        raise BadInput(Fault(subject, "a revision that another run holds", "a free one", "Ask for the next revision."))
    names = sorted({file.name for file in {*there.files} ^ {*wanted.files}} & _DECISIVE)
    if names:
        remedy = "An audit must give the same bytes again: something that determines them is not in the run key."
        raise IntegrityBroken(
            Fault(subject, f"other bytes for the same run key: {', '.join(names)}", "the same bytes", remedy)
        )
    return there


def _own(storage: Storage, data: bytes, report: ReportId, signer: Signer) -> Manifest:
    """A report's stored manifest; raises where no key of this log signed it as this report."""
    subject = str(report)
    there, envelope = manifest.parse(data, subject)
    known = keyring.public(storage, envelope.keyid, signer)
    if known is None:
        raise BadInput(Fault(subject, f"the signature of key {envelope.keyid}", f"key {signer.public.keyid}"))
    if there.report != report or not envelope.signed_by(known):
        raise IntegrityBroken(Fault(subject, "a manifest that was not signed as this report", subject, "Run verify."))
    return there
