"""Entries that are no reports, put into the log: plans, decisions, keys and all the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import entries, keyring
from retroaudit.ledger.appending import append, read_head
from retroaudit.ledger.blobs import put_blobs
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.head import containing
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import File
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
    wrong: recording again goes on. Raises `BadInput` where another key keeps this log.
    """
    before = read_head(storage, signer, at)
    put_blobs(storage, files, retain_until)
    leaves = _put(storage, wanted, signer, at, before, retain_until)
    last = before.body.number if before else 0
    placed: dict[Leaf, int] = {}
    for leaf, after in leaves.items():
        if after is not None and (found := containing(storage, leaf, after, last)):
            placed[leaf] = found.body.number
    fresh = append(storage, [leaf for leaf in leaves if leaf not in placed], signer, before, at)
    return tuple(Receipt(leaf.key, leaf.sha256, {**placed, **fresh}[leaf], leaf in fresh) for leaf in leaves)


def rotate(
    storage: Storage, old: Signer, new: Signer, by: str, reason: str, expires: datetime | None, at: datetime
) -> Receipt:
    """Hand the log over: a commit signed by the old key that names the new one. Raises `BadInput` in an empty log."""
    before = read_head(storage, old, at)
    if before is None:
        remedy = "Begin it with the new key."
        raise BadInput(Fault(storage.url, "an empty log", "a log whose key can be changed", remedy))
    entry = _begun(storage, old, new) or keyring.successor(old.public, new, by, reason, expires)
    put = _put(storage, [entry], old, at, before, None)
    ((leaf, after),) = put.items()
    if after is not None and containing(storage, leaf, after, before.body.number):
        raise BadInput(Fault(f"key {new.public.keyid}", "a key that this log had before", "a new key"))
    placed = append(storage, [leaf], old, before, at, next_key=new.public.keyid)
    return Receipt(leaf.key, leaf.sha256, placed[leaf], created=True)


def _begun(storage: Storage, old: Signer, new: Signer) -> Entry | None:
    """The entry that names the new key, where one is in the store: a rotation that a crash broke off."""
    for entry in keyring.named(storage):
        key = keyring.read(entry)
        if key.public.keyid == new.public.keyid and (key.follows(old.public) or key.possession is None):
            return entry
    return None


def _put(
    storage: Storage,
    wanted: Sequence[Entry],
    signer: Signer,
    at: datetime,
    before: Commit | None,
    retain_until: datetime | None,
) -> dict[Leaf, int | None]:
    """The leaves of entries that are in the store now, each with its `after` where it was there before."""
    after = before.body.number if before else 0
    signed = {entry.key: entries.sign(Recorded(entry, at, after), signer) for entry in wanted}
    created = storage.put_all(signed, retain_until=retain_until)
    leaves: dict[Leaf, int | None] = {}
    for entry in wanted:
        data = signed[entry.key] if created[entry.key] else storage.read(entry.key)
        there = _own(storage, data, entry, signer)
        was_there = data != signed[entry.key]
        leaves[Leaf(entry.key, File.of("", data).sha256)] = there.after if was_there else None
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
