"""Which objects are the log's own: whoever may write can put others beside them, and shall stop nobody by that."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Generic, TypeVar

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.ledger import commits, entries, manifest
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.entries import Recorded
from retroaudit.ledger.envelope import Envelope
from retroaudit.ledger.head import head
from retroaudit.ledger.manifest import Manifest
from retroaudit.ledger.signing import PublicKey
from retroaudit.ledger.terms import terms
from retroaudit.storage.protocol import ObjectInfo, Storage

LARGEST = 64 * 2**20  # bytes of an entry or manifest
NEAR = 16  # commits that are asked about what nobody of the log signed
_CACHED = 256  # commits

_Said = TypeVar("_Said", Recorded, Manifest)


@dataclass(frozen=True)
class Signed(Generic[_Said]):
    """An entry or manifest that a key of the log signed for its place; whether a commit names it is not known yet."""

    said: _Said
    leaf: Leaf
    envelope: Envelope
    data: bytes


class Genuine:
    """What these keys signed, of all that lies in a store with a log of `last` commits.

    All else is passed over at once, by its signature: to look for it in the log would make everybody pay for what
    one had planted. Only the few commits after the one that it says it follows (of what says nothing, the log's
    first) are asked whether they name it: then it was replaced. Of a short log, that is all of them.
    """

    def __init__(self, storage: Storage, keys: Mapping[str, PublicKey], last: int) -> None:
        self.storage = storage
        self.keys = keys
        self.last = last
        self.commit: Callable[[int], Commit] = lru_cache(_CACHED)(partial(commits.read, storage))

    def entry(self, info: ObjectInfo) -> Signed[Recorded] | None:
        """The entry, or None where no key of the log signed it for this place.

        Raises `IntegrityBroken` where a commit that was asked names it with other bytes.
        """
        return self._signed(info, NEAR, entries.parse, lambda said: said.entry.key)

    def report(self, info: ObjectInfo, near: int = NEAR) -> Signed[Manifest] | None:
        """The manifest, as `entry`; `near` commits are asked about what is none."""
        return self._signed(info, near, manifest.parse, lambda said: said.report.manifest_key)

    def _signed(
        self,
        info: ObjectInfo,
        near: int,
        parse: Callable[[bytes, str], tuple[_Said, Envelope]],
        place: Callable[[_Said], str],
    ) -> Signed[_Said] | None:
        after = 0
        data = content(self.storage, info)
        try:
            said, envelope = parse(data or b"", info.key)
        except IntegrityBroken:
            pass
        else:
            after = said.after if near < self.last and said.after < self.last else 0
            public = self.keys.get(envelope.keyid)
            if data and public and place(said) == info.key and envelope.signed_by(public):
                return Signed(said, Leaf(info.key, hashlib.sha256(data).hexdigest()), envelope, data)
        self._refuse_named(info.key, after, min(after + near, self.last))
        return None

    def _refuse_named(self, key: str, after: int, last: int) -> None:
        leaves = (leaf for number in range(after + 1, last + 1) for leaf in self.commit(number).body.leaves)
        if named := next((leaf for leaf in leaves if leaf.key == key), None):
            raise IntegrityBroken(Fault(key, "other bytes", f"sha256 {named.sha256}", "Run verify."))


def of_the_log(storage: Storage) -> Genuine:
    """For who holds no key: what the keys signed that the log's commits name; nothing in an empty log.

    Raises `IntegrityBroken` where no commit holds a key that signed.
    """
    last = head(storage)
    keys = {each.key.public.keyid: each.key.public for each in terms(storage)} if last else {}
    return Genuine(storage, keys, last)


def content(storage: Storage, info: ObjectInfo) -> bytes | None:
    """An object's bytes, no more than were there when it was looked at; None where it is too large to be ours."""
    return storage.read(info.key, length=info.size) if info.size <= LARGEST else None
