"""Whether every stored tile is the log's: those of its present size, and the partial ones of each size before.

A partial tile is the beginning of the full one, so the tiles that the leaf hashes complete as they go by are all
that the stored ones need to be compared with. A missing tile is no fault: tiles can be computed again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from retroaudit.faults import Fault
from retroaudit.ledger.coordinates import TILES
from retroaudit.ledger.tiles import WIDTH, Expected, Tile, read_tile, tile_key
from retroaudit.storage.protocol import Storage

_KEY = re.compile(rf"{TILES}([0-9]{{1,2}})/((?:x[0-9]{{3}}/){{0,5}}[0-9]{{3}})(?:\.p/([0-9]{{1,3}}))?")
_HIGHEST = 63


class TileCheck:
    """Compares stored tiles with a log whose leaf hashes it is given one after the other.

    `keys` are all that lie below `log/tile/`; list them before the log's head is read, or a tile that somebody adds
    meanwhile looks like one too many. About 300 bytes are remembered for each 256 leaves, and nothing else.
    `checked` counts the objects that were compared, `missing` the tiles of the log's present size that are not there.
    """

    def __init__(self, storage: Storage, keys: Iterable[str]) -> None:
        self.checked = self.missing = 0
        self._storage, self._expected = storage, Expected()
        self._widths: dict[tuple[int, int], int] = {}  # of each stored tile, as a set of bits
        self._strays: list[str] = []
        for key in keys:
            found = parse_key(key)
            if found is None:
                self._strays.append(key)
            else:
                level, n, width = found
                self._widths[level, n] = self._widths.get((level, n), 0) | 1 << width

    def add(self, leaf: bytes) -> list[Fault]:
        """Take the log's next leaf hash, and give what is wrong with the tiles that it completes."""
        return [fault for tile in self._expected.add(leaf) for fault in self._compare(tile)]

    def finish(self) -> list[Fault]:
        """After the last leaf hash: what is wrong with the partial tiles, and what should not be there at all."""
        faults = [fault for tile in self._expected.partial() for fault in self._compare(tile)]
        beyond = (tile_key(*tile, width) for tile, widths in self._widths.items() for width in _each(widths))
        size = self._expected.size
        faults += [Fault(key, "a tile", f"none there in a log of {size} leaves") for key in beyond]
        return faults + [Fault(key, "an object that is no tile", "tiles alone") for key in self._strays]

    def _compare(self, tile: Tile) -> Iterator[Fault]:
        """Look at what is stored of this tile, up to its width; anything wider stays for `finish`."""
        widths = self._widths.pop((tile.level, tile.n), 0)
        fitting = widths & ((2 << tile.width) - 1)
        if widths != fitting:
            self._widths[tile.level, tile.n] = widths ^ fitting
        self.missing += not widths & 1 << tile.width
        for width in _each(fitting):
            self.checked += 1
            key = tile_key(tile.level, tile.n, width)
            if read_tile(self._storage, key) != tile.first(width):
                yield Fault(key, "other hashes than the log's", "a tile of the log")


def parse_key(key: str) -> tuple[int, int, int] | None:
    """Level, number and width of the tile that lies at this key; None where the key is not exactly a tile's."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    level, path, partial = match.groups()
    found = int(level), int(path.replace("/", "").replace("x", "")), int(partial or WIDTH)
    return found if found[0] <= _HIGHEST and found[2] and tile_key(*found) == key else None


def _each(widths: int) -> Iterator[int]:
    return (width for width in range(1, WIDTH + 1) if widths >> width & 1)
