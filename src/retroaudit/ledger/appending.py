"""Appending to the log: one put-if-absent a commit, no lock, any number of writers."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from retroaudit.faults import BadInput, Fault, IntegrityBroken, RetroauditError
from retroaudit.ledger import commits, entries, keyring, tiles
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.entries import Recorded
from retroaudit.ledger.head import head, leaf_hashes, seen
from retroaudit.ledger.keyring import Link
from retroaudit.ledger.settings import retain_until
from retroaudit.ledger.signing import PublicKey, Signer
from retroaudit.ledger.statement import File, instant
from retroaudit.storage.protocol import Denied, Lockable, Storage, settle

CLOCK_JUMPED = "RETROAUDIT_CLOCK_JUMPED"
PATIENCE = 300.0  # seconds of being outrun by other writers
SKEW = timedelta(hours=1)  # that the clocks of writers may differ


def read_head(storage: Storage, signer: Signer, at: datetime, *, retiring: bool = False) -> Commit | None:
    """The last commit, checked to be one that `signer` may build on at this time; None in an empty log.

    Raises `BadInput` where the log is another key's, the key has expired or the clock goes back, `IntegrityBroken`
    where no key of the log signed the commit. `retiring`: a key that has expired may still hand the log over.
    """
    instant(at, "the clock")
    number = head(storage)
    if not number:
        return None
    commit = commits.read(storage, number)
    chain = keyring.chain(storage, signer.public.keyid)
    _require(commit, _giver(storage, commit, chain, signer), signer)
    _refuse_earlier(commit, at)
    if chain and not retiring:
        keyring.require_fresh(chain[0].named.key, max(at, commit.body.time))
    return commit


def append(
    storage: Storage,
    leaves: Sequence[Leaf],
    signer: Signer,
    before: Commit | None,
    at: datetime,
) -> Mapping[Leaf, int]:
    """Commit leaves after `before` or, where others were faster, after theirs; gives the commit of each.

    Leaves that somebody else committed on the way are not committed again. Who finds its own bytes in place has
    succeeded, be it after a lost answer. Each lost attempt is somebody's success and moves on by one commit; after
    five minutes of them `BadInput` is raised. Every commit on the way is checked before it is built upon. Tiles are
    written after it: what cannot be written is made again by whoever comes later. All of it is locked for the longest
    of the store's retentions. Raises `Denied` where these credentials may not append.
    """
    placed: dict[Leaf, int] = {}
    begun, until = before, _until(storage, at)
    waiting = dict.fromkeys(leaves)  # a set that keeps its order
    deadline = time.monotonic() + PATIENCE
    while waiting and time.monotonic() < deadline:
        adding = [*waiting] if before else [_first_key(storage, signer, at, until), *waiting]
        data = commits.follow(before, adding, signer, at)
        number = before.body.number + 1 if before else 1
        there = _attempt(storage, commit_key(number), data, until, contended=before is not begun)
        commit = commits.parse(data, f"commit {number}") if there == data else _following(there, before, signer)
        seen(storage, number)
        placed |= {leaf: number for leaf in commit.body.leaves if leaf in waiting}
        waiting = dict.fromkeys(leaf for leaf in waiting if leaf not in placed)
        if there == data:
            write_tiles(storage, before, commit, until)
        before = commit
    if waiting:
        raise BadInput(Fault("log", "other writers in a row for five minutes", "a turn of one's own", "Run it again."))
    return placed


def append_handover(
    storage: Storage, leaf: Leaf, signer: Signer, before: Commit, at: datetime, next_key: str
) -> Commit | None:
    """Commit a key's entry right after `before`, to which it is bound, and hand the log over to that key.

    None where somebody else's commit came after `before`: the new key agreed to nothing that it does not know.
    """
    number = before.body.number + 1
    data = commits.follow(before, [leaf], signer, at, next_key)
    until = _until(storage, at)
    if _attempt(storage, commit_key(number), data, until, contended=False) != data:
        return None
    commit = commits.parse(data, f"commit {number}")
    seen(storage, number)
    write_tiles(storage, before, commit, until)
    return commit


def _until(storage: Storage, at: datetime) -> datetime | None:
    """Until when commits and tiles are locked; None where nothing locks, or the log does not say."""
    return retain_until(storage, None, at) if isinstance(storage, Lockable) else None


def _attempt(storage: Storage, key: str, data: bytes, until: datetime | None, *, contended: bool) -> bytes:
    """What lies there after our attempt to put `data` there; raises `Denied` where these credentials may not."""
    try:
        return _put(storage, key, data, until, contended=contended)
    except Denied:
        found, remedy = "credentials that may not append to the log (access denied)", "Use the log role's credentials."
        raise Denied(Fault(key, found, "those of the log's role", remedy)) from None


def _put(storage: Storage, key: str, data: bytes, until: datetime | None, *, contended: bool) -> bytes:
    """What lies there then.

    Among others the winner's bytes are asked for at the same time: who loses knows at once what to build upon, and
    commits follow each other by one request's time instead of two.
    """
    if not contended:
        return settle(storage, key, data, retain_until=until)
    with ThreadPoolExecutor(1) as beside:
        winner = beside.submit(storage.read, key)
        try:
            if storage.put_if_absent(key, data, retain_until=until):
                return data
        except RetroauditError:
            if storage.head(key) is None:
                raise
        return storage.read(key) if winner.exception() else winner.result()


def write_tiles(storage: Storage, before: Commit | None, commit: Commit, until: datetime | None = None) -> None:
    """The tiles that a commit completes or begins; without, proofs come from commits, and verify tells of it."""
    body, frontier = commit.body, before.body.frontier if before else ()

    def hashes(start: int, end: int) -> Sequence[bytes]:
        return leaf_hashes(storage, commit, start, end)

    try:
        added = [leaf.hash for leaf in body.leaves]
        tiles.write(storage, body.before, added, hashes, frontier=frontier, retain_until=until)
    except RetroauditError:  # the commit stands: what is derived must not make it look as if it did not
        return


def _first_key(storage: Storage, signer: Signer, at: datetime, until: datetime | None) -> Leaf:
    entry = keyring.first(signer)
    data = settle(storage, entry.key, entries.sign(Recorded(entry, at, 0), signer), retain_until=until)
    recorded, envelope = entries.parse(data, entry.key)
    if recorded.entry != entry or not envelope.signed_by(signer.public):
        raise IntegrityBroken(Fault(entry.key, "another entry", "the log's first key", "Run verify."))
    return Leaf(entry.key, File.of("", data).sha256)


def _following(data: bytes, before: Commit | None, signer: Signer) -> Commit:
    """The commit after `before`, another writer's with the same key; raises where it does not follow."""
    number = before.body.number + 1 if before else 1
    commit = commits.parse(data, f"commit {number}")
    _require(commit, signer.public, signer)
    body = commit.body
    follows = (
        body.number == number
        and body.previous == (before.sha256 if before else None)
        and (body.size, body.frontier) == commits.grow(before, body.leaves)
    )
    if not follows:
        raise IntegrityBroken(Fault(f"commit {number}", "a commit that does not follow", "the log's next"))
    return commit


