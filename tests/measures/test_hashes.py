"""The hash of texts, against GCC's own and against its published description."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.measures.hashes import hash64, hash128, hash128_of

FACTOR, MASK = 0xC6A4A7935BD1E995, 2**64 - 1


def murmur(data: bytes) -> int:
    """MurmurHash64A as its author wrote it (SMHasher, MurmurHash2.cpp), one word after the other, seed 0."""
    found = len(data) * FACTOR & MASK
    whole = len(data) // 8 * 8
    for start in range(0, whole, 8):
        word = int.from_bytes(data[start : start + 8], "little") * FACTOR & MASK
        found = (found ^ ((word ^ word >> 47) * FACTOR & MASK)) * FACTOR & MASK
    if data[whole:]:
        found = (found ^ int.from_bytes(data[whole:], "little")) * FACTOR & MASK
    found = (found ^ found >> 47) * FACTOR & MASK
    return found ^ found >> 47


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", 0),
        ("a", 0x71717D2D36B6B11),
        ("abcdefgh", 0xAFDB0257FF41AA98),
        ("abcdefghi", 0xC9B9D84356146AC2),
        ("é" * 20, 0x9EF5739FF7C88C6D),
    ],
)
def test_against_libstdcxx(value: str, expected: int) -> None:
    # std::_Hash_bytes(data, length, 0) of GCC 14's libstdc++.so.6, called through ctypes
    assert hash64(pl.Series([value])).tolist() == [expected] == [murmur(value.encode())]


@given(st.lists(st.one_of(st.none(), st.text(), st.text(min_size=20)), max_size=20), st.integers(0, 20))
def test_each_of_many_texts(texts: list[str | None], start: int) -> None:
    found = hash64(pl.Series(texts, dtype=pl.String)[start:])
    assert found.tolist() == [murmur((text or "").encode()) for text in texts[start:]]


def digest(data: bytes, seed: int) -> bytes:
    (high,), (low,) = hash128_of(np.frombuffer(data + bytes(8), np.uint8), np.array([0, len(data)]), seed)
    return int(high).to_bytes(8, "little") + int(low).to_bytes(8, "little")


def test_128_bits_against_smhasher() -> None:
    # SMHasher's own VerificationTest (KeysetTest.cpp), and the value that its main.cpp has for MurmurHash3_x64_128
    hashes = b"".join(digest(bytes(range(length)), 256 - length) for length in range(256))
    assert int.from_bytes(digest(hashes, 0)[:4], "little") == 0x6384BA69


@given(st.lists(st.one_of(st.none(), st.text(), st.text(min_size=20)), max_size=20), st.integers(0, 20))
def test_128_bits_of_each_of_many_texts(texts: list[str | None], start: int) -> None:
    high, low = hash128(pl.Series(texts, dtype=pl.String)[start:])
    found = [int(a).to_bytes(8, "little") + int(b).to_bytes(8, "little") for a, b in zip(high, low, strict=True)]
    assert found == [digest((text or "").encode(), 0) for text in texts[start:]]
