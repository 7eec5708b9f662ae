"""The log: numbered, immutable commits, each naming the one before, the tree so far, and the key of the next.

A commit's body is canonical JSON and the signature covers all of it:

    number      1, 2, …
    previous    sha256 of the bytes of the commit before, null in the first
    leaves      what this commit adds: keys of entries, each with the sha256 of the entry's bytes
    size        leaves in the log so far
    frontier    the tree's frontier (see `tree`): an appender reads one commit only
    time        when it was signed, never before the commit before it
    next_key    the id of the key that signs the next commit: this one's, but where keys change
    checkpoint  a signed note as in https://c2sp.org/tlog-checkpoint, to be kept and witnessed elsewhere
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring
from typing import Annotated

from pydantic import Field

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.ledger import checkpoint, tree
from retroaudit.ledger.checkpoint import Checkpoint, Note
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.envelope import Envelope, Exact, Sha256, canonical_plain, read_fields, unwrap, wrap
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import instant, moment
from retroaudit.storage.protocol import Storage

PAYLOAD_TYPE = "application/vnd.retroaudit.commit+json"
_ORIGIN = "retroaudit.dev/log/"
_ORIGIN_DIGITS = 32  # 128 bits of the first key's id


@dataclass(frozen=True)
class Leaf:
    """One entry: where it lies, and the sha256 of all its bytes."""

    key: str
    sha256: str

    @property
    def hash(self) -> bytes:
        """The leaf's hash in the tree: of its canonical JSON, written by hand since there may be millions."""
        return tree.leaf_hash(f'{{"key":{encode_basestring(self.key)},"sha256":"{self.sha256}"}}'.encode())


@dataclass(frozen=True)
class Body:
    """What a commit says."""

    number: int
    previous: str | None
    leaves: tuple[Leaf, ...]
    size: int
    frontier: tree.Frontier
    time: datetime  # UTC
    next_key: str
    note: str  # the signed checkpoint

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.note.partition("\n")[0]

    @property
    def before(self) -> int:
        """Leaves in the log before this commit: the index of its first."""
        return self.size - len(self.leaves)


@dataclass(frozen=True)
class Commit:
    """A stored commit: what it says, its checkpoint, the sha256 of its bytes, and the envelope with its signature."""

    body: Body
    note: Note
    sha256: str
    envelope: Envelope


class _Leaf(Exact):
    key: str
    sha256: Sha256


class _Document(Exact):
    number: Annotated[int, Field(ge=1)]
    previous: Sha256 | None
    leaves: Annotated[list[_Leaf], Field(min_length=1)]
    size: Annotated[int, Field(ge=1)]
    frontier: list[Sha256]
    time: str
    next_key: Sha256
    checkpoint: str


def origin(keyid: str) -> str:
    """The log's name in its checkpoints: by its first key, wherever the store is copied to."""
    return f"{_ORIGIN}{keyid[:_ORIGIN_DIGITS]}"


def grow(before: Commit | None, leaves: Iterable[Leaf]) -> tuple[int, tree.Frontier]:
    """Size and frontier of the tree after `before` (None: an empty one) and these leaves."""
    size, frontier = (before.body.size, before.body.frontier) if before else (0, ())
    for leaf in leaves:
        frontier = tree.extend(size, frontier, leaf.hash)
        size += 1
    return size, frontier


def follow(
    before: Commit | None, leaves: Sequence[Leaf], signer: Signer, at: datetime, next_key: str | None = None
) -> bytes:
    """The bytes of the commit that comes after `before` (None: the first) and adds these leaves.

    Its time is `at`, or that of the commit before where that is later.
    """
    size, frontier = grow(before, leaves)
    name = before.body.origin if before else origin(signer.public.keyid)
    note = checkpoint.sign(Checkpoint(name, size, tree.root(frontier)), signer)
    number, previous = (before.body.number + 1, before.sha256) if before else (1, None)
    time = max(at, before.body.time) if before else at
    body = Body(number, previous, tuple(leaves), size, frontier, time, next_key or signer.public.keyid, note)
    return wrap(_payload(body), PAYLOAD_TYPE, signer)


def parse(data: bytes, subject: str) -> Commit:
    """Read a stored commit; raises `IntegrityBroken` on any bytes that `follow` would not give. No key is asked."""
    envelope = unwrap(data, PAYLOAD_TYPE, subject)
    document = read_fields(envelope.payload, _Document, subject)
    note = checkpoint.parse(document.checkpoint, subject)
    body = Body(
        document.number,
        document.previous,
        tuple(Leaf(leaf.key, leaf.sha256) for leaf in document.leaves),
        document.size,
        tuple(bytes.fromhex(each) for each in document.frontier),
        moment(document.time, subject),
        document.next_key,
        document.checkpoint,
    )
    if len(body.frontier) != body.size.bit_count() or body.before < 0:
        raise IntegrityBroken(Fault(subject, f"{len(body.frontier)} hashes for {body.size} leaves", "a frontier"))
    if note.checkpoint != Checkpoint(body.origin, body.size, tree.root(body.frontier)):
        raise IntegrityBroken(Fault(subject, "a checkpoint that is not of its tree", f"one of {body.size} leaves"))
    if not _is(body, envelope.payload):
        raise IntegrityBroken(Fault(subject, "JSON in another form", "canonical JSON"))
    return Commit(body, note, hashlib.sha256(data).hexdigest(), envelope)


def read(storage: Storage, number: int) -> Commit:
    """Commit `number`; raises `BadInput` where it is absent and `IntegrityBroken` where it is not well formed."""
    subject = f"commit {number}"
    commit = parse(storage.read(commit_key(number)), subject)
    if commit.body.number != number:
        raise IntegrityBroken(Fault(subject, f"commit {commit.body.number} in its place", subject))
    return commit


def _is(body: Body, payload: bytes) -> bool:
    try:
        return _payload(body) == payload
    except ValueError:  # text without a UTF-8 form
        return False


def _payload(body: Body) -> bytes:
    return canonical_plain(
        {
            "number": body.number,
            "previous": body.previous,
            "leaves": [{"key": leaf.key, "sha256": leaf.sha256} for leaf in body.leaves],
            "size": body.size,
            "frontier": [each.hex() for each in body.frontier],
            "time": instant(body.time, "time"),
            "next_key": body.next_key,
            "checkpoint": body.note,
        }
    )
