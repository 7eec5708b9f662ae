"""The log: numbered, immutable commits, each put if absent, each naming the one before and the tree so far.

A commit's body is canonical JSON and the signature covers all of it:

    number      1, 2, …
    previous    sha256 of the bytes of the commit before, null in the first
    leaves      what this commit adds: manifest keys, each with the sha256 of the manifest's bytes
    size        leaves in the log so far
    frontier    the tree's frontier (see `tree`): an appender reads one commit only
    checkpoint  origin, size and root as in https://c2sp.org/tlog-checkpoint, to be witnessed elsewhere
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import tree
from retroaudit.ledger.coordinates import COMMITS, commit_key
from retroaudit.ledger.envelope import Envelope, Exact, Sha256, canonical, read_exact, unwrap, wrap
from retroaudit.ledger.signing import Signer
from retroaudit.storage.protocol import Storage, settle

PAYLOAD_TYPE = "application/vnd.retroaudit.commit+json"
_ATTEMPTS = 1000


@dataclass(frozen=True)
class Leaf:
    """One manifest: where it lies, and the sha256 of all its bytes."""

    manifest: str
    sha256: str

    @property
    def hash(self) -> bytes:
        """The leaf's hash in the tree."""
        return tree.leaf_hash(canonical({"manifest": self.manifest, "sha256": self.sha256}, self.manifest))


@dataclass(frozen=True)
class Body:
    """What a commit says."""

    number: int
    previous: str | None
    leaves: tuple[Leaf, ...]
    size: int
    frontier: tree.Frontier
    origin: str

    @property
    def checkpoint(self) -> str:
        """The checkpoint's text: origin, size, root."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(tree.root(self.frontier)).decode()}\n"


@dataclass(frozen=True)
class Commit:
    """A stored commit: what it says, the sha256 of its bytes, and the envelope with its signature."""

    body: Body
    sha256: str
    envelope: Envelope


class _Leaf(Exact):
    manifest: str
    sha256: Sha256


class _Document(Exact):
    number: Annotated[int, Field(ge=1)]
    previous: Sha256 | None
    leaves: Annotated[list[_Leaf], Field(min_length=1)]
    size: Annotated[int, Field(ge=1)]
    frontier: list[Sha256]
    checkpoint: str


def origin(keyid: str) -> str:
    """The log's name in its checkpoints: one log key, one name, wherever the store is copied to."""
    return f"retroaudit.dev/log/{keyid[:16]}"


def follow(before: Commit | None, leaves: Sequence[Leaf], name: str) -> Body:
    """The body that comes after `before` (None: the first) and adds these leaves."""
    size, frontier = (before.body.size, before.body.frontier) if before else (0, ())
    for leaf in leaves:
        frontier = tree.extend(size, frontier, leaf.hash)
        size += 1
    number, previous = (before.body.number + 1, before.sha256) if before else (1, None)
    return Body(number, previous, tuple(leaves), size, frontier, name)


def sign(body: Body, signer: Signer) -> bytes:
    """A commit's bytes as they are stored."""
    return wrap(_payload(body), PAYLOAD_TYPE, signer)


def parse(data: bytes, subject: str) -> Commit:
    """Read a stored commit; raises `IntegrityBroken` on any bytes that `sign` would not give. No key is asked."""
    envelope = unwrap(data, PAYLOAD_TYPE, subject)
    document = read_exact(envelope.payload, _Document, subject)
    body = Body(
        document.number,
        document.previous,
        tuple(Leaf(leaf.manifest, leaf.sha256) for leaf in document.leaves),
        document.size,
        tuple(bytes.fromhex(each) for each in document.frontier),
        document.checkpoint.partition("\n")[0],
    )
    if len(body.frontier) != body.size.bit_count() or body.size < len(body.leaves):
        raise IntegrityBroken(Fault(subject, f"{len(body.frontier)} hashes for {body.size} leaves", "a frontier"))
    if _payload(body) != envelope.payload:
        raise IntegrityBroken(Fault(subject, "a checkpoint that is not of its tree", body.checkpoint))
    return Commit(body, hashlib.sha256(data).hexdigest(), envelope)


