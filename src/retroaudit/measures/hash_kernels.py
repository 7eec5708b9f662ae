"""Compiled loops over hashes: of many texts at once, and over lines that tell how often each hash occurs.

Lines are an array of uint64s, n x 3: the hash's high and low half, and a count. As in `kernels`, they run without
Python's lock, and this module is imported where the first value is hashed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retroaudit.measures.kernels import _compiled

Words = NDArray[np.uint64]

_C1, _C2 = np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F)
_ADD1, _ADD2 = np.uint64(0x52DCE729), np.uint64(0x38495AB5)
_FINAL1, _FINAL2 = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_WORD, _BLOCK = 8, 16  # bytes
_FAR = 256  # lines
_5, _33, _64 = np.uint64(5), np.uint64(33), np.uint64(64)


@_compiled
def _turned(number: np.uint64, bits: int) -> np.uint64:
    return (number << np.uint64(bits)) | (number >> np.uint64(64 - bits))


@_compiled
def _spread(number: np.uint64) -> np.uint64:
    number = (number ^ (number >> _33)) * _FINAL1
    number = (number ^ (number >> _33)) * _FINAL2
    return number ^ (number >> _33)


@_compiled
def _first(word: np.uint64) -> np.uint64:
    return _turned(word * _C1, 31) * _C2


@_compiled
def _second(word: np.uint64) -> np.uint64:
    return _turned(word * _C2, 33) * _C1


@_compiled
def _start_of(word: np.uint64, length: int) -> np.uint64:
    """The first bytes of a word, 1 to 8 of them."""
    unused = _64 - np.uint64(8 * length)
    return word << unused >> unused


@_compiled
def murmur(words: Words, ends: NDArray[np.int64], seed: int, high: Words, low: Words) -> None:
    """MurmurHash3_x64_128 of each text; `words` has the word that starts at each byte, also the one after the last."""
    for row in range(len(ends) - 1):
        place, end = ends[row], ends[row + 1]
        length = np.uint64(end - place)
        one = two = np.uint64(seed)
        while end - place >= _BLOCK:
            one = (_turned(one ^ _first(words[place]), 27) + two) * _5 + _ADD1
            two = (_turned(two ^ _second(words[place + _WORD]), 31) + one) * _5 + _ADD2
            place += _BLOCK
        if end - place > _WORD:
            two ^= _second(_start_of(words[place + _WORD], end - place - _WORD))
        if end > place:
            one ^= _first(_start_of(words[place], min(end - place, _WORD)))
        one, two = one ^ length, two ^ length
        one += two
        two += one
        one, two = _spread(one), _spread(two)
        high[row] = one + two
        low[row] = high[row] + two


@_compiled
def _put(lines: Words, line: int, into: Words, start: int, end: int) -> int:
    """Put a line among the ascending ones from start to end, or add its count to the one with its hash; the new end.

    Negative where it has to go far, as it hardly ever has among few hashes that nobody chose.
    """
    high, low, count = lines[line, 0], lines[line, 1], lines[line, 2]
    place = end
    while place > start and (high < into[place - 1, 0] or (high == into[place - 1, 0] and low < into[place - 1, 1])):
        place -= 1
        if end - place > _FAR:
            return -1
    if place > start and high == into[place - 1, 0] and low == into[place - 1, 1]:
        into[place - 1, 2] += count
        return end
    for later in range(end, place, -1):
        _copy(into, later - 1, into, later)
    into[place, 0], into[place, 1], into[place, 2] = high, low, count
    return end + 1


@_compiled
def _copy(lines: Words, line: int, into: Words, place: int) -> None:
    into[place, 0], into[place, 1], into[place, 2] = lines[line, 0], lines[line, 1], lines[line, 2]


@_compiled
def unite(lines: Words, into: Words) -> int:
    """Lines in any order, whose hashes may repeat, in ascending order, one a hash; how many, or -1 to be sorted first.

    Each goes among the few with its leading bits: there are about as many such places as lines.
    """
    if len(lines) == 0:
        return 0
    least = lines[:, 0].min()
    span, shift = lines[:, 0].max() - least, np.uint64(0)
    while span >> shift > len(lines):
        shift += np.uint64(1)
    ends = np.zeros((span >> shift) + np.uint64(2), np.int64)
    for line in range(len(lines)):
        ends[((lines[line, 0] - least) >> shift) + np.uint64(1)] += 1
    starts = np.cumsum(ends)
    ends = starts.copy()
    for line in range(len(lines)):
        bucket = (lines[line, 0] - least) >> shift
        ends[bucket] = _put(lines, line, into, starts[bucket], ends[bucket])
        if ends[bucket] < 0:
            return -1
    used = 0
    for bucket in range(len(starts) - 1):
        for place in range(starts[bucket], ends[bucket]):
            _copy(into, place, into, used)
            used += 1
    return used


@_compiled
def merge(a: Words, b: Words, into: Words) -> int:
    """Two arrays of lines, each ascending by both halves and one a hash, as one such array; how many lines it has."""
    used = at = other = 0
    while at < len(a) and other < len(b):
        high, low, others_high, others_low = a[at, 0], a[at, 1], b[other, 0], b[other, 1]
        if high == others_high and low == others_low:
            into[used, 0], into[used, 1], into[used, 2] = high, low, a[at, 2] + b[other, 2]
            at, other = at + 1, other + 1
        elif high < others_high or (high == others_high and low < others_low):
            _copy(a, at, into, used)
            at += 1
        else:
            _copy(b, other, into, used)
            other += 1
        used += 1
    for rest in (a[at:], b[other:]):
        into[used : used + len(rest)] = rest
        used += len(rest)
    return used
