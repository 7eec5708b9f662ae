"""Whether everything is locked for as long as the store promised: rule C8 of the format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from retroaudit.faults import IntegrityBroken, RetroauditError
from retroaudit.ledger import entries
from retroaudit.ledger.checking.findings import Findings
from retroaudit.ledger.checking.reading import Reader, Unread
from retroaudit.ledger.checking.rules import Place
from retroaudit.ledger.coordinates import ANCHORS, TILES, blob_key, commit_key
from retroaudit.ledger.entries import Recorded
from retroaudit.ledger.kinds import Store
from retroaudit.ledger.manifest import Manifest
from retroaudit.storage.protocol import Lockable, Retention

_COMPLIANCE = "COMPLIANCE"
_ONE_BY_ONE = 1024  # locks that are asked for together


@dataclass
class Locks:
    """Takes entries in the log's order. Nothing is asked of a store in which no `store` entry calls it locked.

    What is found counts from the moment on that such an entry is seen to be in the log, and signed: anybody may put
    one beside it.
    """

    reader: Reader
    findings: Findings
    wanted: bool  # whether an entry that lies in the store, whoever put it there, calls the store locked
    at: datetime  # the moment of judgement
    checked: int = 0
    _store: tuple[str, Store] | None = None  # the newest, with its key
    _promised: bool = False  # whether the log itself calls the store locked
    _found: Findings = field(default_factory=Findings)  # what is wrong if it does
    _waiting: list[tuple[str, datetime]] = field(default_factory=list)

    def entry(self, place: Place, found: Recorded, *, signed: bool) -> None:
        """An entry that is no report: locked at the moment of judgement. What nobody `signed` promises nothing."""
        body = found.entry.body
        if isinstance(body, Store) and signed:
            self._compare(place.key, body)
            self._store = (place.key, body)
            self._promised |= body.locked
        self._want([place.key, *(blob_key(file.sha256) for file in found.entry.files)], self.at)

    def report(self, place: Place, found: Manifest) -> None:
        """A report: locked for as long as the store entry before it promises for its tier, from its commit on."""
        days: Mapping[str, int] = _promises(self._store[1]) if self._store else {}
        tier = found.predicate.get("tier")
        promised = next((count for name, count in days.items() if name == tier), None)
        until = _later(max(found.sealed_at, place.time), promised) if promised else self.at
        self._want([place.key, *(blob_key(file.sha256) for file in found.files)], until)

    def commits(self, numbers: Iterable[int]) -> None:
        """The commits themselves: locked now."""
        for number in numbers:
            self._want([commit_key(number)], self.at)

    def derived(self) -> None:
        """Tiles and time-stamps: locked now."""
        if not (self.wanted and isinstance(self.reader.storage.storage, Lockable)):
            return
        for folder in (TILES, ANCHORS):
            try:
                for info in self.reader.storage.list(folder):
                    self._want([info.key], self.at)
            except RetroauditError as error:
                self._found.not_checked(f"locks below {folder}", str(error))

    def finish(self) -> None:
        """After the last entry: tell what is not locked, where the log says that it is; a copy is a note."""
        self._ask_waiting()
        if not self._promised:
            self.checked = 0
        elif isinstance(self.reader.storage.storage, Lockable):
            self.findings.include(self._found)
        else:
            self.findings.unchecked.append("locks: this is a copy, in a place that has none")

    def _ask_waiting(self) -> None:
        storage = self.reader.storage.storage
        waiting, self._waiting = self._waiting, []
        if not isinstance(storage, Lockable):
            return
        for key, until, found in self.reader.each(lambda each: (*each, self._ask(storage, each[0])), waiting):
            self.checked += 1
            self._judge(key, until, found)

    def _judge(self, key: str, until: datetime, found: Retention | str | None) -> None:
        if isinstance(found, str):
            self._found.problem(key, "a lock that can be told", found, "whether it is locked is unknown")
        elif found is None or found.mode != _COMPLIANCE:
            mode = "no lock" if found is None else f"mode {found.mode}"
            meaning = "it can be deleted or changed, though the store's entry says that it is locked"
            self._found.problem(key, f"a lock in mode {_COMPLIANCE}", mode, meaning)
        elif found.until is None or found.until < until:
            there = found.until.isoformat() if found.until else "no date"
            meaning = "it can be deleted sooner than the store promised"
            self._found.problem(key, f"locked until {until.isoformat()}", f"until {there}", meaning)

    def _compare(self, key: str, later: Store) -> None:
        """A promise that was taken back is legal for what comes after, and worth knowing."""
        if self._store is None:
            return
        before, now = _promises(self._store[1]), _promises(later)
        fewer = ((name, days, now.get(name, 0)) for name, days in before.items() if now.get(name, 0) < days)
        less = [f"{name}: {days} days, now {left}" for name, days, left in fewer]
        if self._store[1].locked and not later.locked:
            less.append("locked, now not")
        if less:
            told = "; ".join(less)
            self.findings.notes.append(f"{key} promises less than {self._store[0]} before it ({told})")

    def _want(self, keys: Iterable[str], until: datetime) -> None:
        if self.wanted:
            self._waiting += [(key, until) for key in keys]
            if len(self._waiting) >= _ONE_BY_ONE:
                self._ask_waiting()

    def _ask(self, storage: Lockable, key: str) -> Retention | str | None:
        try:
            return storage.retention(key, self.reader.storage.versions.get(key))
        except RetroauditError as error:
            return str(error)


def called_locked(reader: Reader, stores: Iterable[str]) -> bool:
    """Whether any of the `store` entries at these keys, in the log or not, calls the store locked."""
    for key in stores:
        data = reader.small(key)
        try:
            found = None if isinstance(data, Unread) else entries.parse(data, key)[0].entry.body
        except IntegrityBroken:
            continue
        if isinstance(found, Store) and found.locked:
            return True
    return False


def _promises(store: Store) -> Mapping[str, int]:
    """Days by tier, of a store that says it is locked."""
    return {str(tier): days for tier, days in store.retention_days.items()} if store.locked else {}


def _later(moment: datetime, days: int) -> datetime:
    try:
        return moment + timedelta(days=days)
    except OverflowError:  # for ever, as far as calendars go
        return datetime.max.replace(tzinfo=UTC)
