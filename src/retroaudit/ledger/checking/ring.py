"""The log's keys without the log: from the key that somebody was given to those before and after it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from retroaudit.ledger import commits, keyring
from retroaudit.ledger.commits import Commit
from retroaudit.ledger.keyring import Handover
from retroaudit.ledger.signing import PublicKey
from retroaudit.storage.protocol import Storage


@dataclass(frozen=True)
class Ring:
    """The given key, those that handed the log down to it, and those that it was handed on to.

    A commit of the old key names the new one, and the new one signs that it comes after the old one and what the log
    held by then: neither can be had without both. Entries that no commit holds say nothing. Whether these commits are
    in the log is for the asker to prove.
    """

    given: PublicKey
    handovers: tuple[Handover, ...]  # in the order of the log

    @classmethod
    def of(cls, storage: Storage, given: PublicKey) -> Ring:
        """As the store has it: one listing, one look at each key entry, and one at each commit that hands over.

        Raises `RetroauditError` where the store does not answer.
        """
        found = keyring.handovers(storage, tuple(keyring.named(storage)))
        earlier = _before(found, given.keyid)
        start = earlier[-1].number if earlier else 0
        return cls(given, (*earlier, *_after(found, given.keyid, start)))

    @property
    def newest(self) -> PublicKey:
        """The key that the log was handed to last: the given one, or one after it."""
        return self.handovers[-1].receiver if self.handovers else self.given

    @property
    def publics(self) -> tuple[PublicKey, ...]:
        """The keys in the order of their terms."""
        return (*(each.giver for each in self.handovers), self.newest)

    def public(self, keyid: str) -> PublicKey | None:
        """The key of this id, where it is one of them."""
        return next((each for each in self.publics if each.keyid == keyid), None)

    def signer(self, number: int) -> PublicKey:
        """The key that has the right to sign commit `number`."""
        return self.publics[bisect_left(self.handovers, number, key=lambda each: each.number)]

    def signed_end(self, storage: Storage, commit: Commit) -> bool:
        """Whether the key that has the right to sign the log's newest commit signed this one.

        It is the newest key. Where that signed nothing yet, it vouches for the commit by which it came to the log, if
        that adds nothing to what it agreed to. Raises `RetroauditError` where the commit before cannot be read.
        """
        if commit.envelope.keyid == self.newest.keyid:
            key = self.newest
        elif self.handovers and self.handovers[-1].commit.sha256 == commit.sha256:
            key = self.handovers[-1].giver
            if not self.handovers[-1].extends(commits.read(storage, commit.body.number - 1)):
                return False
        else:
            return False
        return commit.envelope.signed_by(key) and commit.note.signed_by(key)


def _before(found: Sequence[Handover], keyid: str) -> list[Handover]:
    linked: list[Handover] = []
    for each in reversed(found):
        if each.receiver.keyid == keyid:
            linked.insert(0, each)
            keyid = each.giver.keyid
    return linked


def _after(found: Sequence[Handover], keyid: str, start: int) -> list[Handover]:
    linked: list[Handover] = []
    for each in found:
        if each.giver.keyid == keyid and each.number > start:
            linked.append(each)
            keyid = each.receiver.keyid
    return linked
