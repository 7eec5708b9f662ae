"""A hash of texts that no engine or version changes: MurmurHash64A of the UTF-8 bytes, seed 0, for many at once.

Austin Appleby, SMHasher, `MurmurHash2.cpp` (public domain); `std::_Hash_bytes` of GCC's libstdc++ is the same. It
spreads values evenly over all bits, and does not resist those who look for two texts of one hash.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

_FACTOR = np.uint64(0xC6A4A7935BD1E995)
_SHIFT = np.uint64(47)
_WORD = 8  # bytes


def hash64(texts: pl.Series) -> NDArray[np.uint64]:
    """The hash of each text; of null, that of the empty text."""
    data, ends = _bytes(texts)
    start, length = ends[:-1], np.diff(ends)
    words = np.ndarray((len(data) - _WORD + 1,), "<u8", buffer=data, strides=(1,))  # the word that starts at each byte
    found: NDArray[np.uint64] = length.astype(np.uint64) * _FACTOR
    whole = length // _WORD
    rows = np.arange(len(texts))
    for place in range(int(whole.max(initial=0))):
        rows = rows[whole[rows] > place]
        word = _mixed(words[start[rows] + _WORD * place] * _FACTOR) * _FACTOR
        found[rows] = (found[rows] ^ word) * _FACTOR
    rows = np.flatnonzero(length % _WORD)
    unused = (8 * (_WORD - length[rows] % _WORD)).astype(np.uint64)
    rest = words[start[rows] + _WORD * whole[rows]] << unused >> unused
    found[rows] = (found[rows] ^ rest) * _FACTOR
    return _mixed(_mixed(found) * _FACTOR)


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return numbers ^ (numbers >> _SHIFT)


def _bytes(texts: pl.Series) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The texts' bytes, one after the other and then a word of zeros, and where each text ends, from 0."""
    array = texts.fill_null("").rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    whole = np.zeros(int(ends[-1] - ends[0]) + _WORD, np.uint8)
    if data is not None:
        whole[:-_WORD] = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    return whole, ends - ends[0]
