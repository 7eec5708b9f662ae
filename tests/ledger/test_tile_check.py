from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import Fault
from retroaudit.ledger import tree
from retroaudit.ledger.tile_check import TileCheck, parse_key
from retroaudit.ledger.tiles import Expected, tile_key, write
from tests.ledger.conftest import Memory

SIZES = (1, 7, 255, 256, 300, 512, 700, 900)  # of the log at its commits
LEAVES = [tree.leaf_hash(number.to_bytes(8)) for number in range(900)]


@cache
def stored() -> Mapping[str, bytes]:
    """The tiles that these commits left, as they came."""
    storage = Memory()
    for before, size in zip((0, *SIZES), SIZES, strict=False):
        write(storage, before, LEAVES[before:size], lambda start, end: LEAVES[start:end])
    return storage.objects


def check(objects: Mapping[str, bytes], size: int = 900) -> tuple[list[Fault], TileCheck]:
    checking = TileCheck(Memory(dict(objects)), objects)
    faults = [fault for leaf in LEAVES[:size] for fault in checking.add(leaf)]
    return faults + checking.finish(), checking


def test_every_tile_of_every_size_is_compared() -> None:
    faults, checking = check(stored())
    assert faults == []
    assert (checking.checked, checking.missing) == (len(stored()), 0)
    # level 0: four partial tiles and a full one, 300, 512, 700, 900; level 1: one for each of 256, 512, 700, 900
    assert set(stored()) == {
        *(tile_key(0, 0, width) for width in (1, 7, 255, 256)),
        *(tile_key(0, 1, width) for width in (44, 256)),
        *(tile_key(0, 2, width) for width in (188, 256)),
        tile_key(0, 3, 132),
        *(tile_key(1, 0, width) for width in (1, 2, 3)),
    }


@settings(max_examples=300)
@given(st.data())
def test_any_flipped_bit_is_found(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(stored())))
    forged = bytearray(stored()[key])
    forged[data.draw(st.integers(0, len(forged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    faults, _ = check({**stored(), key: bytes(forged)})
    assert [(fault.subject, fault.found) for fault in faults] == [(key, "other hashes than the log's")]


@given(st.sampled_from(sorted(stored())), st.sampled_from([b"", b"\0", bytes(32)]))
def test_any_change_of_length_is_found(key: str, more: bytes) -> None:
    whole = stored()[key]
    for changed in (whole[:-1], whole[:-32], b"", whole + (more or b"x")):
        faults, _ = check({**stored(), key: changed})
        assert [fault.subject for fault in faults] == [key]


@given(st.sets(st.sampled_from(sorted(stored()))))
def test_a_missing_tile_is_counted_where_the_present_size_needs_it(lost: set[str]) -> None:
    faults, checking = check({key: data for key, data in stored().items() if key not in lost})
    needed = {*(tile_key(0, n) for n in range(3)), tile_key(0, 3, 132), tile_key(1, 0, 3)}
    assert faults == []
    assert checking.missing == len(lost & needed)
    assert checking.checked == len(stored()) - len(lost)


@pytest.mark.parametrize(
    "key",
    [
        tile_key(0, 3, 133),
        tile_key(0, 3),
        tile_key(0, 4, 1),
        tile_key(0, 1_000_000),
        tile_key(1, 0, 4),
        tile_key(1, 0),
        tile_key(2, 0, 1),
        tile_key(63, 0),
    ],
)
def test_a_tile_that_the_log_has_not_come_to_is_reported(key: str) -> None:
    faults, _ = check({**stored(), key: bytes(32)})
    assert [fault.subject for fault in faults] == [key]
    assert "log of 900 leaves" in faults[0].expected


STRAYS = [
    "log/tile/",
    "log/tile/0/0",
    "log/tile/0/0000",
    "log/tile/0/000/",
    "log/tile/0/000\n",
    "log/tile/0/000.p",
    "log/tile/0/000.p/0",
    "log/tile/0/000.p/01",
    "log/tile/0/000.p/256",
    "log/tile/0/000.p/999",
    "log/tile/0/x000/000",
    "log/tile/0/001/000",
    "log/tile/0/x1/000",
    "log/tile/00/000",
    "log/tile/64/000",
    "log/tile/-1/000",
    "log/tile/0/\u0660\u0660\u0660",
    "log/tile/0/" + "x001/" * 2000 + "000",
    "log/tile/entries/000",
    "log/tiles/0/000",
    "other/log/tile/0/000",
]


@pytest.mark.parametrize("key", STRAYS)
def test_whatever_is_no_tile_is_reported(key: str) -> None:
    faults, checking = check({**stored(), key: b""})
    assert [(fault.subject, fault.found) for fault in faults] == [(key, "an object that is no tile")]
    assert checking.checked == len(stored())


@given(st.integers(0, 63), st.integers(0, 10**15), st.integers(1, 256))
def test_every_tiles_key_is_read_back(level: int, n: int, width: int) -> None:
    assert parse_key(tile_key(level, n, width)) == (level, n, width)


def test_no_leaves_have_no_tiles() -> None:
    assert check({}, 0)[0] == []
    assert len(check(stored(), 0)[0]) == len(stored())


def test_memory_does_not_grow_with_the_log() -> None:
    expected = Expected()

    def peak(leaves: int) -> int:
        tracemalloc.reset_peak()
        for _ in range(leaves):
            expected.add(LEAVES[0])
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        assert peak(5_000) + 50_000 > peak(50_000)
    finally:
        tracemalloc.stop()
