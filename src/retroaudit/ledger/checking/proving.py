"""Proofs that single entries are in the log below one trusted root, from few reads whatever the log's size."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from retroaudit.faults import IntegrityBroken, RetroauditError
from retroaudit.ledger import commits, head, tree
from retroaudit.ledger.checking.findings import Findings
from retroaudit.ledger.checking.reading import Reader, Unread
from retroaudit.ledger.checking.rules import Place
from retroaudit.ledger.checkpoint import Checkpoint
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.genuine import NEAR
from retroaudit.ledger.tiles import Tiles

_CACHED = 64  # commits


class Prover:
    """Finds leaves in commits, and proves them and earlier roots against a checkpoint."""

    def __init__(self, reader: Reader, trusted: Checkpoint, findings: Findings) -> None:
        self.trusted = trusted
        self._reader, self._findings = reader, findings
        self._tiles = Tiles(reader.storage, trusted.size, self._leaf_hashes)
        self._commits: dict[int, Commit] = {}
        self._last: Commit | None = None
        self.proofs = 0
        self.commits = 0  # that were read

    def commit(self, number: int) -> Commit | None:
        """A commit, mostly read once; None where there is none or it is none."""
        if number not in self._commits:
            data = self._reader.small(commit_key(number))
            if isinstance(data, Unread):
                return None
            try:
                found = commits.parse(data, f"commit {number}")
            except IntegrityBroken as error:
                meaning = f"commit {number} was replaced or damaged, or somebody put something there"
                self._findings.refused(f"commit {number}", "a commit", error, meaning)
                return None
            if found.body.number != number:
                return None
            self.commits += 1
            if len(self._commits) >= _CACHED:
                del self._commits[next(iter(self._commits))]
            self._commits[number] = found
        return self._commits[number]

    def place(self, leaf: Leaf, after: int) -> Place | None:
        """Where the leaf stands, of the commits after `after`; None where none of them holds it."""
        for number in count(after + 1):  # mostly the first: later ones where other writers, or a crash, came between
            commit = self.commit(number)
            if commit is None or commit.body.before >= self.trusted.size:
                return None
            if leaf in commit.body.leaves:
                index = commit.body.before + commit.body.leaves.index(leaf)
                return Place(leaf.key, index, number, commit.body.time)
        return None

    def names(self, key: str, after: int) -> bool:
        """Whether one of the few commits after `after` names the key: who planted an object shall cost us no more."""
        return any(
            leaf.key == key
            for number in range(after + 1, after + NEAR + 1)
            if (commit := self.commit(number))
            for leaf in commit.body.leaves
        )

    def included(self, leaf: Leaf, place: Place) -> bool:
        """Whether the leaf is below the trusted root; a problem is told where it is not."""
        size, root = self.trusted.size, self.trusted.root
        self.proofs += 1
        try:
            proof = self._tiles.inclusion(place.index)
        except RetroauditError as error:
            self._findings.refused(leaf.key, f"a proof below root {root.hex()}", error, _NO_PROOF)
            return False
        if tree.includes(leaf.hash, place.index, size, proof, root):
            return True
        found = f"a commit {place.commit} that has it as leaf {place.index}, and a proof that does not lead to the root"
        self._findings.problem(leaf.key, f"a leaf below root {root.hex()} of {size} leaves", found, _NO_PROOF)
        return False

    def consistent(self, subject: str, old: Checkpoint) -> bool:
        """Whether the trusted tree begins with the old one; a problem is told where it does not."""
        new = self.trusted
        if old.origin != new.origin:
            meaning = "it is of another log: this store was put in the place of that one, or the file is the wrong one"
            self._findings.problem(subject, new.origin, old.origin[:200], meaning)
            return False
        if old.size > new.size:
            meaning = "the log was longer: its end was cut off, or the store was set back"
            self._findings.problem(subject, f"a log of at least {old.size} leaves", f"{new.size} leaves", meaning)
            return False
        self.proofs += 1
        try:
            proof = self._tiles.consistency(old.size)
        except RetroauditError as error:
            self._findings.refused(subject, "a proof that the log begins with it", error, _NO_PROOF)
            return False
        if tree.is_consistent(old.size, new.size, proof, old.root, new.root):
            return True
        what = f"of its first {old.size} leaves some are others than they were"
        meaning = f"the log was rewritten ({what}), or its tiles are false"
        found = f"root {new.root.hex()} of {new.size} leaves, which does not begin with it"
        self._findings.problem(subject, f"a log that begins with root {old.root.hex()}", found, meaning)
        return False

    def _leaf_hashes(self, start: int, end: int) -> Sequence[bytes]:
        """Where tiles are missing: from commits, whose last is looked for once."""
        if self._last is None:
            self._last = commits.read(self._reader.storage, head.head(self._reader.storage))
        return head.leaf_hashes(self._reader.storage, self._last, start, end)


_NO_PROOF = "the log that was signed does not hold it: it was put in afterwards, or the tiles are false"
