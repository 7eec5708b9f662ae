"""Entries by what they are about: found by their keys, whatever the size of the log."""

from __future__ import annotations

from collections.abc import Iterator

from retroaudit.ledger.coordinates import ENTRIES, entry_kind
from retroaudit.ledger.genuine import Genuine, of_the_log
from retroaudit.ledger.head import containing
from retroaudit.ledger.kinds import KINDS
from retroaudit.ledger.read import Logged
from retroaudit.storage.keys import encode
from retroaudit.storage.protocol import ObjectInfo, Storage


def listed(storage: Storage, kind: str, *about: str) -> Iterator[Logged]:
    """The log's entries of a kind, those alone whose key begins with these values; in the order of their keys.

    Looks at their own folder, and for each at the commits after it was written: what is in none is passed over, be it
    a crash's or a stranger's, readable or not. Raises `IntegrityBroken` where what a commit names is other bytes.
    """
    folders = zip(KINDS[kind].about, about, strict=False)
    prefix = f"{ENTRIES}kind={kind}/" + "".join(f"{name}={encode(value)}/" for name, value in folders)
    infos = [info for info in storage.list(prefix) if entry_kind(info.key) == kind]
    log = of_the_log(storage) if infos else None
    for info in infos:
        if log and (found := _logged(log, info)):
            yield found


def logged_at(storage: Storage, key: str, last: int) -> Logged | None:
    """The entry at this key, or None where there is none that one of the commits up to `last` names."""
    info = storage.head(key)
    found = _logged(of_the_log(storage), info) if info else None
    return found if found and found.commit <= last else None


def _logged(log: Genuine, info: ObjectInfo) -> Logged | None:
    found = log.entry(info)
    if found is None or found.said.after >= log.last:
        return None
    commit = containing(log.storage, found.leaf, found.said.after, log.last)
    if commit is None:
        return None
    index = commit.body.before + commit.body.leaves.index(found.leaf)
    return Logged(commit.body.number, index, info.key, found.leaf.sha256, found.said)
