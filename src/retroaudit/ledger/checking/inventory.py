"""One listing of a store: what lies where, what lies there twice, and in the end what belongs to nothing."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from retroaudit.faults import RetroauditError
from retroaudit.ledger.checking.digests import Digests, Hashes, as_hashes, without
from retroaudit.ledger.checking.findings import Findings
from retroaudit.ledger.coordinates import (
    ANCHORS,
    BLOBS,
    COMMITS,
    ENTRIES,
    TILES,
    anchor_key,
    commit_key,
    commit_number,
    entry_kind,
)
from retroaudit.storage.protocol import WORKSHOP, Inspectable, ObjectVersion, Storage, Versioned

_LOG = "log/"
_ANCHOR = re.compile(ANCHORS + r"([0-9]{12,18})\.tsr")
_STORES = f"{ENTRIES}kind=store/"
_ELSEWHERE = re.compile(r"(.+/)log/commits/[0-9]{6}/[0-9]{12}")


@dataclass
class Inventory:
    """What a listing found. Of entries and blobs only hashes are kept: there may be millions."""

    storage: Storage
    findings: Findings
    log_only: bool
    oldest: dict[str, str] = field(default_factory=dict)  # versions, where there are several
    commits: array[int] = field(default_factory=lambda: array("Q"))  # numbers, sorted after `tiles`
    anchors: dict[int, str] = field(default_factory=dict)  # keys by size
    stores: list[str] = field(default_factory=list)  # keys of entries that say how the store is locked
    _whole: bool = True
    _others: array[int] = field(default_factory=lambda: array("Q"))

    def tiles(self) -> Iterator[str]:
        """List the store: gives the keys of tiles, and sorts everything else on the way."""
        try:
            for key in self._keys():
                if key.startswith(TILES):
                    yield key
                else:
                    self._sort(key)
        except RetroauditError as error:
            self._whole = False
            self.findings.refused(
                self.storage.url, "a listing of all objects", error, "the store cannot be listed whole"
            )
        self.commits = array("Q", sorted(self.commits))
        self._go_on()

    def tell_strays(self, known: Iterable[Hashes]) -> None:
        """Note what belongs to nothing that the log names, where the listing was whole."""
        if not self._whole:
            return
        strange = set(map(int, without(as_hashes(self._others), known)))
        if strange:
            self._tell(strange)
        if isinstance(self.storage, Inspectable):
            try:
                strays = sorted(self.storage.strays())
            except RetroauditError as error:
                self.findings.unchecked.append(f"what listings pass over: {error}")
            else:
                meaning = "in no listing: a write that broke off, or put there by somebody else"
                self.findings.names(strays, meaning)

    def _tell(self, strange: set[int]) -> None:
        """Name them: a second listing, since only hashes were kept of the first."""
        pending: list[str] = []
        orphans: list[str] = []
        others: list[str] = []
        logs: set[str] = set()
        for info in self.storage.list():
            if info.key.startswith(_LOG) or Digests.of(info.key) not in strange:
                continue
            elsewhere = _ELSEWHERE.fullmatch(info.key)
            if elsewhere:
                logs.add(elsewhere[1])
            elif entry_kind(info.key):
                pending.append(info.key)
            else:
                (orphans if info.key.startswith(BLOBS) else others).append(info.key)
        names = self.findings.names
        crash = "uncommitted: a crash before the commit (seal it again), or a commit that was cut off"
        names(pending, f"{crash}, or put there by somebody")
        names(orphans, "in no report: left over from a crash, or put there by somebody; harmless")
        names(others, "unknown to the ledger")
        names(sorted(logs), "another ledger lies here, inside this one's place: it was not verified; give each its own")

    def _go_on(self) -> None:
        """Commits that came while the listing went on: its last tiles may be theirs."""
        try:
            while self.commits and self.storage.head(commit_key(self.commits[-1] + 1)):
                self.commits.append(self.commits[-1] + 1)
        except RetroauditError:  # a delete marker, which is told already
            return

    def _sort(self, key: str) -> None:
        if not key.startswith(_LOG):
            self._others.append(Digests.of(key))
            if key.startswith(_STORES):
                self.stores.append(key)
            return
        number, anchor = commit_number(key), _ANCHOR.fullmatch(key)
        if number:
            self.commits.append(number)
        elif anchor and anchor_key(int(anchor[1])) == key:
            self.anchors[int(anchor[1])] = key
        else:
            where = "commits alone" if key.startswith(COMMITS) else "commits, tiles and anchors alone"
            meaning = "something was put into the log, or renamed there"
            self.findings.problem(key, f"{where} in the log", f"{key[:200]}, which is none", meaning)

    def _keys(self) -> Iterator[str]:
        prefix = _LOG if self.log_only else ""
        if isinstance(self.storage, Versioned):
            try:
                yield from self._once(self.storage.versions(prefix))
            except RetroauditError as error:
                if self.commits or self._others:
                    raise
                self.findings.unchecked.append(f"whether objects have several versions: {error}")
            else:
                return
        yield from (info.key for info in self.storage.list(prefix))

    def _once(self, versions: Iterable[ObjectVersion]) -> Iterator[str]:
        """Each key once; what has more than one version, or a delete marker, is a problem."""
        several: list[ObjectVersion] = []
        for each in versions:
            if several and several[0].key != each.key:
                yield from self._judge(several)
                several = []
            several.append(each)
        if several:
            yield from self._judge(several)

    def _judge(self, several: list[ObjectVersion]) -> Iterator[str]:
        key = several[0].key
        if key.startswith(f"{WORKSHOP}/") or key.endswith("/"):
            return
        objects = [each for each in several if not each.deleted]
        if len(several) > 1 or not objects:
            self._tell_several(key, several, objects)
            if objects:
                self.oldest[key] = objects[0].version
        if objects:
            yield key

    def _tell_several(self, key: str, several: list[ObjectVersion], objects: list[ObjectVersion]) -> None:
        deleted = [each for each in several if each.deleted]
        if deleted:
            when = deleted[0].modified.isoformat()
            meaning = f"somebody deleted it on {when}; what was there before is still kept, and was checked instead"
            found = f"{len(objects)} version(s) and {len(deleted)} delete marker(s)"
            self.findings.problem(key, "one version that nobody deleted", found, meaning)
        else:
            when = several[1].modified.isoformat()
            meaning = f"somebody wrote over it on {when}; the oldest version was checked, from {several[0].modified}"
            self.findings.problem(key, "one version", f"{len(several)} versions", meaning)
