"""What a store was founded with, as its log says: how long what is sealed is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from retroaudit.ledger import commits
from retroaudit.ledger.head import head
from retroaudit.ledger.kinds import Store
from retroaudit.ledger.listing import listed
from retroaudit.storage.protocol import Storage

_LATER = timedelta(hours=2)  # more than clocks may differ, and an append may wait for its turn
_MOST = 36_500  # days that servers take


def settings(storage: Storage) -> Store | None:
    """The newest `store` entry of the log, or None where there is none."""
    found = max(listed(storage, Store.kind), key=lambda each: each.index, default=None)
    body = found.recorded.entry.body if found else None
    return body if isinstance(body, Store) else None


def retain_until(storage: Storage, tier: str | None, sealed_at: datetime) -> datetime | None:
    """Until when nobody may delete what is sealed at that moment for a model of this tier; None: not said.

    Never sooner than [C8] asks for, which reckons from the commit's time: that may be a later clock's, and some minutes
    of waiting later. Without a tier, or one that the log has no days for, it is the longest of all: too long is the
    smaller mistake. Servers keep whole seconds and cut the rest.
    """
    store = settings(storage)
    if store is None or not store.retention_days:
        return None
    days = {str(name): count for name, count in store.retention_days.items()}
    moment = max(sealed_at, commits.read(storage, head(storage)).body.time) + _LATER
    return moment.replace(microsecond=0) + timedelta(days=min(_MOST, days.get(tier or "", max(days.values()))))
