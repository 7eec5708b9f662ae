"""Appending to the log: one put-if-absent a commit, no lock, any number of writers."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from retroaudit.faults import BadInput, Fault, IntegrityBroken, RetroauditError
from retroaudit.ledger import commits, entries, keyring, tiles
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.entries import Recorded
from retroaudit.ledger.head import head, leaf_hashes, seen
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import File
from retroaudit.storage.protocol import Storage, settle

CLOCK_JUMPED = "RETROAUDIT_CLOCK_JUMPED"
_PATIENCE = 300.0  # seconds of being outrun by other writers
_SKEW = timedelta(hours=1)  # that the clocks of writers may differ


def read_head(storage: Storage, signer: Signer, at: datetime) -> Commit | None:
    """The last commit, checked to be one that `signer` may build on at this time; None in an empty log."""
    number = head(storage)
    if not number:
        return None
    commit = _handed_to(signer, commits.read(storage, number))
    keys = keyring.lineage(storage, signer.public)
    by = signer.public if commit.envelope.keyid == signer.public.keyid else _public(keys, commit.envelope.keyid)
    _require_signed(commit, by)
    _refuse_earlier(commit, at)
    keyring.require_fresh(keys.get(signer.public.keyid), max(at, commit.body.time))
    return commit


def append(
    storage: Storage,
    leaves: Sequence[Leaf],
    signer: Signer,
    before: Commit | None,
    at: datetime,
    *,
    next_key: str | None = None,
) -> Mapping[Leaf, int]:
    """Commit leaves after `before` or, where others were faster, after theirs; gives the commit of each.

    Leaves that somebody else committed on the way are not committed again. Who finds its own bytes in place has
    succeeded, be it after a lost answer. Each lost attempt is somebody's success and moves on by one commit; after
    five minutes of them `BadInput` is raised. Every commit on the way is checked before it is built upon. Tiles are
    written after it: what cannot be written is made again by whoever comes later.
    """
    placed: dict[Leaf, int] = {}
    waiting = dict.fromkeys(leaves)  # a set that keeps its order
    deadline = time.monotonic() + _PATIENCE
    while waiting and time.monotonic() < deadline:
        adding = [*waiting] if before else [_first_key(storage, signer, at), *waiting]
        data = commits.follow(before, adding, signer, at, next_key)
        number = before.body.number + 1 if before else 1
        there = settle(storage, commit_key(number), data)
        commit = (
            commits.parse(data, f"commit {number}") if there == data else _following(there, before, signer)
        )
        seen(storage, number)
        placed |= {leaf: number for leaf in commit.body.leaves if leaf in waiting}
        waiting = dict.fromkeys(leaf for leaf in waiting if leaf not in placed)
        if there == data:
            write_tiles(storage, before, commit)
        before = commit
    if waiting:
        raise BadInput(Fault("log", "other writers in a row for five minutes", "a turn of one's own", "Run it again."))
    return placed


def write_tiles(storage: Storage, before: Commit | None, commit: Commit) -> None:
    """The tiles that a commit completes or begins; without, proofs come from commits, and verify tells of it."""
    body, frontier = commit.body, before.body.frontier if before else ()

    def hashes(start: int, end: int) -> Sequence[bytes]:
        return leaf_hashes(storage, commit, start, end)

    try:
        tiles.write(storage, body.before, [leaf.hash for leaf in body.leaves], hashes, frontier=frontier)
    except RetroauditError:  # the commit stands: what is derived must not make it look as if it did not
        return


def _first_key(storage: Storage, signer: Signer, at: datetime) -> Leaf:
    entry = keyring.first(signer)
    data = settle(storage, entry.key, entries.sign(Recorded(entry, at, 0), signer))
    recorded, envelope = entries.parse(data, entry.key)
    if recorded.entry != entry or not envelope.signed_by(signer.public):
        raise IntegrityBroken(Fault(entry.key, "another entry", "the log's first key", "Run verify."))
    return Leaf(entry.key, File.of("", data).sha256)


def _following(storage: Storage, data: bytes, before: Commit | None, signer: Signer) -> Commit:
    """The commit after `before`, which may be another writer's; raises where it does not follow."""
    number = before.body.number + 1 if before else 1
    commit = _ours(storage, commits.parse(data, f"commit {number}"), signer)
    body = commit.body
    follows = (
        body.number == number
        and body.previous == (before.sha256 if before else None)
        and (body.size, body.frontier) == commits.grow(before, body.leaves)
    )
    if not follows:
        raise IntegrityBroken(Fault(f"commit {number}", "a commit that does not follow", "the log's next"))
    return commit


def _ours(storage: Storage, commit: Commit, signer: Signer) -> Commit:
    """The commit, where it is signed by its key and names the signer's as the next."""
    subject, key = f"commit {commit.body.number}", signer.public
    if commit.body.next_key != key.keyid:
        found = f"a log whose next commit is signed by key {commit.body.next_key}"
        raise BadInput(Fault(subject, found, f"key {key.keyid}", "Use the store's key."))
    by = keyring.public(storage, commit.envelope.keyid, signer)
    if by is None or not commit.envelope.signed_by(by):
        raise IntegrityBroken(Fault(subject, "bytes that its key did not sign", "a signed commit", "Run verify."))
    return commit


def _refuse_earlier(commit: Commit, at: datetime) -> None:
    if commit.body.time - at > _SKEW and not os.environ.get(CLOCK_JUMPED):
        subject, last = f"the clock, {at.isoformat()}", commit.body.time.isoformat()
        remedy = f"Set the clock. If it was commit {commit.body.number} that had a wrong one, set {CLOCK_JUMPED}=1."
        raise BadInput(Fault(subject, f"before the log's last commit, {last}", "a clock that goes forward", remedy))
