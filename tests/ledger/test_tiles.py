from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import tree
from retroaudit.ledger.tiles import Expected, Tile, Tiles, rebuild, tile_key, write
from retroaudit.storage.local import LocalStorage
from tests.ledger.conftest import Memory

ALL = 1025
LEAVES = [tree.leaf_hash(number.to_bytes(8)) for number in range(70_000)]
MILLION = 1_000_000


@dataclass
class Counting(Memory):
    """Notes each read of an object that is there."""

    reads: Counter[str] = field(default_factory=Counter)

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        self.reads[key] += 1
        return super().read(key, version=version, start=start, length=length)


def leaves_of(start: int, end: int) -> Sequence[bytes]:
    """The log."""
    return LEAVES[start:end]


def never(start: int, end: int) -> Sequence[bytes]:
    """A log that must not be asked."""
    raise AssertionError((start, end))


def log_of(*sizes: int, storage: Memory | None = None) -> Memory:
    """The tiles of a log with a commit at each of these sizes."""
    storage = storage or Memory()
    before = 0
    for size in sizes:
        write(storage, before, LEAVES[before:size], never, frontier=frontier_of(before))
        before = size
    return storage


@cache
def frontier_of(size: int) -> tree.Frontier:
    frontier: tree.Frontier = ()
    for number, leaf in enumerate(LEAVES[:size]):
        frontier = tree.extend(number, frontier, leaf)
    return frontier


@cache
def partial_at(size: int) -> tuple[Tile, ...]:
    expected = Expected()
    for leaf in LEAVES[:size]:
        expected.add(leaf)
    return expected.partial()


@cache
def mth(start: int, end: int) -> bytes:
    """RFC 6962, 2.1: MTH(D[start:end])."""
    if end - start == 1:
        return LEAVES[start]
    k = _k(end - start)
    return hashlib.sha256(b"\x01" + mth(start, start + k) + mth(start + k, end)).digest()


def path(m: int, start: int, end: int) -> list[bytes]:
    """RFC 6962, 2.1.1: PATH(m, D[start:end])."""
    if end - start == 1:
        return []
    k = _k(end - start)
    if m < k:
        return [*path(m, start, start + k), mth(start + k, end)]
    return [*path(m - k, start + k, end), mth(start, start + k)]


def subproof(m: int, start: int, end: int, *, known: bool) -> list[bytes]:
    """RFC 6962, 2.1.2: SUBPROOF(m, D[start:end], known)."""
    if m == end - start:
        return [] if known else [mth(start, end)]
    k = _k(end - start)
    if m <= k:
        return [*subproof(m, start, start + k, known=known), mth(start + k, end)]
    return [*subproof(m - k, start + k, end, known=False), mth(start, start + k)]


def _k(n: int) -> int:
    return 1 << (n - 1).bit_length() - 1


WHOLE = log_of(70_000)


@pytest.mark.parametrize(
    ("level", "n", "width", "key"),
    [  # https://c2sp.org/tlog-tiles: index 1234067 "will be encoded as x001/x234/067"; .p/<W> is "between 1 and 255"
        (0, 1_234_067, 256, "log/tile/0/x001/x234/067"),
        (0, 0, 256, "log/tile/0/000"),
        (0, 999, 1, "log/tile/0/999.p/1"),
        (1, 1000, 256, "log/tile/1/x001/000"),
        (2, 273, 112, "log/tile/2/273.p/112"),
        (63, 1_000_000, 255, "log/tile/63/x001/x000/000.p/255"),
    ],
)
def test_a_tile_lies_where_the_specification_says(level: int, n: int, width: int, key: str) -> None:
    assert tile_key(level, n, width) == key


