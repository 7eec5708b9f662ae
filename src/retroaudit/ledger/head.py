"""Where the log ends, and which commit holds a leaf."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from weakref import WeakKeyDictionary

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.ledger import commits
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import COMMITS, commit_key
from retroaudit.storage.protocol import Storage

_AT_ONCE = 8  # look-ups
_SEEN: WeakKeyDictionary[Storage, int] = WeakKeyDictionary()  # a hint: commits stay, so the search may begin there


def head(storage: Storage) -> int:
    """The last commit's number, 0 where there is none: steps that double from the last one seen, then ever smaller.

    Not a listing: S3 cannot list backwards. Commits are contiguous, so O(log n) look-ups do, of which eight go out at
    once where the log has grown. Raises `IntegrityBroken` where the first is absent and the log is not empty all the
    same.
    """
    low = _SEEN.get(storage, 0)
    if low and not _exists(storage, low):
        low = 0  # another log lies here now, or its end was cut off: verify knows
    if not _exists(storage, low + 1):
        if not low:
            _refuse_headless(storage)
        return low
    low = _last_from(storage, low + 1)
    seen(storage, low)
    return low


def _last_from(storage: Storage, low: int) -> int:
    """The last commit's number, given one that is there."""
    high, step = None, 1
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        while high is None or high - low > 1:
            if high is None:
                numbers, step = [low + (step << k) for k in range(_AT_ONCE)], step << _AT_ONCE
            else:
                numbers = sorted({low + max(1, (high - low) * k // (_AT_ONCE + 1)) for k in range(1, _AT_ONCE + 1)})
            found = list(threads.map(partial(_exists, storage), numbers))
            there = found.index(False) if False in found else len(found)
            high = numbers[there] if there < len(numbers) else high
            low = numbers[there - 1] if there else low
    return low


def seen(storage: Storage, number: int) -> None:
    """Remember that commit `number` is there."""
    _SEEN[storage] = number


def containing(storage: Storage, leaf: Leaf, after: int, last: int) -> Commit | None:
    """The commit that holds the leaf, of those after `after` and up to `last`.

    Raises `IntegrityBroken` where the log has other bytes under the leaf's key, or ends before `after`, which its
    writer saw.
    """
    if after > last and after > (end := head(storage)):
        raise IntegrityBroken(
            Fault(leaf.key, f"an entry written after commit {after}", f"none such in a log of {end}", "Run verify.")
        )
    for number in range(after + 1, last + 1):
        commit = commits.read(storage, number)
        there = next((each for each in commit.body.leaves if each.key == leaf.key), None)
        if there == leaf:
            return commit
        if there:
            raise IntegrityBroken(Fault(leaf.key, f"sha256 {leaf.sha256}", f"sha256 {there.sha256}", "Run verify."))
    return None


def leaf_hashes(storage: Storage, last: Commit, start: int, end: int) -> Sequence[bytes]:
    """The hashes of leaves `start` to `end` (excluded) as the commits up to `last` have them; none past its end."""
    found: list[bytes] = []
    commit = _covering(storage, start, last)
    while len(found) < end - start:
        body = commit.body
        found += [leaf.hash for leaf in body.leaves[max(0, start - body.before) : max(0, end - body.before)]]
        if body.number == last.body.number:
            break
        commit = last if body.number + 1 == last.body.number else commits.read(storage, body.number + 1)
    return found


def _covering(storage: Storage, index: int, last: Commit) -> Commit:
    """The commit that added leaf `index`: near the end by steps that double, then by halving."""
    high, step = last, 1
    low = 0  # the number of a commit whose size is at most `index`, 0 being none
    while not low and high.body.before > index:
        tried = commits.read(storage, max(1, high.body.number - step))
        low, high = (tried.body.number, high) if tried.body.size <= index else (0, tried)
        step *= 2
    while high.body.before > index:
        middle = commits.read(storage, (low + high.body.number) // 2)
        low, high = (middle.body.number, high) if middle.body.size <= index else (low, middle)
    return high


def _exists(storage: Storage, number: int) -> bool:
    return storage.head(commit_key(number)) is not None


def _refuse_headless(storage: Storage) -> None:
    later = next(storage.list(COMMITS), None)
    if later is not None and not _exists(storage, 1):  # nor did somebody else begin the log in between
        raise IntegrityBroken(Fault("commit 1", f"nothing, but {later.key}", "the first commit", "Run verify."))