def read(storage: Storage, number: int) -> Commit:
    """Commit `number`; raises `BadInput` where it is absent and `IntegrityBroken` where it is not well formed."""
    subject = f"commit {number}"
    commit = parse(storage.read(commit_key(number)), subject)
    if commit.body.number != number:
        raise IntegrityBroken(Fault(subject, f"commit {commit.body.number} in its place", subject))
    return commit


def head(storage: Storage) -> int:
    """The last commit's number, 0 where there is none: doubling steps, then halving.

    Not a listing: S3 cannot list backwards. Commits are contiguous, so O(log n) look-ups do. Raises
    `IntegrityBroken` where the first is absent and the log is not empty all the same.
    """

    def exists(number: int) -> bool:
        return storage.head(commit_key(number)) is not None

    if not exists(1):
        later = next(storage.list(COMMITS), None)
        if later is not None and not exists(1):  # nor did somebody else begin the log in between
            raise IntegrityBroken(Fault("commit 1", f"nothing, but {later.key}", "the first commit", "Run verify."))
    low, step = 0, 1
    while exists(low + step):
        low, step = low + step, step * 2
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if exists(middle) else (low, middle)
    return low


def read_head(storage: Storage, signer: Signer) -> Commit | None:
    """The last commit, checked to be one that `signer` may build on; None in an empty log."""
    number = head(storage)
    return _own(read(storage, number), signer) if number else None


def append(storage: Storage, leaf: Leaf, signer: Signer, before: Commit | None, *, attempts: int = _ATTEMPTS) -> Commit:
    """Commit a leaf after `before` or, where others were faster, after theirs; or give the one of theirs that holds it.

    The bytes depend on the leaf, the commit before and the key alone: who finds its own bytes in place has
    succeeded, be it after a lost answer. Each lost attempt is somebody's success, and moves on by one commit;
    after `attempts` of them `BadInput` is raised. Every commit on the way is checked before it is built upon.
    """
    for _ in range(attempts):
        body = follow(before, (leaf,), origin(signer.public.keyid))
        there = settle(storage, commit_key(body.number), sign(body, signer))
        commit = _own(parse(there, f"commit {body.number}"), signer)
        if commit.body != follow(before, commit.body.leaves, body.origin):
            raise IntegrityBroken(Fault(f"commit {body.number}", "a commit that does not follow", "the log's next"))
        if leaf in commit.body.leaves:
            return commit
        before = commit
    raise BadInput(Fault("log", f"{attempts} other writers in a row", "a turn of one's own", "Run it again."))


def containing(storage: Storage, leaf: Leaf, after: int, last: int) -> Commit | None:
    """The commit that holds the leaf, of those after `after` and up to `last`."""
    for number in range(after + 1, last + 1):
        commit = read(storage, number)
        if leaf in commit.body.leaves:
            return commit
    return None


def _own(commit: Commit, signer: Signer) -> Commit:
    subject, key = f"commit {commit.body.number}", signer.public
    if commit.envelope.keyid != key.keyid:
        raise BadInput(
            Fault(subject, f"the signature of key {commit.envelope.keyid}", f"key {key.keyid}", "Use the store's key.")
        )
    if not commit.envelope.signed_by(key):
        raise IntegrityBroken(Fault(subject, "bytes that its key did not sign", "a signed commit", "Run verify."))
    return commit


def _payload(body: Body) -> bytes:
    return canonical(
        {
            "number": body.number,
            "previous": body.previous,
            "leaves": [{"manifest": leaf.manifest, "sha256": leaf.sha256} for leaf in body.leaves],
            "size": body.size,
            "frontier": [each.hex() for each in body.frontier],
            "checkpoint": body.checkpoint,
        },
        f"commit {body.number}",
    )
