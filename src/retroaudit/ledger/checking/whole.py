"""Verifying a whole store: a listing, one walk along the log, and what the entries say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from retroaudit.faults import IntegrityBroken
from retroaudit.ledger import commits
from retroaudit.ledger.checking.contents import Contents
from retroaudit.ledger.checking.findings import Findings
from retroaudit.ledger.checking.inputs import Inputs
from retroaudit.ledger.checking.inventory import Inventory
from retroaudit.ledger.checking.keychain import Keychain
from retroaudit.ledger.checking.locks import Locks, called_locked
from retroaudit.ledger.checking.outcome import Head, Options, Verification
from retroaudit.ledger.checking.outside import Anchor, Outside, kept, kept_stamps, tell_newest, vouched
from retroaudit.ledger.checking.reading import Oldest, Reader, Unread
from retroaudit.ledger.checking.rules import Rules
from retroaudit.ledger.checking.walk import Walk
from retroaudit.ledger.checkpoint import Note
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.signing import PublicKey
from retroaudit.ledger.tile_check import TileCheck
from retroaudit.progress import Progress
from retroaudit.storage.protocol import Storage

RETIRED = (
    "the key given is not the log's newest, {}: after a change of keys, verify with the new one, had from elsewhere too"
)


def verify_whole(storage: Storage, key: PublicKey, progress: Progress, options: Options) -> Verification:
    """Everything that lies in the store; see `verify`."""
    findings = Findings()
    inventory = Inventory(storage, findings, options.log_only)
    reader = Reader(Oldest(storage, inventory.oldest))
    try:
        return _Whole(key, progress, options, findings, inventory, reader).verify()
    finally:
        reader.close()


@dataclass
class _Whole:
    key: PublicKey
    progress: Progress
    options: Options
    findings: Findings
    inventory: Inventory
    reader: Reader

    def verify(self) -> Verification:
        tiles = TileCheck(self.reader.storage, self.inventory.tiles())
        numbers = self.inventory.commits
        chain = Keychain(self.reader, self.key, self.findings)
        origin = _origin(self.reader, numbers)
        second = kept(self.options.anchors, origin, self.findings)
        stamps = kept_stamps(self.options.anchors, origin, self.findings)
        walk = Walk(self.reader, chain, tiles, self._sizes(second, stamps), self.findings)
        rules = Rules(self.findings)
        checked = {"commits": len(numbers), **self._follow(walk, rules), "tiles": tiles.checked}
        walk.tell_repeated(numbers, rules.keys.repeated())
        chain.finish()
        if walk.head is None:
            meaning = "an empty log proves nothing: wrong store?"
            self.findings.problem("the store", "something to check", "nothing", meaning)
        self._tell_key(walk)
        anchors = tuple(self._outside(walk, vouched(second, chain.publics(), self.findings), stamps))
        return Verification.of(checked, self.findings, Head.of(walk.head) if walk.head else None, anchors)

    def _follow(self, walk: Walk, rules: Rules) -> dict[str, int]:
        """Walk along the log, and look at what it names; what there was, by kind."""
        found = walk.along(self.inventory.commits, self.progress)
        if self.options.log_only:
            return self._pass(found, rules)
        locks = Locks(self.reader, self.findings, called_locked(self.reader, self.inventory.stores), self.options.at)
        inputs = Inputs(self.options.archive, self.findings)
        contents = Contents(self.reader, walk.chain, rules, locks, inputs, self.findings)
        for commit in found:
            contents.add(commit)
        contents.finish()
        locks.commits(self.inventory.commits)
        locks.derived()
        locks.finish()
        inputs.finish()
        if walk.head:
            when = self.options.at.isoformat()
            self.findings.notes.append(f"completeness was judged as of {when}: name another moment with --at")
            rules.finish(self.options.at)
        self.inventory.tell_strays([rules.keys.hashes(), contents.blobs.hashes()])
        if self.options.archive is None and contents.reports:
            self.findings.unchecked.append("inputs: --archive was not named")
        counts = {"entries": contents.entries, "reports": contents.reports, "files": contents.files}
        asked = {"locks": locks.checked, "inputs": inputs.checked}
        return {**counts, **{what: count for what, count in asked.items() if count}}

    def _pass(self, found: Iterator[commits.Commit], rules: Rules) -> dict[str, int]:
        """The log alone: what its leaves are called is all that is known of entries."""
        entries = 0
        for commit in found:
            entries += len(commit.body.leaves)
            for leaf in commit.body.leaves:
                rules.leaf(leaf.key)
        self.findings.unchecked.append("entries, reports, files, locks and completeness: the log alone was checked")
        return {"leaves": entries}

    def _tell_key(self, walk: Walk) -> None:
        """A key that was retired still proves what it signed; whose the log is now, only the newest proves."""
        newest = walk.head.body.next_key if walk.head else None
        if newest and newest != self.key.keyid and self.key.keyid in walk.signers:
            self.findings.notes.append(RETIRED.format(newest))

    def _sizes(self, second: Sequence[Note], stamps: Iterable[int]) -> frozenset[int]:
        since = [self.options.since.checkpoint.size] if self.options.since else []
        own = [self.options.checkpoint.checkpoint.size] if self.options.checkpoint else []
        return frozenset([*self.inventory.anchors, *stamps, *(note.checkpoint.size for note in second), *since, *own])

    def _outside(self, walk: Walk, second: Sequence[Note], stamps: Mapping[int, str]) -> Iterator[Anchor]:
        head = walk.head
        outside = Outside(self.reader, walk.chain, self.findings, walk.wanted, head.note.checkpoint if head else None)
        saved = [note for note in (self.options.since, self.options.checkpoint) if note]
        place, roots = self.options.anchors, self.options.tsa_roots
        found = [
            *outside.stamps(self.inventory.anchors, roots),
            *(outside.stamps_elsewhere(place, stamps, second, roots) if place else ()),
            *outside.notes("second place", second),
            *outside.notes("saved checkpoint", saved),
        ]
        if head:
            tell_newest(found, self.options.at, self.findings, head.body.size)
        yield from found


def _origin(reader: Reader, numbers: Sequence[int]) -> str | None:
    """The log's name by its first commit, which is looked at before all others."""
    data = reader.small(commit_key(numbers[0])) if numbers else Unread("nothing")
    try:
        return None if isinstance(data, Unread) else commits.parse(data, "the first commit").body.origin
    except IntegrityBroken:
        return None
