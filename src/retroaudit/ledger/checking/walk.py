"""The verifier's walk along the log: every commit once, from the first to the last that is there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from retroaudit.faults import IntegrityBroken, RetroauditError
from retroaudit.ledger import commits, tree
from retroaudit.ledger.checking.digests import Digests
from retroaudit.ledger.checking.findings import Findings
from retroaudit.ledger.checking.keychain import Keychain
from retroaudit.ledger.checking.reading import Reader, Unread
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.tile_check import TileCheck
from retroaudit.progress import Progress, Step


@dataclass(frozen=True)
class Wanted:
    """What the log had at a size that somebody outside vouches for; `note` and `time` where a commit ends there."""

    root: bytes
    note: str | None
    time: datetime | None


@dataclass(frozen=True)
class _Before:
    """The commit before: number, hash of whatever is there, the commit if it is one; and the time last known."""

    number: int = 0
    sha256: str | None = None
    commit: Commit | None = None
    time: datetime | None = None

    @property
    def since(self) -> str:
        """From when on it can have happened, in words."""
        return f" after {self.time.isoformat()}" if self.time else ""


@dataclass
class Walk:
    """Checks commits one after the other, and remembers roots at the sizes in `sizes`."""

    reader: Reader
    chain: Keychain
    tiles: TileCheck | None
    sizes: frozenset[int]
    findings: Findings
    wanted: dict[int, Wanted] = field(default_factory=dict)
    head: Commit | None = None
    signers: set[str] = field(default_factory=set)  # ids of the keys of commits
    _before: _Before = field(default_factory=_Before)

    def along(self, numbers: Sequence[int], progress: Progress) -> Iterator[Commit]:
        """Every commit that could be read, after it was checked."""
        for done, (key, data) in enumerate(self.reader.many(map(commit_key, numbers))):
            progress(Step("commits", done, len(numbers)))
            number = numbers[done]
            self._gap(number)
            commit = self._parse(number, key, data)
            if commit and commit.body.number == number:
                self._check(commit)
                yield commit
        if self.tiles:
            self._tell_tiles(self.tiles)

    def _gap(self, number: int) -> None:
        first, last = self._before.number + 1, number - 1
        if first > last:
            return
        self._lose_tiles(first)
        what = f"commit {first}" if first == last else f"commits {first} to {last}"
        verb = "was" if first == last else "were"
        meaning = (
            f"{what} {verb} deleted{self._before.since}: commit {number} is there, unless somebody put something there"
        )
        self.findings.problem(what, commit_key(first), "nothing", meaning)

    def _parse(self, number: int, key: str, data: bytes | Unread) -> Commit | None:
        subject = f"commit {number}"
        meaning = f"commit {number} was replaced or damaged{self._before.since}, or somebody put something there"
        if isinstance(data, Unread):
            self.findings.problem(subject, key, data.found, meaning)
            self._pass_over(number, None)
            return None
        try:
            commit = commits.parse(data, subject)
        except IntegrityBroken as error:
            for fault in error.faults:
                self.findings.problem(subject, fault.expected, fault.found, meaning)
            self._pass_over(number, hashlib.sha256(data).hexdigest())
            return None
        if commit.body.number != number:
            found = f"commit {commit.body.number}"
            meaning = f"commit {number} was replaced by a copy of {found}{self._before.since}"
            self.findings.problem(subject, subject, found, meaning)
            self._pass_over(number, commit.sha256)
        return commit

    def _pass_over(self, number: int, sha256: str | None) -> None:
        self._lose_tiles(number)
        self._before = _Before(number, sha256, None, self._before.time)

    def _check(self, commit: Commit) -> None:
        body, before = commit.body, self._before
        follows = before.number == body.number - 1 and (before.commit is not None or body.number == 1)
        self.chain.check(commit, follows=follows)
        self._check_origin(commit)
        self._check_time(commit)
        linked = self._check_link(commit)
        self._check_tree(commit, known=linked and follows)
        self.head = commit
        self.signers.add(commit.envelope.keyid)
        self._before = _Before(body.number, commit.sha256, commit, body.time)

    def _check_origin(self, commit: Commit) -> None:
        expected = self.chain.origin or (self._before.commit and self._before.commit.body.origin)
        if expected and commit.body.origin != expected:
            meaning = f"commit {commit.body.number} belongs to another log: two ledgers were mixed in one place"
            self.findings.problem(f"commit {commit.body.number}", expected, commit.body.origin[:200], meaning)

    def _check_time(self, commit: Commit) -> None:
        before, body = self._before.time, commit.body
        if before and body.time < before:
            meaning = f"commit {body.number} claims to be older than the commit before it"
            expected = f"{before.isoformat()} or later"
            self.findings.problem(f"commit {body.number}", expected, body.time.isoformat(), meaning)

    def _check_link(self, commit: Commit) -> bool:
        body, before = commit.body, self._before
        if before.number != body.number - 1 or (body.number > 1 and before.sha256 is None):
            return False  # there is nothing to compare with, which has been told
        if body.previous == before.sha256:
            return True
        was = f"sha256 {body.previous}" if body.previous else "no commit"
        meaning = (
            f"commit {body.number - 1} was replaced after {body.time.isoformat()}, when commit {body.number} was "
            f"signed, or commit {body.number} is from elsewhere"
            if body.number > 1
            else "commit 1 is not the first: commits before it were cut off, or it is from elsewhere"
        )
        found = f"sha256 {before.sha256}" if before.sha256 else "none"
        self.findings.problem(f"commit {body.number}", f"{was} before it", found, meaning)
        return False

    def _check_tree(self, commit: Commit, *, known: bool) -> None:
        """The tree computed anew; after a commit that could not be read, its own word is where it begins."""
        body = commit.body
        before = self._before.commit if known else None
        if not known:
            self._lose_tiles(body.number)
        size, frontier = (before.body.size, before.body.frontier) if before else (0, ())
        for leaf in body.leaves if known else ():
            hashed = leaf.hash
            frontier = tree.extend(size, frontier, hashed)
            size += 1
            if self.tiles:
                self._compare(self.tiles, hashed)
            if size in self.sizes:
                self.wanted[size] = Wanted(tree.root(frontier), None, None)
        if known and (body.size, body.frontier) != (size, frontier):
            meaning = (
                f"the tree of commit {body.number} is not that of the entries before it: some were dropped or forged"
            )
            expected = f"{size} leaves, root {tree.root(frontier).hex()}"
            found = f"{body.size} leaves, root {commit.note.checkpoint.root.hex()}"
            self.findings.problem(f"commit {body.number}", expected, found, meaning)
            self._lose_tiles(body.number)
        if body.size in self.sizes:
            self.wanted[body.size] = Wanted(commit.note.checkpoint.root, body.note, body.time)

    def _compare(self, tiles: TileCheck, hashed: bytes) -> None:
        try:
            faults = tiles.add(hashed)
        except RetroauditError as error:
            faults = list(error.faults)
        for fault in faults:
            self.findings.problem(fault.subject, fault.expected, fault.found, _WRONG_TILE)

    def _tell_tiles(self, tiles: TileCheck) -> None:
        try:
            faults = tiles.finish()
        except RetroauditError as error:
            faults = list(error.faults)
        for fault in faults:
            meaning = _BEYOND if fault.found == "a tile" else _WRONG_TILE
            self.findings.problem(fault.subject, fault.expected, fault.found, meaning)
        if tiles.missing:
            what = "1 tile is" if tiles.missing == 1 else f"{tiles.missing} tiles are"
            self.findings.notes.append(f"{what} missing: proofs take longer without, and they can be computed again")

    def _lose_tiles(self, number: int) -> None:
        if self.tiles:
            self.findings.unchecked.append(f"tiles: the tree cannot be computed from commit {number} on")
            self.tiles = None

    def tell_repeated(self, numbers: Sequence[int], repeated: AbstractSet[int]) -> None:
        """Name the keys that stand in two leaves: hashes met, so the commits are read once more."""
        if not repeated:
            return
        seen: dict[str, int] = {}
        for key, data in self.reader.many(map(commit_key, numbers)):
            for number, leaf in _leaves(key, data):
                if Digests.of(leaf.key) not in repeated:
                    continue
                if leaf.key in seen:
                    meaning = f"commit {number} repeats an entry that was in the log before: a replay"
                    self.findings.problem(leaf.key[:500], "one leaf", f"a second, in commit {number}", meaning)
                seen[leaf.key] = number


def _leaves(subject: str, data: bytes | Unread) -> Iterator[tuple[int, Leaf]]:
    try:
        commit = None if isinstance(data, Unread) else commits.parse(data, subject)
    except IntegrityBroken:
        return
    for leaf in commit.body.leaves if commit else ():
        yield commit.body.number if commit else 0, leaf


_BEYOND = "the log was longer, and its end was cut off; or somebody put a tile there"
_WRONG_TILE = (
    "a tile is not the log's: it was replaced or damaged, or somebody put something there; proofs from it will not hold"
)
