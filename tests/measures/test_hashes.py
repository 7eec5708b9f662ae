"""The hash of texts, against GCC's own and against its published description."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.measures.hashes import hash64

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
