"""The log's tree in tiles of 256 hashes, from which anybody makes proofs in few reads: https://c2sp.org/tlog-tiles.

Tile `n` of level `l` holds the hashes of the subtrees of 256**l leaves numbered from 256 n. The last one of a level
is partial at most sizes, and its partial forms of earlier sizes are kept. Tiles are a function of the log alone and
can be computed again: what is missing is made up from the log, and nothing that a tile says is trusted until a proof
made from it has led to a signed root.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import tree
from retroaudit.ledger.coordinates import TILES
from retroaudit.storage.protocol import Storage

WIDTH = 256
_BITS = 8  # of a tile's width: its height in the tree
_HASH = 32  # bytes
_CACHED = 64  # tiles: a megabyte
_BATCH = 65_536  # leaves that are rebuilt at once

LeafHashes = Callable[[int, int], Sequence[bytes]]  # the log's leaf hashes from one number up to another


@dataclass(frozen=True)
class Tile:
    """A tile, full or partial, with its hashes one after the other."""

    level: int
    n: int
    hashes: bytes

    @property
    def width(self) -> int:
        """How many hashes it holds, 1 to 256."""
        return len(self.hashes) // _HASH

    @property
    def key(self) -> str:
        """Where it lies in the store."""
        return tile_key(self.level, self.n, self.width)

    def first(self, width: int) -> bytes:
        """What the same tile held when it was this wide."""
        return self.hashes[: width * _HASH]


def tile_key(level: int, n: int, width: int = WIDTH) -> str:
    """Where a tile lies in the store: `n` in groups of three digits, a partial tile's width behind it.

    >>> tile_key(0, 1_234_067), tile_key(2, 0, 17)
    ('log/tile/0/x001/x234/067', 'log/tile/2/000.p/17')
    """
    n, last = divmod(n, 1000)
    path = f"{last:03}"
    while n:
        n, group = divmod(n, 1000)
        path = f"x{group:03}/{path}"
    return f"{TILES}{level}/{path}" + (f".p/{width}" if width < WIDTH else "")


class Expected:
    """The tiles that a log must have, as its leaf hashes go by: one unfinished tile a level is all it remembers.

    It may begin at a later size, given the partial tiles there: `edges[level]` (nothing where a level has none). An
    upper level may be left out where no tile below it will be completed.
    """

    def __init__(self, size: int = 0, edges: Iterable[bytes] = ()) -> None:
        self.size = size
        self._edges = [bytearray(edge) for edge in edges]

    def add(self, leaf: bytes) -> tuple[Tile, ...]:
        """The full tiles that this leaf hash completes, the lowest first; mostly none."""
        self.size += 1
        done: list[Tile] = []
        carried = leaf
        for level in range(len(self._edges) + 1):
            if level == len(self._edges):
                self._edges.append(bytearray())
            edge = self._edges[level]
            edge += carried
            if len(edge) < WIDTH * _HASH:
                break
            tile = Tile(level, (self.size >> _BITS * (level + 1)) - 1, bytes(edge))
            done.append(tile)
            carried = _rows(tile.hashes)[-1]
            edge.clear()
        return tuple(done)

    def partial(self) -> tuple[Tile, ...]:
        """The partial tiles at this size, the lowest first."""
        edges = enumerate(self._edges)
        return tuple(Tile(level, self.size >> _BITS * (level + 1), bytes(edge)) for level, edge in edges if edge)


class Tiles:
    """Proofs in the tree of `size` leaves, at most two tiles read a level; `leaf_hashes` makes up for missing ones.

    Whoever uses a proof checks it against a signed root: a wrong tile makes a proof that does not hold.
    """

    def __init__(self, storage: Storage, size: int, leaf_hashes: LeafHashes) -> None:
        self._storage, self._size, self._leaf_hashes = storage, size, leaf_hashes
        self._cache: dict[tuple[int, int], Sequence[bytes]] = {}

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """RFC 6962's PATH(index, D[size]); raises `BadInput` where there is no such leaf."""
        if not 0 <= index < self._size:
            raise BadInput(Fault("inclusion proof", f"leaf {index}", f"a leaf of the log's {self._size}"))
        return tuple(self._beside(index, 0))

    def consistency(self, old: int) -> tuple[bytes, ...]:
        """RFC 6962's PROOF(old, D[size]); raises `BadInput` where `old` is not from 1 to the size."""
        if not 0 < old <= self._size:
            raise BadInput(Fault("consistency proof", f"an old size of {old}", f"1 to {self._size}"))
        if old == self._size:
            return ()
        height = (old & -old).bit_length() - 1  # of the old tree's last perfect subtree: the proof's start
        node = (old >> height) - 1
        known = node == 0  # it is the whole old tree
        return (*(() if known else (self._subtree(node, height),)), *self._beside(node, height))

    def edge(self, level: int) -> bytes:
        """The hashes of the level's partial tile; nothing where it has none."""
        n, width = divmod(self._size >> _BITS * level, WIDTH)
        return self._tile(level, n)[0] if width else b""

    def _beside(self, node: int, height: int) -> Iterator[bytes]:
        """What lies beside the way from a subtree up to the root."""
        while 1 << height < self._size:
            start = (node ^ 1) << height
            if start < self._size:
                yield self._range(start, min(start + (1 << height), self._size))
            node, height = node >> 1, height + 1

    def _range(self, start: int, end: int) -> bytes:
        """The hash over leaves `start` to `end`: that of the perfect subtrees they consist of."""
        roots: list[bytes] = []
        while start < end:
            height = (end - start).bit_length() - 1
            roots.append(self._subtree(start >> height, height))
            start += 1 << height
        return tree.root(tuple(roots))

    def _subtree(self, node: int, height: int) -> bytes:
        """The hash over the 2**height leaves from node * 2**height."""
        level, above = divmod(height, _BITS)
        n, place = divmod(node, WIDTH >> above)
        return self._tile(level, n)[above][place * _HASH : (place + 1) * _HASH]

    def _tile(self, level: int, n: int) -> Sequence[bytes]:
        found = self._cache.pop((level, n), None) or _rows(self._load(level, n))
        if len(self._cache) >= _CACHED:
            del self._cache[next(iter(self._cache))]
        self._cache[level, n] = found  # the last used is the last to go
        return found

    def _load(self, level: int, n: int) -> bytes:
        width = min(WIDTH, (self._size >> _BITS * level) - n * WIDTH)
        try:
            return self._read(level, n, width)
        except BadInput:
            stored = self._stored(level, n)
            if width in stored:
                raise
        wider = [each for each in stored if each > width]
        if wider:  # a log that has grown may hold the full tile alone
            return self._read(level, n, min(wider))[: width * _HASH]
        return self._make(level, n, width, max((each for each in stored if each < width), default=0))

    def _make(self, level: int, n: int, width: int, narrower: int) -> bytes:
        """The hashes of a tile that nobody stored: those of a narrower one (0: none), and what came after it."""
        begun = self._read(level, n, narrower) if narrower else b""
        first, end = n * WIDTH + narrower, n * WIDTH + width
        if level:  # from the tiles below, each of which may have to be made in turn
            return begun + b"".join(_rows(self._load(level - 1, below))[-1] for below in range(first, end))
        return _whole(begun + b"".join(self._leaf_hashes(first, end)), width, f"leaves from {first}")

    def _read(self, level: int, n: int, width: int) -> bytes:
        key = tile_key(level, n, width)
        return _whole(self._storage.read(key, length=WIDTH * _HASH + 1), width, key)

    def _stored(self, level: int, n: int) -> set[int]:
        """The widths in which a tile is there."""
        full = tile_key(level, n)
        widths = {info.key.removeprefix(full).removeprefix(".p/") or str(WIDTH) for info in self._storage.list(full)}
        return {int(text) for text in widths if text.isdecimal() and 0 < int(text) <= WIDTH}


