"""Sealing reports: their files, then their manifests, then the commit that alone makes them part of the log.

A crash after any step leaves nothing that is wrong: blobs without a manifest are harmless, a manifest without
a commit is committed by sealing it again, or by whoever seals the revision after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import keyring, manifest
from retroaudit.ledger.appending import append, read_head
from retroaudit.ledger.blobs import by_digest, put_blobs
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.genuine import Genuine, Signed
from retroaudit.ledger.head import containing
from retroaudit.ledger.manifest import File, Manifest
from retroaudit.ledger.revisions import Revision, next_revision
from retroaudit.ledger.signing import Signer
from retroaudit.storage.protocol import ObjectInfo, Storage

_SQUATTED = (
    "Audit under another --part; or an administrator removes that version, once no lock keeps it. And run verify: if a "
    "report was sealed there, it was replaced."
)
_DECISIVE = frozenset({"report.json"})  # the page and the table are drawn from it, by libraries that may change

__all__ = ["Receipt", "ReportId", "Revision", "Sealing", "next_revision", "seal", "seal_all"]


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
    gave other bytes of `report.json`, `BadInput` where another run or a stranger's object holds a revision, or another
    key keeps this log.
    """
    head = read_head(storage, signer, sealed_at)
    after = head.body.number if head else 0  # read before the manifests are put: their commit can only come later
    own = {signer.public.keyid: signer.public}
    log = Genuine(storage, own | {k: each.public for k, each in keyring.lineage(storage, signer.public).items()}, after)
    pending = [leaf for each in wanted for leaf in _pending_before(log, each.report, signer)]
    put = _put(log, wanted, signer, sealed_at, retain_until)
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
    log: Genuine, wanted: Sequence[Sealing], signer: Signer, sealed_at: datetime, retain_until: datetime | None
) -> list[_Put]:
    """Put files and then manifests; what was sealed before stays as it was, drawn anew by other libraries or not."""
    manifests = [_manifest(each, sealed_at, log.last) for each in wanted]
    there = {each.report: _there(log, each, signer) for each in manifests}
    files: dict[str, bytes] = {}
    for each in wanted:
        files |= by_digest(_kept(each.files, there[each.report]))
    put_blobs(log.storage, files, retain_until)
    signed = {each.report.manifest_key: manifest.sign(each, signer) for each in manifests}
    created = log.storage.put_all(signed, retain_until=retain_until)
    put = []
    for ours in manifests:
        key = ours.report.manifest_key
        found = None if created[key] else _there(log, ours, signer)
        leaf = found.leaf if found else Leaf(key, File.of("", signed[key]).sha256)
        put.append(_Put(leaf, found.said.after if found and there[ours.report] else None))
    return put


def _kept(files: Mapping[str, bytes], sealed: Signed[Manifest] | None) -> dict[str, bytes]:
    """What is to be stored: all files, or of a report that was sealed before, those that it names."""
    return {name: data for name, data in files.items() if not sealed or File.of(name, data) in sealed.said.files}


def _manifest(wanted: Sealing, sealed_at: datetime, after: int) -> Manifest:
    files = tuple(File.of(name, wanted.files[name]) for name in sorted(wanted.files))
    return Manifest(wanted.report, files, wanted.run_key, sealed_at, wanted.predicate, after)


def _there(log: Genuine, wanted: Manifest, signer: Signer) -> Signed[Manifest] | None:
    """The report's manifest where it is in the store already."""
    info = log.storage.head(wanted.report.manifest_key)
    return _refuse_other(_own(log, info, signer), wanted) if info else None


def _pending_before(log: Genuine, report: ReportId, signer: Signer) -> list[Leaf]:
    """The leaves of the revisions before, the oldest first, that are not in the log.

    A crash may have come between their manifests and their commits; no run will seal them again now that there is
    a newer one. Raises `BadInput` where there is no such revision, or one that cannot come into the log.
    """
    pending: list[Leaf] = []
    while before := report.supersedes:
        info = log.storage.head(before.manifest_key)
        if info is None:
            raise BadInput(Fault(str(report), f"no {before} in {log.storage.url}", "revisions without gaps"))
        found = _own(log, info, signer)
        if containing(log.storage, found.leaf, found.said.after, log.last):
            break  # and so are those before it
        pending.insert(0, found.leaf)
        report = before
    return pending


def _refuse_other(there: Signed[Manifest], wanted: Manifest) -> Signed[Manifest]:
    """The manifest that is there; raises where it is not this run's.

    Times, provenance and what is drawn from `report.json` may differ.
    """
    subject = str(wanted.report)
    if dict(there.said.run_key) != dict(wanted.run_key):
        raise BadInput(Fault(subject, "a revision that another run holds", "a free one", "Ask for the next revision."))
    names = sorted({file.name for file in {*there.said.files} ^ {*wanted.files}} & _DECISIVE)
    if names:
        remedy = "An audit must give the same bytes again: something that determines them is not in the run key."
        raise IntegrityBroken(
            Fault(subject, f"other bytes for the same run key: {', '.join(names)}", "the same bytes", remedy)
        )
    return there


def _own(log: Genuine, info: ObjectInfo, signer: Signer) -> Signed[Manifest]:
    """A report's stored manifest; raises where it is none that is in the log or may come into it."""
    found = log.report(info)
    if found is None:
        who = "an object that no key of this log signed for this place; whoever may write below reports/ can put it"
        raise BadInput(Fault(info.key, who, "the report's manifest, or nothing", _SQUATTED))
    keyid, after = found.envelope.keyid, found.said.after
    if keyid == signer.public.keyid or (after < log.last and containing(log.storage, found.leaf, after, log.last)):
        return found
    who = f"a manifest in no commit that the retired key {keyid} signed: a crash left it, or its holder dated it back"
    raise BadInput(Fault(info.key, who, f"one that key {signer.public.keyid} signed, or nothing", _SQUATTED))
