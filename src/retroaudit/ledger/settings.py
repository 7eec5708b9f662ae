"""What a store was founded with, as its log says: how long what is sealed is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from retroaudit.ledger.kinds import Store
from retroaudit.ledger.listing import listed
from retroaudit.storage.protocol import Storage


def settings(storage: Storage) -> Store | None:
    """The newest `store` entry of the log, or None where there is none."""
    found = max(listed(storage, Store.kind), key=lambda each: each.index, default=None)
    body = found.recorded.entry.body if found else None
    return body if isinstance(body, Store) else None


def retain_until(storage: Storage, tier: str | None, sealed_at: datetime) -> datetime | None:
    """Until when nobody may delete what is sealed at that moment for a model of this tier; None: not said.

    Without a tier, or one that the log has no days for, it is the longest of all: too long is the smaller mistake.
    Servers keep whole seconds and cut the rest: it is the next whole one.
    """
    store = settings(storage)
    if store is None or not store.retention_days:
        return None
    days = {str(name): count for name, count in store.retention_days.items()}
    until = sealed_at + timedelta(days=days.get(tier or "", max(days.values())))
    return until + timedelta(seconds=1, microseconds=-until.microsecond) if until.microsecond else until