def write(
    storage: Storage,
    size_before: int,
    added: Sequence[bytes],
    leaf_hashes: LeafHashes,
    *,
    frontier: tree.Frontier | None = None,
    retain_until: datetime | None = None,
) -> None:
    """Store the tiles that are new since `size_before`: those that `added` completes, and the new partial ones.

    Repeating it, or doing it at the same time as others, changes nothing. `frontier` is the tree's at
    `size_before`: given it, no false tile is built on. Raises `IntegrityBroken` where a stored tile is not the log's.
    """
    before, level, size = Tiles(storage, size_before, leaf_hashes), 0, size_before + len(added)
    edges: list[bytes] = []
    while size_before >> _BITS * level != size >> _BITS * level:
        edges.append(before.edge(level))
        if frontier is not None:
            _check_edge(edges[level], level, size_before, frontier)
        level += 1
    expected = Expected(size_before, edges)
    _put(storage, [*(tile for leaf in added for tile in expected.add(leaf)), *expected.partial()], retain_until)


def rebuild(storage: Storage, size: int, leaf_hashes: LeafHashes) -> int:
    """Store every missing tile of the log at this size, and give their number; memory does not grow with the log.

    Raises `IntegrityBroken` where a stored tile is not the log's.
    """
    expected, created = Expected(), 0
    for start in range(0, size, _BATCH):
        leaves = leaf_hashes(start, min(start + _BATCH, size))
        created += _put(storage, [tile for leaf in leaves for tile in expected.add(leaf)])
    return created + _put(storage, expected.partial())


