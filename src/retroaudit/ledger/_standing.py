"""What stands in a log up to one commit, found without reading the log: by listing, then the few commits after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import entry_kind
from retroaudit.ledger.entries import Recorded
from retroaudit.ledger.genuine import Signed, of_the_log
from retroaudit.ledger.manifest import Manifest
from retroaudit.storage.protocol import Storage


@dataclass(frozen=True)
class Standing:
    """One entry or manifest of the log: its leaf, where that stands, what it says, and its bytes."""

    leaf: Leaf
    index: int  # of the leaf, from 0
    said: Recorded | Manifest
    data: bytes


class Log:
    """A log up to `last`: its newest commit that does not hand it over to another key.

    The key of a handing-over commit is not the last one that the log names, and a bundle's checkpoint must be the
    last one's.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._own = of_the_log(storage)
        number = self._own.last
        while number and self._hands_over(number):
            number -= 1
        if not number:
            raise IntegrityBroken(Fault(storage.url, "no commit to build on", "a log", "Run verify."))
        self.last = self._own.commit(number)

    def below(self, prefix: str) -> Iterator[Standing]:
        """The entries and manifests of the log whose keys start with this, in the order of their keys.

        What no commit names is passed over: a crash left it, or somebody who may write put it there. Raises
        `IntegrityBroken` where the log says other bytes, or has it in a commit of another key.
        """
        for info in self.storage.list(prefix):
            if kind := entry_kind(info.key):
                signed = self._own.report(info) if kind == "report" else self._own.entry(info)
                if signed and (standing := self._standing(signed)):
                    yield standing

    def _standing(self, signed: Signed[Recorded] | Signed[Manifest]) -> Standing | None:
        """Where it stands: first sought where it says, then wherever else, as that may be a lie."""
        leaf, after, last = signed.leaf, signed.said.after, self.last.body.number
        for number in chain(range(after + 1, last + 1), range(1, min(after, last) + 1)):
            commit = self._own.commit(number)
            for position, each in enumerate(commit.body.leaves):
                if each.key == leaf.key:
                    _refuse_other(each, leaf)
                    _refuse_turn(signed, commit)
                    return Standing(leaf, commit.body.before + position, signed.said, signed.data)
        return None

    def _hands_over(self, number: int) -> bool:
        commit = self._own.commit(number)
        return commit.body.next_key != commit.envelope.keyid


def _refuse_other(named: Leaf, leaf: Leaf) -> None:
    if named != leaf:
        raise IntegrityBroken(Fault(leaf.key, f"sha256 {leaf.sha256}", f"sha256 {named.sha256}", "Run verify."))


def _refuse_turn(signed: Signed[Recorded] | Signed[Manifest], commit: Commit) -> None:
    """An entry is signed by the key of the commit that holds it, and written before that."""
    found, turn = signed.envelope.keyid, commit.envelope.keyid
    if found != turn or signed.said.after >= commit.body.number:
        said = f"signed by key {found} after commit {signed.said.after}"
        expected = f"key {turn} and a commit before {commit.body.number}"
        raise IntegrityBroken(Fault(signed.leaf.key, said, expected, "Run verify."))
