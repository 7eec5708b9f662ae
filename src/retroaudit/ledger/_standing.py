"""What stands in a log up to one commit, found without reading the log: by listing, then the few commits after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.ledger import commits, entries, manifest
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import entry_kind
from retroaudit.ledger.envelope import Envelope
from retroaudit.ledger.head import head
from retroaudit.ledger.statement import File
from retroaudit.storage.protocol import Storage

_CACHED = 256  # commits


@dataclass(frozen=True)
class Standing:
    """One entry or manifest of the log: its leaf, where that stands, and its bytes."""

    leaf: Leaf
    index: int  # of the leaf, from 0
    data: bytes


class Log:
    """A log up to `last`: its newest commit that does not hand it over to another key.

    The key of a handing-over commit is not the last one that the log names, and a bundle's checkpoint must be the
    last one's.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._read = lru_cache(_CACHED)(partial(commits.read, storage))
        number = head(storage)
        while number and self._hands_over(number):
            number -= 1
        if not number:
            raise IntegrityBroken(Fault(storage.url, "no commit to build on", "a log", "Run verify."))
        self.last = self._read(number)

    def below(self, prefix: str) -> Iterator[Standing]:
        """The entries and manifests of the log whose keys start with this, in the order of their keys.

        What no commit names is passed over: a crash left it. Raises `IntegrityBroken` where other bytes lie there
        than the log says.
        """
        for info in self.storage.list(prefix):
            if entry_kind(info.key):
                data = self.storage.read(info.key)
                leaf = Leaf(info.key, File.of("", data).sha256)
                index = self._index(leaf, _after(leaf.key, data))
                if index is not None:
                    yield Standing(leaf, index, data)

    def require_turn(self, key: str, after: int, envelope: Envelope) -> None:
        """Raise `IntegrityBroken` where an entry names another key than the one that signs the commit after `after`."""
        turn = self._read(after + 1).envelope.keyid if 0 <= after < self.last.body.number else "of no commit"
        if turn != envelope.keyid:
            raise IntegrityBroken(Fault(key, f"signed by key {envelope.keyid}", f"key {turn}", "Run verify."))

    def _index(self, leaf: Leaf, after: int) -> int | None:
        """The leaf's index: first sought where its entry says, then wherever else, as that may be a lie."""
        last = self.last.body.number
        for number in chain(range(after + 1, last + 1), range(1, min(after, last) + 1)):
            body = self._read(number).body
            for position, each in enumerate(body.leaves):
                if each.key == leaf.key:
                    if each != leaf:
                        found, expected = f"sha256 {leaf.sha256}", f"sha256 {each.sha256}"
                        raise IntegrityBroken(Fault(leaf.key, found, expected, "Run verify."))
                    return body.before + position
        return None

    def _hands_over(self, number: int) -> bool:
        commit: Commit = self._read(number)
        return commit.body.next_key != commit.envelope.keyid


def _after(key: str, data: bytes) -> int:
    """The commit that it says it was written after; 0 where it cannot be read, so that the whole log is asked."""
    try:
        if entry_kind(key) == "report":
            return manifest.parse(data, key)[0].after
        return entries.parse(data, key)[0].after
    except IntegrityBroken:
        return 0
