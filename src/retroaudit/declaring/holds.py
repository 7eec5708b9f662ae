"""Legal holds: what a report consists of cannot be deleted, whatever its retention says, until it is let out."""

from __future__ import annotations

from collections.abc import Iterator

from retroaudit.ledger.coordinates import blob_key, commit_key
from retroaudit.ledger.kinds import Hold, Key, Plan
from retroaudit.ledger.listing import listed
from retroaudit.ledger.read import Entry, find
from retroaudit.storage.protocol import Lockable, Storage


def hold(storage: Storage, report: Entry, *, on: bool) -> int | None:
    """Set or lift the hold on all that a report is proved by; gives how many, or None where the store cannot hold any.

    Files that reports share stay held while one of them is on hold. Raises `BadInput` where the store refuses: some
    objects may have been held by then, and the same call goes on.
    """
    if not isinstance(storage, Lockable):
        return None
    objects = set(_objects(storage, report))
    if not on:
        objects -= {key for other in _held(storage, report) for key in _objects(storage, find(storage, other))}
    for key in sorted(objects):
        storage.hold(key, on=on)
    return len(objects)


def _objects(storage: Storage, report: Entry) -> Iterator[str]:
    """The report's manifest and files, its plan's entry and files, the log's keys, and the commits of all of them."""
    yield report.manifest_key
    yield commit_key(report.commit)
    yield from (blob_key(file.sha256) for file in report.files)
    own = report.report
    for each in listed(storage, Plan.kind, own.model, own.window, own.kind, own.part):
        plan = each.recorded.entry
        if isinstance(plan.body, Plan) and plan.body.plan == report.predicate.get("plan"):
            yield from (each.key, commit_key(each.commit))
            yield from (blob_key(file.sha256) for file in plan.files)
    for each in listed(storage, Key.kind):
        yield from (each.key, commit_key(each.commit))


def _held(storage: Storage, but: Entry) -> Iterator[str]:
    """The other reports that are on hold, as the log says last."""
    last: dict[str, bool] = {}
    for each in sorted(listed(storage, Hold.kind), key=lambda each: each.index):
        if isinstance(body := each.recorded.entry.body, Hold):
            last[body.report] = body.on
    return (report for report, on in last.items() if on and report != str(but.report))
