"""Whether everything is locked for as long as the store promised: rule C8 of the format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from retroaudit.faults import IntegrityBroken, RetroauditError
from retroaudit.ledger import entries
from retroaudit.ledger.checking.findings import Findings
from retroaudit.ledger.checking.reading import Reader, Unread
from retroaudit.ledger.checking.rules import Place
from retroaudit.ledger.coordinates import blob_key, commit_key
from retroaudit.ledger.entries import Recorded
from retroaudit.ledger.kinds import Store
from retroaudit.ledger.manifest import Manifest
from retroaudit.storage.protocol import Lockable, Retention

_COMPLIANCE = "COMPLIANCE"
_ONE_BY_ONE = 1024  # locks that are asked for together


@dataclass
class Locks:
    """Takes entries in the log's order. Nothing is asked of a store that no `store` entry calls locked."""

    reader: Reader
    findings: Findings
    wanted: bool  # whether an entry calls the store locked
    at: datetime | None  # the moment of judgement; None: an entry's own time
    checked: int = 0
    _store: Store | None = None
    _waiting: list[tuple[str, datetime]] = field(default_factory=list)

    def entry(self, place: Place, found: Recorded) -> None:
        """An entry that is no report: locked at the moment of judgement."""
        if isinstance(found.entry.body, Store):
            self._store = found.entry.body
        self._want([place.key, *(blob_key(file.sha256) for file in found.entry.files)], self.at or found.recorded_at)

    def report(self, place: Place, found: Manifest) -> None:
        """A report: locked for as long as the store entry before it promises for its tier."""
        days = self._store.retention_days if self._store and self._store.locked else {}
        tier = found.predicate.get("tier")
        promised = next((count for name, count in days.items() if name == tier), None)
        until = _later(found.sealed_at, promised) if promised else self.at or found.sealed_at
        self._want([place.key, *(blob_key(file.sha256) for file in found.files)], until)

    def commits(self, numbers: Iterable[int], newest: datetime) -> None:
        """The commits themselves: locked now; without a moment of judgement, at the time of the newest."""
        for number in numbers:
            self._want([commit_key(number)], self.at or newest)

    def finish(self) -> None:
        """Ask for the locks that wait; a store without any is one problem, a copy is a note."""
        storage = self.reader.storage.storage
        if not self.wanted:
            return
        if not isinstance(storage, Lockable):
            self.findings.unchecked.append("locks: this is a copy, in a place that has none")
            self.wanted = False
            return
        waiting, self._waiting = self._waiting, []
        for key, until, found in self.reader.each(lambda each: (*each, self._ask(storage, each[0])), waiting):
            self.checked += 1
            if isinstance(found, str):
                self.findings.problem(key, "a lock that can be told", found, "whether it is locked is unknown")
            elif found is None or found.mode != _COMPLIANCE:
                mode = "no lock" if found is None else f"mode {found.mode}"
                meaning = "it can be deleted or changed, though the store's entry says that it is locked"
                self.findings.problem(key, f"a lock in mode {_COMPLIANCE}", mode, meaning)
            elif found.until is None or found.until < until:
                there = found.until.isoformat() if found.until else "no date"
                meaning = "it can be deleted sooner than the store promised"
                self.findings.problem(key, f"locked until {until.isoformat()}", f"until {there}", meaning)

    def _want(self, keys: Iterable[str], until: datetime) -> None:
        if self.wanted:
            self._waiting += [(key, until) for key in keys]
            if len(self._waiting) >= _ONE_BY_ONE:
                self.finish()

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


def _later(moment: datetime, days: int) -> datetime:
    try:
        return moment + timedelta(days=days)
    except OverflowError:  # for ever, as far as calendars go
        return datetime.max.replace(tzinfo=UTC)
