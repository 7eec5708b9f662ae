"""Compiled loops over float64s, given as their bits (int64): one pass finds cells, ends, what is not finite, and sums.

They run without Python's lock and change nothing but the tables they are given. Compiled once by Numba and kept in its
cache: beside this file, else in the user's cache directory, else for this process only. Importing Numba takes longer
than measuring a small column, so this module is imported where the first column of numbers is measured.

A table of cells is a hash table with linear probing: a line a slot of count, least and greatest key (`grid.keys`), free
where the count is 0. A cell is `key >> shift`, so its own least key tells which cell a slot has.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import ParamSpec, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Table = tuple[Ints, int, int, int]  # lines of slots, the logarithm of their number, shift, cells that are there
P = ParamSpec("P")
T = TypeVar("T")

_FIRST_BITS, _GROWTH = 9, 2  # logarithms of a new table's slots, and of the factor that it grows by
_MAGNITUDE = np.int64(2**63 - 1)
_NOT_FINITE = np.uint64(0x7FF)  # an exponent
_MANTISSA = np.int64(2**52 - 1)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio (Knuth, TAOCP 3, 6.4)
_COUNT, _LOW, _HIGH, _ONE = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(1)  # unsigned: none counts from the end
_2, _3, _4 = (np.uint64(limb) for limb in (2, 3, 4))
_LOW18, _LOW27, _LOW36, _LOW54 = (np.int64(2**bits - 1) for bits in (18, 27, 36, 54))
_EXPONENTS, _LIMBS = 2047, 8  # of a table of sums; 8 whole numbers are a line of a processor's cache


def _compiled(function: Callable[P, T]) -> Callable[P, T]:
    try:
        return cast("Callable[P, T]", numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no directory for the cache
        return cast("Callable[P, T]", numba.njit(nogil=True)(function))


def table(shift: int) -> Table:
    """A table without any cell."""
    return np.zeros((1 << _FIRST_BITS, 3), np.int64), _FIRST_BITS, shift, 0


@_compiled
def _put(slots: Ints, bits: int, shift: int, count: int, low: int, high: int) -> int:
    """Add rows of one cell; 1 where the cell is new, else 0."""
    cell = low >> shift
    slot = (np.uint64(cell) * _FACTOR) >> np.uint64(64 - bits)
    while slots[slot, _COUNT]:
        least = slots[slot, _LOW]
        if least >> shift == cell:
            slots[slot, _COUNT] += count
            slots[slot, _LOW] = min(least, low)
            slots[slot, _HIGH] = max(slots[slot, _HIGH], high)
            return 0
        slot = (slot + _ONE) & np.uint64(len(slots) - 1)
    slots[slot, _COUNT], slots[slot, _LOW], slots[slot, _HIGH] = count, low, high
    return 1


@_compiled
def _with_room(slots: Ints, bits: int, shift: int, used: int, cap: int) -> Table:
    """A table with more slots, or with wider cells where there are more than `cap` of them."""
    while True:
        if used > cap:
            shift += 1
        else:
            bits += _GROWTH
        fresh = np.zeros((1 << bits, 3), np.int64)
        used = 0
        for slot in range(len(slots)):
            if slots[slot, 0]:
                used += _put(fresh, bits, shift, slots[slot, 0], slots[slot, 1], slots[slot, 2])
        slots = fresh
        if used <= cap:
            return slots, bits, shift, used


@_compiled
def _sum(sums: Ints, exponent: np.uint64, mantissa: int, sign: int) -> None:
    """Add a mantissa and its square, of up to 53 and 106 bits, in limbs of at most 36 bits; `sign` is 0 or -1."""
    high, low = mantissa >> 27, mantissa & _LOW27
    sums[exponent, _COUNT] += (high ^ sign) - sign
    sums[exponent, _LOW] += (low ^ sign) - sign
    middle = 2 * high * low
    lower = low * low + ((middle & _LOW27) << 27)
    upper = high * high + (middle >> 27) + (lower >> 54)
    lower &= _LOW54
    sums[exponent, _2] += lower & _LOW36
    sums[exponent, _3] += (lower >> 36) | ((upper & _LOW18) << 18)
    sums[exponent, _4] += upper >> 18


def no_sums() -> Ints:
    """A table of sums of nothing."""
    return np.zeros((_EXPONENTS, _LIMBS), np.int64)


def fractions(sums: Ints) -> tuple[Fraction, Fraction]:
    """The sum and the sum of squares in such a table, by exponent in units of 2^-1074 and 2^-2148."""
    total = squares = 0
    for exponent in np.flatnonzero(sums.any(axis=1)).tolist():
        high, low, *limbs = sums[exponent, :5].tolist()
        above = max(exponent - 1, 0)  # the exponent of subnormal numbers is that of the least normal ones
        total += ((high << 27) + low) << above
        squares += sum(limb << 36 * place for place, limb in enumerate(limbs)) << 2 * above
    return Fraction(total, 2**1074), Fraction(squares, 2**2148)


@_compiled
def add(values: Ints, slots: Ints, bits: int, shift: int, used: int, cap: int, others: Ints, sums: Ints) -> Table:
    """Count float64s by cell at the finest shift not below `shift` with at most `cap` cells, and sum them.

    Only finite ones; `others` gains NaN, positive and negative infinities; `sums` is what `fractions` reads.
    """
    room = min(cap, 1 << (bits - 1))
    for place in range(len(values)):
        value = values[place]
        exponent, mantissa, sign = np.uint64((value >> 52) & 0x7FF), value & _MANTISSA, value >> 63
        if exponent == _NOT_FINITE:
            others[0 if mantissa else 1 - sign] += 1
            continue
        key = value ^ (sign & _MAGNITUDE)
        if exponent:
            mantissa |= 1 << 52
        elif mantissa == 0:
            key = 0
        _sum(sums, exponent, mantissa, sign)
        used += _put(slots, bits, shift, 1, key, key)
        if used > room:
            slots, bits, shift, used = _with_room(slots, bits, shift, used, cap)
            room = min(cap, 1 << (bits - 1))
    return slots, bits, shift, used