def test_the_tiles_of_seventy_thousand_leaves() -> None:
    # https://c2sp.org/tlog-tiles: "a tree of size 70,000 will be represented by 273 full level 0 tiles, one partial
    # level 0 tile of width 112, one full level 1 tile, one partial level 1 tile of width 17, and one partial level 2
    # tile of width 1"
    storage = log_of(70_000)
    full = {tile_key(0, n) for n in range(273)} | {tile_key(1, 0)}
    assert set(storage.objects) == full | {tile_key(0, 273, 112), tile_key(1, 1, 17), tile_key(2, 0, 1)}
    assert storage.objects[tile_key(0, 272)] == b"".join(LEAVES[272 * 256 : 273 * 256])
    assert storage.objects[tile_key(0, 273, 112)] == b"".join(LEAVES[273 * 256 :])
    # of each tile below, its tree's hash
    assert storage.objects[tile_key(1, 1, 17)] == b"".join(mth(i * 256, i * 256 + 256) for i in range(256, 273))
    assert storage.objects[tile_key(2, 0, 1)] == mth(0, 65_536)


def test_a_tree_of_256_has_a_full_tile_and_a_partial_one_above() -> None:
    # https://c2sp.org/tlog-tiles: "a tree of size 256 will be represented by a full level 0 tile and a partial level 1
    # tile of width 1"
    assert set(log_of(256).objects) == {tile_key(0, 0), tile_key(1, 0, 1)}


@given(st.lists(st.integers(1, 700), min_size=1, max_size=8))
def test_each_size_has_all_its_tiles_however_it_was_reached(steps: list[int]) -> None:
    sizes = [sum(steps[: place + 1]) for place in range(len(steps))]
    storage = log_of(*sizes)
    expected = {key: data for size in sizes for key, data in log_of(size).objects.items()}
    assert storage.objects == expected


@given(st.integers(0, 600), st.integers(1, 600))
def test_writing_again_changes_nothing(before: int, added: int) -> None:
    storage = log_of(*([before] if before else []), before + added)
    objects = dict(storage.objects)
    for _ in range(2):
        write(storage, before, LEAVES[before : before + added], never)
    assert storage.objects == objects


def test_an_append_reads_and_writes_what_changed_alone() -> None:
    storage = Counting()
    log_of(65_000, storage=storage)
    for added, keys in {
        1: {tile_key(0, 253, 233)},
        23: {tile_key(0, 253), tile_key(1, 0, 254)},
        512: {tile_key(0, 254), tile_key(0, 255), tile_key(1, 0), tile_key(2, 0, 1)},
    }.items():
        before = set(storage.objects)
        size = {1: 65_000, 23: 65_001, 512: 65_024}[added]
        storage.reads.clear()
        write(storage, size, LEAVES[size : size + added], never)
        assert set(storage.objects) - before == keys
        assert storage.reads.total() <= 2


@pytest.mark.slow
def test_every_inclusion_proof_of_every_size() -> None:
    storage = Memory()
    for size in range(1, ALL + 1):
        write(storage, size - 1, LEAVES[size - 1 : size], never)
        tiles = Tiles(storage, size, never)
        for index in range(size):
            assert list(tiles.inclusion(index)) == path(index, 0, size)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 70_000])
