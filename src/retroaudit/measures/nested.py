"""Nested cells: keys that lose low bits until at most a cap of different ones is left.

A cell at shift s is `key >> s`, so every cell at s lies within one cell at s + 1, and the number of cells
falls as s grows. The *finest shift with at most `cap` cells* is therefore a function of the set of keys alone,
and never falls when keys are added. Hence states kept at that shift can be merged in any order: bring both to
the coarser of their shifts, unite, and coarsen again; the result is what the united rows would have given.
And the finest shift of some of the keys is where to start with all of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64] | NDArray[np.uint64]
_SAMPLE = 2  # as many caps of keys tell nearly the finest shift of all


def finest_shift(keys: Keys, cap: int, groups: NDArray[Any] | None = None) -> int:
    """The least s at which the sorted keys fall into at most `cap` (two or more) cells `key >> s`.

    With `groups`, keys of different groups never share a cell; sorted are then the pairs of group and key, and
    where there are more groups than `cap` the answer is 64.

    Sorted neighbours share a cell exactly if their XOR is below 2^s, so the number of cells is one more than
    the number of XORs that are not.
    """
    differences = (keys[1:] ^ keys[:-1]).view(np.uint64)
    apart = 0
    if groups is not None:
        within = groups[1:] == groups[:-1]
        apart, differences = len(within) - int(np.count_nonzero(within)), differences[within]
    cells = 1 + apart + np.cumsum(np.bincount(_bits(differences), minlength=65)[::-1])[::-1]  # at a shift one below
    return int(np.count_nonzero(cells[1:] > cap))


def _bits(numbers: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The bit length of each number: the exponent of its float, which a zero as second bit keeps from rounding up."""
    exponent: NDArray[np.int64] = (numbers & ~(numbers >> np.uint64(1))).astype(np.float64).view(np.int64) >> 52
    return (exponent - 1022).clip(0)


def first_shift(keys: Keys, cap: int) -> int:
    """A shift not above the finest one of these keys, which may be in any order: that of some of them."""
    return finest_shift(np.sort(some(keys, cap)), cap)


def some(rows: NDArray[Any], cap: int) -> NDArray[Any]:
    """Rows evenly apart, so many that the finest shift of their keys is nearly that of all."""
    return rows[:: max(1, len(rows) // (_SAMPLE * cap))]


def starts(*keys: NDArray[Any]) -> NDArray[np.intp]:
    """Where each run of equal sorted keys (of one length) starts: the argument of NumPy's `reduceat`."""
    if len(keys[0]) == 0:
        return np.empty(0, np.intp)
    changed = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return np.concatenate(([0], np.flatnonzero(changed) + 1))
