"""Entries that are no reports, put into the log: plans, decisions, keys and all the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import entries, keyring
from retroaudit.ledger.appending import append, read_head
from retroaudit.ledger.blobs import by_digest, put_blobs
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import blob_key
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.head import containing, head
from retroaudit.ledger.keyring import Named
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import File, in_order
from retroaudit.storage.protocol import Storage


@dataclass(frozen=True)
class Receipt:
    """Where an entry stands in the log. `created` is False where it stood there before the call."""

    key: str
    sha256: str
    commit: int
    created: bool


def record(
    storage: Storage,
    wanted: Sequence[Entry],
    files: Mapping[str, bytes],
    signer: Signer,
    at: datetime,
    *,
    retain_until: datetime | None = None,
) -> tuple[Receipt, ...]:
    """Put entries into the log in one commit; `files` holds the contents of their files by sha256.

    An entry that was recorded before is found, not recorded again. A crash after any step leaves nothing that is
    wrong: recording again goes on. Raises `BadInput` where another key keeps this log, or a file has no content.
    """
    before = read_head(storage, signer, at)
    _refuse_unmet(storage, wanted, files)
    put_blobs(storage, files, retain_until)
    put = _put(storage, wanted, signer, at, before, retain_until)
    last = before.body.number if before else 0
    placed: dict[Leaf, int] = {}
    for leaf, after in put:
        if after is not None and (found := containing(storage, leaf, after, last)):
            placed[leaf] = found.body.number
    fresh = append(storage, [leaf for leaf, _ in put if leaf not in placed], signer, before, at)
    commits = {**placed, **fresh}
    return tuple(Receipt(leaf.key, leaf.sha256, commits[leaf], leaf in fresh) for leaf, _ in put)


def rotate(
    storage: Storage, old: Signer, new: Signer, by: str, reason: str, expires: datetime | None, at: datetime
) -> Receipt:
    """Hand the log over: a commit signed by the old key that names the new one, which expires at `expires` if ever.

    A rotation that a crash broke off is gone on with as it was begun; one that was done gives its receipt again.
    Raises `BadInput` in an empty log, where another key keeps the log, or where the new one cannot.
    """
    begun = tuple(each for each in keyring.named(storage) if _hands_over(each, old, new))
    for each in begun:
        if done := containing(storage, each.leaf, each.recorded.after, head(storage)):
            return Receipt(each.leaf.key, each.leaf.sha256, done.body.number, created=False)
    before = read_head(storage, old, at)
    if before is None:
        remedy = "Begin it with the new key."
        raise BadInput(Fault(storage.url, "an empty log", "a log whose key can be changed", remedy))
    _refuse_unfit(storage, old, new, expires, at)
    lasting = (each.recorded.entry for each in begun if not each.key.expires or each.key.expires > at)
    entry = next(lasting, None) or keyring.successor(old.public, new, by, reason, expires)
    ((leaf, _),) = _put(storage, [entry], old, at, before, None)
    placed = append(storage, [leaf], old, before, at, next_key=new.public.keyid)
    return Receipt(leaf.key, leaf.sha256, placed[leaf], created=True)


def _hands_over(named: Named, old: Signer, new: Signer) -> bool:
    return named.key.public.keyid == new.public.keyid and named.hands_over(old.public)


def _refuse_unfit(storage: Storage, old: Signer, new: Signer, expires: datetime | None, at: datetime) -> None:
    subject = f"key {new.public.keyid}"
    if new.public.keyid in {old.public.keyid, *keyring.lineage(storage, old.public)}:
        raise BadInput(Fault(subject, "a key that this log had before", "a new key"))
    if expires and expires <= at:
        raise BadInput(Fault(subject, f"an end at {expires.isoformat()}", f"one after {at.isoformat()}"))


def _refuse_unmet(storage: Storage, wanted: Sequence[Entry], files: Mapping[str, bytes]) -> None:
    """What is named must be there, and what is there must be what it is called: neither can be mended later."""
    false = files.keys() - by_digest(files)
    named = {file for entry in wanted for file in entry.files}
    missing = {file for file in named if file.sha256 not in files and storage.head(blob_key(file.sha256)) is None}
    faults = [Fault(f"file {sha256}", "other bytes", f"sha256 {sha256}") for sha256 in sorted(false)]
    faults += [Fault(f"file {file.name!r}", "no content", f"sha256 {file.sha256}") for file in in_order(missing)]
    if faults:
        raise BadInput(faults)


def _put(
    storage: Storage,
    wanted: Sequence[Entry],
    signer: Signer,
    at: datetime,
    before: Commit | None,
    retain_until: datetime | None,
) -> list[tuple[Leaf, int | None]]:
    """The leaves of entries that are in the store now, each with its `after` where it was there before."""
    after = before.body.number if before else 0
    signed = {entry.key: entries.sign(Recorded(entry, at, after), signer) for entry in wanted}
    created = storage.put_all(signed, retain_until=retain_until)
    leaves: list[tuple[Leaf, int | None]] = []
    for entry in wanted:
        data = signed[entry.key] if created[entry.key] else storage.read(entry.key)
        there = _own(storage, data, entry, signer)
        was_there = data != signed[entry.key]
        leaves.append((Leaf(entry.key, File.of("", data).sha256), there.after if was_there else None))
    return leaves


def _own(storage: Storage, data: bytes, entry: Entry, signer: Signer) -> Recorded:
    """The entry that is there; raises where it is another, or nobody of this log signed it."""
    there, envelope = entries.parse(data, entry.key)
    if there.entry != entry:
        raise IntegrityBroken(Fault(entry.key, "another entry", f"this {entry.kind}", "Run verify."))
    known = keyring.public(storage, envelope.keyid, signer)
    if known is None or not envelope.signed_by(known):
        raise IntegrityBroken(Fault(entry.key, "an entry that no key of the log signed", "a signed one", "Run verify."))
    return there