def test_proofs_at_the_seams_hold(size: int) -> None:
    storage = log_of(size)
    tiles = Tiles(storage, size, never)
    for place in {0, 1, size // 3, size // 2, size - 2, size - 1} & set(range(size)):
        assert list(tiles.inclusion(place)) == path(place, 0, size)
        assert tree.includes(LEAVES[place], place, size, tiles.inclusion(place), mth(0, size))
        assert list(tiles.consistency(place + 1)) == subproof(place + 1, 0, size, known=True)
        assert tree.is_consistent(place + 1, size, tiles.consistency(place + 1), mth(0, place + 1), mth(0, size))


@given(st.integers(1, 70_000), st.data())
def test_consistency_is_that_of_the_rfc_at_every_size(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    assert list(Tiles(WHOLE, size, leaves_of).consistency(old)) == subproof(old, 0, size, known=True)


@given(st.integers(1, 70_000), st.data())
def test_inclusion_is_that_of_the_rfc_at_every_size(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    assert list(Tiles(WHOLE, size, leaves_of).inclusion(index)) == path(index, 0, size)


def test_many_proofs_read_each_tile_but_once_while_they_are_near() -> None:
    storage = Counting(WHOLE.objects)
    tiles = Tiles(storage, 70_000, never)
    for index in [*range(0, 70_000, 256), *range(10_000, 10_050)]:
        assert list(tiles.inclusion(index)) == path(index, 0, 70_000)
    # 274 tiles, more than are remembered, one after the other, and the upper ones all along; then one of them again
    assert storage.reads.total() == len(storage.objects) + 1
    assert storage.reads.most_common(1) == [(tile_key(0, 39), 2)]


def test_no_proof_of_what_is_not_there() -> None:
    tiles = Tiles(WHOLE, 70_000, never)
    for index in (-1, 70_000):
        with pytest.raises(BadInput, match=f"leaf {index}"):
            tiles.inclusion(index)
    for old in (0, -1, 70_001):
        with pytest.raises(BadInput, match="old size"):
            tiles.consistency(old)
    with pytest.raises(BadInput):
        Tiles(Memory(), 0, never).inclusion(0)


@pytest.mark.parametrize("size", [300, 70_000])
def test_missing_tiles_are_made_up_for(size: int) -> None:
    for place in (0, size // 2, size - 1):
        bare = Tiles(Memory(), size, leaves_of)
        assert list(bare.inclusion(place)) == path(place, 0, size)
        assert list(bare.consistency(place + 1)) == subproof(place + 1, 0, size, known=True)


@settings(max_examples=20)
@given(st.sets(st.sampled_from(sorted(WHOLE.objects)), min_size=1, max_size=20), st.integers(0, 69_999))
def test_any_missing_tile_is_made_up_for(lost: set[str], index: int) -> None:
    storage = Memory({key: data for key, data in WHOLE.objects.items() if key not in lost})
    assert list(Tiles(storage, 70_000, leaves_of).inclusion(index)) == path(index, 0, 70_000)
    assert rebuild(storage, 70_000, leaves_of) == len(lost)
    assert storage.objects == WHOLE.objects


def test_a_missing_upper_tile_is_made_from_those_below() -> None:
    storage = Memory({key: data for key, data in WHOLE.objects.items() if key.startswith("log/tile/0/")})
    assert list(Tiles(storage, 70_000, never).inclusion(12_345)) == path(12_345, 0, 70_000)


def test_an_append_goes_on_after_one_that_crashed_before_its_tiles() -> None:
    storage = log_of(250)
    asked = []

    def commits(start: int, end: int) -> Sequence[bytes]:
        asked.append((start, end))
        return LEAVES[start:end]

    write(storage, 255, LEAVES[255:300], commits)  # nobody wrote those of 255
    assert asked == [(250, 255)]  # the widest one that somebody wrote is gone on with
    assert set(log_of(300).objects) < set(storage.objects)
    assert rebuild(storage, 300, leaves_of) == 0


def test_a_log_that_answers_less_than_was_asked_is_not_believed() -> None:
    with pytest.raises(IntegrityBroken, match="leaves from 256"):
        Tiles(Memory(), 300, lambda start, end: LEAVES[start : end - 1]).inclusion(299)


def test_old_proofs_live_on_full_tiles() -> None:
    storage = log_of(200, 256)
    del storage.objects[tile_key(0, 0, 200)]
    assert list(Tiles(storage, 200, never).inclusion(7)) == path(7, 0, 200)


def test_writers_at_the_same_time_agree(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    sizes = [1, 100, 255, 256, 257, 512, 700]

    def appender(turn: int) -> None:
        for before, size in list(zip([0, *sizes], sizes, strict=False))[:: 1 if turn % 2 else -1]:
            write(storage, before, LEAVES[before:size], leaves_of)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(appender, range(8)))
    assert {info.key: storage.read(info.key) for info in storage.list("log/")} == log_of(*sizes).objects


def test_a_false_tile_in_place_of_a_new_one_is_reported() -> None:
    storage = log_of(255)
    storage.objects[tile_key(0, 0)] = bytes(256 * 32)
    with pytest.raises(IntegrityBroken, match="log/tile/0/000: found other hashes"):
        write(storage, 255, LEAVES[255:257], never)
    with pytest.raises(IntegrityBroken, match="log/tile/0/000: found other hashes"):
        rebuild(storage, 256, leaves_of)


@given(st.sampled_from([255, 300, 65_791, 70_000]), st.data())
def test_no_false_tile_is_built_on(size: int, data: st.DataObject) -> None:
    partial = {tile.key: tile.hashes for tile in partial_at(size)}
    key = data.draw(st.sampled_from(sorted(partial)))
    forged = bytearray(partial[key])
    forged[data.draw(st.integers(0, len(forged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    before = partial | {key: bytes(forged)}
    storage = Memory(dict(before))
    grown = LEAVES[:65_536]  # enough to touch every level
    with pytest.raises(IntegrityBroken, match="other hashes than the log's"):
        write(storage, size, grown, never, frontier=frontier_of(size))
    assert storage.objects == before


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(33), bytes(44 * 32 - 1), bytes(44 * 32 + 1), bytes(8192)])
def test_a_tile_of_another_length_is_reported(data: bytes) -> None:
    storage = log_of(300)
    storage.objects[tile_key(0, 1, 44)] = data
    with pytest.raises(IntegrityBroken, match=r"log/tile/0/001\.p/44"):
        Tiles(storage, 300, never).inclusion(0)


def test_a_wrong_tile_makes_no_proof_that_holds() -> None:
    storage = log_of(300)
    storage.objects[tile_key(0, 0)] = bytes(8192)
    proof = Tiles(storage, 300, never).inclusion(0)
    assert not tree.includes(LEAVES[0], 0, 300, proof, mth(0, 300))


def test_a_tile_that_may_not_be_read_is_not_taken_for_missing() -> None:
    class Closed(Memory):
        def read(self, key: str, **_: object) -> bytes:
            raise BadInput(Fault(key, "no permission", "a tile that may be read"))

    closed = Closed(log_of(300).objects)
    with pytest.raises(BadInput, match="no permission"):
        Tiles(closed, 300, leaves_of).inclusion(0)


def test_expected_goes_on_from_any_size() -> None:
    for begin in (0, 1, 255, 256, 257, 65_535, 65_536):
        begun = Tiles(WHOLE, begin, leaves_of)
        expected = Expected(begin, [begun.edge(level) for level in range(3)])
        objects: dict[str, bytes] = {}
        for leaf in LEAVES[begin:]:
            objects |= {tile.key: tile.hashes for tile in expected.add(leaf)}
        objects |= {tile.key: tile.hashes for tile in expected.partial()}
        assert objects.items() <= WHOLE.objects.items()
        assert {tile_key(0, 272), tile_key(0, 273, 112), tile_key(1, 1, 17)} <= objects.keys()
        assert expected.size == 70_000


def test_a_proof_in_a_million_leaves_takes_five_tiles() -> None:
    storage, expected = Counting(), Expected()
    for number in range(MILLION):
        leaf = hashlib.sha256(number.to_bytes(9)).digest()
        storage.objects |= {tile.key: tile.hashes for tile in expected.add(leaf)}
    partial = {tile.key: tile.hashes for tile in expected.partial()}
    storage.objects |= partial
    # 3906 full and a partial tile, 15 and one above, one at the top
    assert Counter(key.split("/")[2] for key in storage.objects) == {"0": 3907, "1": 16, "2": 1}
    edges = (Tiles(storage, MILLION, never).edge(level) for level in (2, 1, 0))
    frontier = tuple(root for edge in edges for root in perfect(edge))
    for place in range(0, MILLION, 9_973):
        storage.reads.clear()
        proof = Tiles(storage, MILLION, never).inclusion(place)
        assert storage.reads.total() <= 5
        leaf = hashlib.sha256(place.to_bytes(9)).digest()
        assert tree.includes(leaf, place, MILLION, proof, tree.root(frontier))
        storage.reads.clear()
        Tiles(storage, MILLION, never).consistency(place + 1)
        assert storage.reads.total() <= 5


def perfect(edge: bytes) -> tree.Frontier:
    """The roots of the perfect subtrees of a partial tile's hashes."""
    found: tree.Frontier = ()
    for place in range(len(edge) // 32):
        found = tree.extend(place, found, edge[32 * place :][:32])
    return found
