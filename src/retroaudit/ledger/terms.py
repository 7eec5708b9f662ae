"""Which key signed which commits of a log, as the log itself says."""

from __future__ import annotations

from dataclasses import dataclass

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import commits, keyring
from retroaudit.ledger.head import head
from retroaudit.ledger.keyring import Link, LogKey
from retroaudit.storage.protocol import Storage


@dataclass(frozen=True)
class Term:
    """One key, and the commits that are signed by it: from `start` on, up to and including `end` (None: no end yet)."""

    key: LogKey
    start: int  # may be the commit after the log's last: the key has signed none yet
    end: int | None


def terms(storage: Storage) -> tuple[Term, ...]:
    """The log's keys in the order of their terms; who trusts nobody pins one of them and runs verify.

    Raises `BadInput` where the log is empty, and `IntegrityBroken` where no commit holds a key that signed.
    """
    last = head(storage)
    if not last:
        raise BadInput(Fault(storage.url, "an empty log", "a log with a key"))
    keyid, end = commits.read(storage, last).body.next_key, None
    found: list[Term] = []
    for link in keyring.chain(storage, keyid):
        if link.handover is None:
            _require_first(storage, link)
            return (Term(link.named.key, 1, end), *reversed(found))
        found.append(Term(link.named.key, link.handover.number + 1, end))
        keyid, end = link.handover.giver.keyid, link.handover.number
    raise _unnamed(keyid)


def _require_first(storage: Storage, link: Link) -> None:
    if commits.read(storage, 1).body.leaves[0] != link.named.leaf:
        raise _unnamed(link.named.key.public.keyid)


def _unnamed(keyid: str) -> IntegrityBroken:
    return IntegrityBroken(Fault(f"key {keyid}", "no commit that names it", "an entry in the log", "Run verify."))
