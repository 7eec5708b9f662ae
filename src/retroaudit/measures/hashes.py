"""Hashes of texts that no engine or version changes: of the UTF-8 bytes, for many at once.

`hash64` is MurmurHash64A (Austin Appleby, SMHasher, `MurmurHash2.cpp`, public domain; `std::_Hash_bytes` of GCC's
libstdc++ is the same), `hash128` MurmurHash3_x64_128 (the same author's `MurmurHash3.cpp`), both of seed 0. They
spread values evenly over all bits, and do not resist those who look for two texts of one hash.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

_FACTOR = np.uint64(0xC6A4A7935BD1E995)
_SHIFT = np.uint64(47)
WORD = 8  # bytes

Halves = tuple[NDArray[np.uint64], NDArray[np.uint64]]


def hash64(texts: pl.Series) -> NDArray[np.uint64]:
    """The hash of each text; of null, that of the empty text."""
    data, ends = _bytes(texts)
    start, length = ends[:-1], np.diff(ends)
    words = _words(data)
    found: NDArray[np.uint64] = length.astype(np.uint64) * _FACTOR
    whole = length // WORD
    rows = np.arange(len(texts))
    for place in range(int(whole.max(initial=0))):
        rows = rows[whole[rows] > place]
        word = _mixed(words[start[rows] + WORD * place] * _FACTOR) * _FACTOR
        found[rows] = (found[rows] ^ word) * _FACTOR
    rows = np.flatnonzero(length % WORD)
    unused = (8 * (WORD - length[rows] % WORD)).astype(np.uint64)
    rest = words[start[rows] + WORD * whole[rows]] << unused >> unused
    found[rows] = (found[rows] ^ rest) * _FACTOR
    return _mixed(_mixed(found) * _FACTOR)


def hash128(texts: pl.Series) -> Halves:
    """The high and the low half of each text's hash; of null, that of the empty text."""
    return hash128_of(*_bytes(texts))


def hash128_of(data: NDArray[np.uint8], ends: NDArray[np.int64], seed: int = 0) -> Halves:
    """The same of bytes that end at `ends`, from 0, with a word more after the last."""
    from retroaudit.measures import hash_kernels  # noqa: PLC0415  # takes time, as in `kernels`

    high, low = (np.empty(len(ends) - 1, np.uint64) for _ in range(2))
    hash_kernels.murmur(_words(data), ends, seed, high, low)
    return high, low


def _words(data: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The word that starts at each byte."""
    return np.ndarray((len(data) - WORD + 1,), "<u8", buffer=data, strides=(1,))


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return numbers ^ (numbers >> _SHIFT)


def _bytes(texts: pl.Series) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The texts' bytes, one after the other and then a word of zeros, and where each text ends, from 0."""
    array = texts.fill_null("").rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    whole = np.zeros(int(ends[-1] - ends[0]) + WORD, np.uint8)
    if data is not None:
        whole[:-WORD] = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    return whole, ends - ends[0]
