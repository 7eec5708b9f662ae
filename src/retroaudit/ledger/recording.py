"""Entries that are no reports, put into the log: plans, decisions, keys and all the rest."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import entries, keyring
from retroaudit.ledger.appending import PATIENCE, SKEW, append, append_handover, read_head
from retroaudit.ledger.blobs import by_digest, put_blobs
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import blob_key
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.head import containing
from retroaudit.ledger.keyring import Link
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
    for each in put:
        if each.there and (found := containing(storage, each.leaf, each.there.after, last)):
            placed[each.leaf] = found.body.number
    _refuse_unfinished([each for each in put if each.leaf not in placed], signer, before, at)
    fresh = append(storage, [each.leaf for each in put if each.leaf not in placed], signer, before, at)
    commits = {**placed, **fresh}
    return tuple(Receipt(leaf.key, leaf.sha256, commits[leaf], leaf in fresh) for leaf in (each.leaf for each in put))


def rotate(
    storage: Storage, old: Signer, new: Signer, by: str, reason: str, expires: datetime | None, at: datetime
) -> Receipt:
    """Hand the log over: a commit signed by the old key that names the new one, which expires at `expires` if ever.

    The new key agrees to come after the log's last commit: where another writer's comes in between, it agrees anew,
    for five minutes at most. A rotation that a crash broke off is gone on with as it was begun, if nothing else was
    committed since; one that was done gives its receipt again. An old key that has expired can do this, and nothing
    else. Raises `BadInput` in an empty log, where another key keeps the log, or where the new one cannot.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        links = keyring.chain(storage, new.public.keyid)
        done = next((link.handover for link in links if _hands_over(link, old, new)), None)
        if done:
            return Receipt(done.named.leaf.key, done.named.leaf.sha256, done.number, created=False)
        before = read_head(storage, old, at, retiring=True)
        if before is None:
            remedy = "Begin it with the new key."
            raise BadInput(Fault(storage.url, "an empty log", "a log whose key can be changed", remedy))
        earliest = max(at, before.body.time)
        _refuse_unfit(storage, old, new, expires, earliest)
        agreed = _agreed(storage, old, new, before, earliest)
        entry = agreed or keyring.successor(old.public, before.sha256, new, by, reason, expires)
        (put,) = _put(storage, [entry], old, at, before, None)
        _refuse_unfinished([put], old, before, at)
        commit = append_handover(storage, put.leaf, old, before, at, new.public.keyid)
        if commit:
            return Receipt(put.leaf.key, put.leaf.sha256, commit.body.number, created=True)
    raise BadInput(Fault("log", "other writers in a row for five minutes", "a turn of one's own", "Run it again."))


def _hands_over(link: Link, old: Signer, new: Signer) -> bool:
    done = link.handover
    return done is not None and (done.giver.keyid, done.receiver.keyid) == (old.public.keyid, new.public.keyid)


def _agreed(storage: Storage, old: Signer, new: Signer, before: Commit, earliest: datetime) -> Entry | None:
    """What a rotation that a crash broke off left here, where its key is good and nothing was committed since."""
    for each in keyring.named(storage):
        of_both = each.key.public.keyid == new.public.keyid and each.envelope.signed_by(old.public)
        upon = each.recorded.after == before.body.number and each.key.follows(old.public, before.sha256)
        lasts = each.key.expires is None or each.key.expires > earliest
        if of_both and upon and lasts and each.recorded.recorded_at <= earliest + SKEW:
            return each.recorded.entry
    return None


def _refuse_unfit(storage: Storage, old: Signer, new: Signer, expires: datetime | None, earliest: datetime) -> None:
    subject = f"key {new.public.keyid}"
    if new.public.keyid in {old.public.keyid, *keyring.lineage(storage, old.public)}:
        raise BadInput(Fault(subject, "a key that this log had before", "a new key"))
    if expires and expires <= earliest:
        found, expected = f"an end at {expires.isoformat()}", f"one after {earliest.isoformat()}"
        raise BadInput(Fault(subject, found, expected, "No commit may be earlier than the log's last one."))


def _refuse_unmet(storage: Storage, wanted: Sequence[Entry], files: Mapping[str, bytes]) -> None:
    """What is named must be there, and what is there must be what it is called: neither can be mended later."""
    false = files.keys() - by_digest(files)
    named = {file for entry in wanted for file in entry.files}
    missing = {file for file in named if file.sha256 not in files and storage.head(blob_key(file.sha256)) is None}
    faults = [Fault(f"file {sha256}", "other bytes", f"sha256 {sha256}") for sha256 in sorted(false)]
    faults += [Fault(f"file {file.name!r}", "no content", f"sha256 {file.sha256}") for file in in_order(missing)]
    if faults:
        raise BadInput(faults)


@dataclass(frozen=True)
class _Put:
    """An entry that is in the store now; `there` and `keyid` as it was found, where it was there before."""

    leaf: Leaf
    keyid: str
    there: Recorded | None


def _put(
    storage: Storage,
    wanted: Sequence[Entry],
    signer: Signer,
    at: datetime,
    before: Commit | None,
    retain_until: datetime | None,
) -> list[_Put]:
    after = before.body.number if before else 0
    signed = {entry.key: entries.sign(Recorded(entry, at, after), signer) for entry in wanted}
    created = storage.put_all(signed, retain_until=retain_until)
    put: list[_Put] = []
    for entry in wanted:
        data = signed[entry.key] if created[entry.key] else storage.read(entry.key)
        there, keyid = _own(storage, data, entry, signer)
        was_there = data != signed[entry.key]
        put.append(_Put(Leaf(entry.key, File.of("", data).sha256), keyid, there if was_there else None))
    return put


def _own(storage: Storage, data: bytes, entry: Entry, signer: Signer) -> tuple[Recorded, str]:
    """The entry that is there, and its key's id; raises where it is another, or nobody of this log signed it."""
    there, envelope = entries.parse(data, entry.key)
    if there.entry != entry:
        raise IntegrityBroken(Fault(entry.key, "another entry", f"this {entry.kind}", "Run verify."))
    known = keyring.public(storage, envelope.keyid, signer)
    if known is None or not envelope.signed_by(known):
        raise IntegrityBroken(Fault(entry.key, "an entry that no key of the log signed", "a signed one", "Run verify."))
    return there, envelope.keyid


def _refuse_unfinished(put: Sequence[_Put], signer: Signer, before: Commit | None, at: datetime) -> None:
    """What a crash left must not be committed where verify would never forgive it: rules K2 and K3 of the format."""
    latest = (max(at, before.body.time) if before else at) + SKEW
    remedy = "No commit holds it. Look who put it there; remove it, or say it in other words."
    faults = []
    for each in put:
        if each.keyid != signer.public.keyid:
            found = f"an entry that was begun with key {each.keyid}, which is retired"
            faults.append(Fault(each.leaf.key, found, f"one of key {signer.public.keyid}", remedy))
        elif each.there and each.there.recorded_at > latest:
            found = f"an entry recorded at {each.there.recorded_at.isoformat()}"
            faults.append(Fault(each.leaf.key, found, f"one recorded by {latest.isoformat()}", remedy))
    if faults:
        raise BadInput(faults)
