"""How long a store keeps what is sealed: said in its log, looked for there, and made longer before locks run out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from retroaudit.declaring.writing import said
from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.coordinates import ANCHORS, COMMITS, ENTRIES, TILES, blob_key, commit_key
from retroaudit.ledger.entries import Entry
from retroaudit.ledger.kinds import Store
from retroaudit.ledger.read import logged, reports
from retroaudit.ledger.recording import record
from retroaudit.ledger.settings import settings
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import instant
from retroaudit.storage.protocol import Lockable, Storage

TIERS: Final[tuple[Literal["low", "medium", "high"], ...]] = ("low", "medium", "high")
_AT_ONCE: Final = 16  # requests
_MARGIN: Final = timedelta(hours=2)  # by which a commit's time may be later than its reports'


def keep(
    storage: Storage, tenant: str, retention_days: Mapping[str, int], signer: Signer, at: datetime, *, locked: bool
) -> bool:
    """Record for how many days, by tier, the store keeps what is sealed; False where its log says just that already.

    `locked` says that the storage is under Object Lock. Raises `BadInput` where a value does not fit, or the log is
    another key's.
    """
    wanted = said(Store, tenant=tenant, retention_days=dict(retention_days), locked=locked, at=instant(at, "at"))
    there = settings(storage)
    if there is not None and _without_time(there) == _without_time(wanted):
        return False
    until = _whole(at + timedelta(days=max(retention_days.values(), default=0)))
    record(storage, [Entry(wanted)], {}, signer, at, retain_until=until)
    return True


def promised(storage: Storage) -> Mapping[str, int]:
    """The days of each tier that the log promised, the most where it promised twice; empty where it says nothing."""
    days: dict[str, int] = {}
    for each in logged(storage, Store.kind):
        if isinstance(body := each.recorded.entry.body, Store):
            days |= {tier: max(count, days.get(tier, 0)) for tier, count in body.retention_days.items()}
    return days


def lasting(storage: Storage, at: datetime) -> datetime:
    """Until when the log must be locked at `at`: the longest tier's days. `BadInput` where it does not say."""
    days = promised(storage)
    if not days:
        remedy = "Say it: `retroaudit store init --key signing.pem`."
        raise BadInput(Fault(storage.url, "a log that does not say how long it keeps", "a `store` entry", remedy))
    return _whole(at + timedelta(days=max(days.values())))


def relock(storage: Storage, at: datetime) -> int | None:
    """Lock again what a verifier needs; gives the number of objects, None where nothing locks there.

    The log, its entries and their files are locked as `lasting` says. A report whose days are not over is locked
    until they are, with its files. Nothing is ever locked for less long than it was. Raises `BadInput` where the log
    does not say how long it keeps, or these credentials may not lock.
    """
    if not isinstance(storage, Lockable):
        return None
    until = lasting(storage, at)
    wanted = _of_reports(storage, at) | dict.fromkeys(_of_the_log(storage), until)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        list(threads.map(storage.extend, wanted.keys(), wanted.values()))
    return len(wanted) if storage.retention(commit_key(1)) else None


def _of_the_log(storage: Storage) -> Iterator[str]:
    """Commits, tiles, anchors, entries, and the files of entries."""
    for prefix in (COMMITS, TILES, ANCHORS, ENTRIES):
        yield from (info.key for info in storage.list(prefix))
    for each in logged(storage):
        yield from (blob_key(file.sha256) for file in each.recorded.entry.files)


def _of_reports(storage: Storage, at: datetime) -> dict[str, datetime]:
    """Manifests and files of the reports whose time is not over, each with its end: of several, the last."""
    days, ends = promised(storage), dict[str, datetime]()
    for report in reports(storage):
        end = _whole(report.sealed_at + timedelta(days=days.get(str(report.predicate.get("tier")), max(days.values()))))
        if end + _MARGIN > at:
            for key in (report.manifest_key, *(blob_key(file.sha256) for file in report.files)):
                ends[key] = max(end + _MARGIN, ends.get(key, end))
    return ends


def _whole(moment: datetime) -> datetime:
    """The next whole second: servers cut the rest."""
    return moment.replace(microsecond=0) + timedelta(seconds=1)


def _without_time(body: Store) -> dict[str, Any]:
    return body.model_dump(exclude={"at"})