def _require(commit: Commit, by: PublicKey | None, signer: Signer) -> None:
    """Raise where the commit names another key than the signer's as the next, or `by` did not sign it."""
    subject, key = f"commit {commit.body.number}", signer.public
    if commit.body.next_key != key.keyid:
        found = f"a log whose next commit is signed by key {commit.body.next_key}"
        remedy = "Use the store's key: it was handed over, or this is another log's; `retroaudit keys show` names them."
        raise BadInput(Fault(subject, found, f"key {key.keyid}", remedy))
    if by is None or not commit.envelope.signed_by(by):
        raise IntegrityBroken(Fault(subject, "bytes that its key did not sign", "a signed commit", "Run verify."))


def _giver(storage: Storage, commit: Commit, chain: Sequence[Link], signer: Signer) -> PublicKey | None:
    """Who may have signed the head: the signer, or the key before it, the commit by which it handed the log over."""
    if commit.envelope.keyid == signer.public.keyid:
        return signer.public
    handover = chain[0].handover if chain else None
    if handover is None or handover.commit.sha256 != commit.sha256:
        return None
    return handover.giver if handover.extends(commits.read(storage, commit.body.number - 1)) else None


def _refuse_earlier(commit: Commit, at: datetime) -> None:
    if commit.body.time - at > SKEW and not os.environ.get(CLOCK_JUMPED):
        subject, last = f"the clock, {at.isoformat()}", commit.body.time.isoformat()
        remedy = f"Set the clock. If it was commit {commit.body.number} that had a wrong one, set {CLOCK_JUMPED}=1."
        raise BadInput(Fault(subject, f"before the log's last commit, {last}", "a clock that goes forward", remedy))
