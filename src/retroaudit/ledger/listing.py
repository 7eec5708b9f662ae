"""Entries by what they are about: found by their keys, whatever the size of the log."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from retroaudit.ledger import entries
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import ENTRIES, entry_kind
from retroaudit.ledger.head import containing, head
from retroaudit.ledger.kinds import KINDS
from retroaudit.ledger.read import Logged
from retroaudit.storage.keys import encode
from retroaudit.storage.protocol import Storage


def listed(storage: Storage, kind: str, *about: str) -> Iterator[Logged]:
    """The log's entries of a kind, those alone whose key begins with these values; in the order of their keys.

    Looks at their own folder, and for each at the commits after it was written: what is in none is passed over, be it
    a crash's or a stranger's. Raises `IntegrityBroken` where what a commit names cannot be read.
    """
    folders = zip(KINDS[kind].about, about, strict=False)
    prefix = f"{ENTRIES}kind={kind}/" + "".join(f"{name}={encode(value)}/" for name, value in folders)
    keys = [info.key for info in storage.list(prefix) if entry_kind(info.key) == kind]
    last = head(storage) if keys else 0
    for key in keys:
        if found := logged_at(storage, key, last):
            yield found


def logged_at(storage: Storage, key: str, last: int) -> Logged | None:
    """The entry at this key, or None where none of the commits up to `last` has it."""
    data = storage.read(key)
    recorded, _ = entries.parse(data, key)
    if recorded.after >= last:
        return None
    leaf = Leaf(key, hashlib.sha256(data).hexdigest())
    commit = containing(storage, leaf, recorded.after, last)
    if commit is None:
        return None
    index = commit.body.before + commit.body.leaves.index(leaf)
    return Logged(commit.body.number, index, key, leaf.sha256, recorded)
