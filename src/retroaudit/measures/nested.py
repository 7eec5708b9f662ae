"""Nested cells: keys that lose low bits until at most a cap of different ones is left.

A cell at shift s is `key >> s`, so every cell at s lies within one cell at s + 1, and the number of cells
falls as s grows. The *finest shift with at most `cap` cells* is therefore a function of the set of keys alone,
and never falls when keys are added. Hence states kept at that shift can be merged in any order: bring both to
the coarser of their shifts, unite, and coarsen again; the result is what the united rows would have given.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64] | NDArray[np.uint64]


def finest_shift(keys: Keys, cap: int) -> int:
    """The least s at which the sorted keys fall into at most `cap` (two or more) cells `key >> s`.

    Sorted neighbours share a cell exactly if their XOR is below 2^s, so the number of cells is one more than
    the number of XORs that are not; the `cap`-th largest XOR decides.
    """
    differences = (keys[1:] ^ keys[:-1]).view(np.uint64)
    differences = differences[differences > 0]
    if len(differences) < cap:
        return 0
    place = len(differences) - cap
    return int(np.partition(differences, place)[place]).bit_length()


def starts(keys: NDArray[Any]) -> NDArray[np.intp]:
    """Where each run of equal sorted keys starts: the argument of NumPy's `reduceat`."""
    if len(keys) == 0:
        return np.empty(0, np.intp)
    return np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1))
