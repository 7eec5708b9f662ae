"""Sets of many keys in eight bytes each.

Keys are told apart by a hash with a random key of the run: nobody can make two meet on purpose, and by chance two of
ten million do once in 400,000 runs. Where a meeting would accuse somebody, the keys themselves are looked at again.
"""

from __future__ import annotations

import secrets
from array import array
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
_SORT_AFTER = 65_536


class Digests:
    """A growing set of keys, of which only eight bytes each are kept."""

    _secret = secrets.token_bytes(16)

    def __init__(self) -> None:
        self._sorted: Hashes = np.empty(0, dtype=np.uint64)
        self._fresh = array("Q")
        self._recent: set[int] = set()

    @classmethod
    def of(cls, key: str) -> int:
        """A key's hash."""
        data = key.encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(data, digest_size=8, key=cls._secret).digest(), "big")

    def __contains__(self, key: str) -> bool:
        found = self.of(key)
        if found in self._recent:
            return True
        place = int(np.searchsorted(self._sorted, np.uint64(found)))
        return place < len(self._sorted) and int(self._sorted[place]) == found

    def add(self, key: str) -> None:
        """Take a key, be it there or not."""
        found = self.of(key)
        self._fresh.append(found)
        self._recent.add(found)
        if len(self._recent) >= _SORT_AFTER:
            self.hashes()

    def repeated(self) -> set[int]:
        """The hashes of keys that were taken more than once, or met."""
        found = self.hashes()
        return set(map(int, found[1:][found[1:] == found[:-1]]))

    def hashes(self) -> Hashes:
        """All hashes, sorted."""
        if self._fresh:
            self._sorted = np.concatenate([self._sorted, np.frombuffer(self._fresh, dtype=np.uint64)])
            self._sorted.sort()
            self._fresh, self._recent = array("Q"), set()
        return self._sorted


def as_hashes(found: array[int]) -> Hashes:
    """An array of hashes, sorted."""
    return np.sort(np.frombuffer(found, dtype=np.uint64)) if found else np.empty(0, dtype=np.uint64)


def without(all_of: Hashes, known: Iterable[Hashes]) -> Hashes:
    """What is in none of the others."""
    return all_of[~np.isin(all_of, np.concatenate(list(known)))]
