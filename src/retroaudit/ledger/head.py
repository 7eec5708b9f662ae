"""Where the log ends, and which commit holds a leaf."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.ledger import commits
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import COMMITS, commit_key
from retroaudit.storage.protocol import Storage

_SEEN: WeakKeyDictionary[Storage, int] = WeakKeyDictionary()  # a hint: commits stay, so the search may begin there


def head(storage: Storage) -> int:
    """The last commit's number, 0 where there is none: doubling steps from the last one seen, then halving.

    Not a listing: S3 cannot list backwards. Commits are contiguous, so O(log n) look-ups do. Raises
    `IntegrityBroken` where the first is absent and the log is not empty all the same.
    """
    low = _SEEN.get(storage, 0)
    if low and not _exists(storage, low):
        low = 0  # another log lies here now, or its end was cut off: verify knows
    if not low:
        if not _exists(storage, 1):
            _refuse_headless(storage)
            return 0
        low = 1
    step = 1
    while _exists(storage, low + step):
        low, step = low + step, step * 2
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _exists(storage, middle) else (low, middle)
    seen(storage, low)
    return low


def seen(storage: Storage, number: int) -> None:
    """Remember that commit `number` is there."""
    _SEEN[storage] = number


def containing(storage: Storage, leaf: Leaf, after: int, last: int) -> Commit | None:
    """The commit that holds the leaf, of those after `after` and up to `last`."""
    for number in range(after + 1, last + 1):
        commit = commits.read(storage, number)
        if leaf in commit.body.leaves:
            return commit
    return None


def leaf_hashes(storage: Storage, last: Commit, start: int, end: int) -> Sequence[bytes]:
    """The hashes of leaves `start` to `end` (excluded) as the commits up to `last` have them."""
    found: list[bytes] = []
    number = _covering(storage, start, last)
    while len(found) < end - start and number <= last.body.number:
        body = last.body if number == last.body.number else commits.read(storage, number).body
        found += [leaf.hash for leaf in body.leaves[max(0, start - body.before) : max(0, end - body.before)]]
        number += 1
    return found


def _covering(storage: Storage, index: int, last: Commit) -> int:
    """The number of the commit that added leaf `index`: near the end by steps that double, then by halving."""
    high, step = last.body.number, 1
    low = 0  # a commit whose size is at most `index`, 0 being none
    while high - step > 0:
        if commits.read(storage, high - step).body.size <= index:
            low = high - step
            break
        high, step = high - step, step * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if commits.read(storage, middle).body.size <= index else (low, middle)
    return high


def _exists(storage: Storage, number: int) -> bool:
    return storage.head(commit_key(number)) is not None


def _refuse_headless(storage: Storage) -> None:
    later = next(storage.list(COMMITS), None)
    if later is not None and not _exists(storage, 1):  # nor did somebody else begin the log in between
        raise IntegrityBroken(Fault("commit 1", f"nothing, but {later.key}", "the first commit", "Run verify."))
