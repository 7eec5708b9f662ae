"""The log's keys without the log: from the key that a verifier was given to those before and after it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from retroaudit.faults import RetroauditError
from retroaudit.ledger import entries, keyring
from retroaudit.ledger.checking.findings import Findings
from retroaudit.ledger.checking.reading import Reader, Unread
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.keyring import Named
from retroaudit.ledger.signing import PublicKey


@dataclass
class Ring:
    """Keys that the given one vouches for, or that were handed over to it.

    The old key signs the entry that names the new one, and the new one signs that it comes after the old: neither can
    be had without both. Whether the entries are in the log is for the asker to prove: `used` are those that mattered.
    """

    reader: Reader
    pinned: PublicKey
    findings: Findings
    used: dict[str, Named] = field(default_factory=dict)  # by their keys in the store
    _trusted: dict[str, PublicKey] | None = None

    def public(self, keyid: str) -> PublicKey | None:
        """The key of this id, where it is the given one or linked to it; the key entries are read once, if at all."""
        if keyid == self.pinned.keyid:
            return self.pinned
        if self._trusted is None:
            self._trusted = self._follow()
        return self._trusted.get(keyid)

    def all(self) -> tuple[PublicKey, ...]:
        """The given key and all that are linked to it."""
        self.public("")
        return (self.pinned, *(self._trusted or {}).values())

    def _follow(self) -> dict[str, PublicKey]:
        links = list(self._links())
        named = {link.key.public.keyid: link.key.public for link in links} | {self.pinned.keyid: self.pinned}
        trusted = {self.pinned.keyid: self.pinned}
        grown = True
        while grown:
            grown = False
            for link in links:
                old, new = named.get(link.envelope.keyid), link.key.public
                if old is None or (old.keyid in trusted) == (new.keyid in trusted):
                    continue
                if link.hands_over(old):
                    trusted |= {old.keyid: old, new.keyid: new}
                    self.used[link.leaf.key] = link
                    grown = True
        return trusted

    def _links(self) -> Iterator[Named]:
        try:
            keys = [info.key for info in self.reader.storage.list(keyring.FOLDER)]
        except RetroauditError as error:
            self.findings.refused(keyring.FOLDER, "the log's keys", error, "the key entries cannot be listed")
            return
        for key in keys:
            data = self.reader.small(key)
            try:
                if not isinstance(data, Unread):
                    recorded, envelope = entries.parse(data, key)
                    leaf = Leaf(key, hashlib.sha256(data).hexdigest())
                    yield Named(keyring.read(recorded.entry), recorded, leaf, envelope)
            except RetroauditError as error:
                self.findings.refused(key, "a key entry", error, "a key entry was replaced or damaged")
