"""Which key signed which commits of a log, as the log itself says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import commits, keyring
from retroaudit.ledger.head import containing, head
from retroaudit.ledger.keyring import LogKey, Named
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
    stored = tuple(keyring.named(storage))
    keyid, end = commits.read(storage, last).body.next_key, None
    found: list[Term] = []
    while True:
        named, number = _holding(storage, stored, keyid, last)
        if named.begins():
            return (Term(named.key, 1, end), *reversed(found))
        found.append(Term(named.key, number + 1, end))
        keyid, end, last = named.envelope.keyid, number, number - 1


def _holding(storage: Storage, stored: Sequence[Named], keyid: str, last: int) -> tuple[Named, int]:
    """The entry of a key, and the number of the commit up to `last` that holds it."""
    publics = {each.key.public.keyid: each.key.public for each in stored}
    for each in stored:
        giver = publics.get(each.envelope.keyid)
        if each.key.public.keyid == keyid and (each.begins() or (giver and each.hands_over(giver))):
            commit = containing(storage, each.leaf, each.recorded.after, last)
            if commit:
                return each, commit.body.number
    raise IntegrityBroken(Fault(f"key {keyid}", "no commit that names it", "an entry in the log", "Run verify."))