def _put(storage: Storage, tiles: Iterable[Tile], retain_until: datetime | None = None) -> int:
    objects = {tile.key: tile.hashes for tile in tiles}
    created = storage.put_all(objects, retain_until=retain_until) if objects else {}
    for key in (key for key, new in created.items() if not new):
        if read_tile(storage, key) != objects[key]:
            raise _false(key)
    return sum(created.values())


def _check_edge(edge: bytes, level: int, size: int, frontier: tree.Frontier) -> None:
    """A partial tile's perfect subtrees are those of the whole tree, between its own height and the next level's."""
    own: tree.Frontier = ()
    for place in range(len(edge) // _HASH):
        own = tree.extend(place, own, edge[place * _HASH : (place + 1) * _HASH])
    end = len(frontier) - (size % (1 << _BITS * level)).bit_count()
    if frontier[end - len(own) : end] != own:
        raise _false(tile_key(level, size >> _BITS * (level + 1), len(edge) // _HASH))


def _rows(hashes: bytes) -> Sequence[bytes]:
    """A tile's hashes, then those of the complete pairs among them, and so on: a full tile's last row is its root."""
    rows = [hashes]
    while len(rows[-1]) >= 2 * _HASH:
        below = rows[-1]
        pairs = range(0, len(below) - 2 * _HASH + 1, 2 * _HASH)
        rows.append(b"".join(hashlib.sha256(b"\1" + below[at : at + 2 * _HASH]).digest() for at in pairs))
    return rows


def read_tile(storage: Storage, key: str) -> bytes | None:
    """A stored tile's bytes (some too many where it is too long), None where it is absent."""
    try:
        return storage.read(key, length=WIDTH * _HASH + 1)
    except BadInput:
        if storage.head(key) is not None:
            raise
        return None


def _whole(hashes: bytes, width: int, subject: str) -> bytes:
    if len(hashes) != width * _HASH:
        raise IntegrityBroken(Fault(subject, f"{len(hashes)} bytes", f"{width} hashes of {_HASH} bytes"))
    return hashes


def _false(key: str) -> IntegrityBroken:
    return IntegrityBroken(Fault(key, "other hashes than the log's", "a tile of the log", "Run verify."))
