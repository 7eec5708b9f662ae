"""What a Parquet file's pages claim to hold, read from their headers alone, before anything is decompressed.

A footer may say anything about the pages; the headers may not, since decoders hold each page to its own header.
So the walk over the headers of the columns that will be read bounds the memory that reading takes. The format is
Thrift's compact protocol (apache/thrift doc/specs/thrift-compact-protocol.md) over `PageHeader` of
apache/parquet-format `parquet.thrift`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from retroaudit.faults import Fault, Unreadable

DICTIONARY_PAGE = 2
DELTA_BYTE_ARRAY = 7
_DICTIONARY_ENCODINGS = frozenset({2, 8})  # PLAIN_DICTIONARY, RLE_DICTIONARY
_INT_32 = 2**31
_FIRST_READ, _LARGEST_HEADER = 512, 2**24  # bytes; Arrow's own limit on a header is 16 MiB
_DEEP = 16


@dataclass(frozen=True)
class Page:
    """One page as its header describes it; sizes in bytes."""

    kind: int
    encoding: int
    values: int
    compressed: int
    uncompressed: int

    @property
    def by_dictionary(self) -> bool:
        """Whether its values are indices into the chunk's dictionary."""
        return self.kind != DICTIONARY_PAGE and self.encoding in _DICTIONARY_ENCODINGS


class _Malformed(Exception):
    """A header that is not Thrift, or that ends too early (`short`)."""

    def __init__(self, *, short: bool = False) -> None:
        super().__init__()
        self.short = short


def walk(file: BinaryIO, key: str, start: int, length: int, values: int) -> Iterator[Page]:
    """The pages of one column chunk, up to `values` values or `length` bytes, as Arrow would read them.

    Raises `Unreadable` naming `key` at the first header that is damaged.
    """
    position, end = start, start + length
    while values > 0 and position < end:
        fields, size = _header(file, key, position, end)
        page = _page(fields, key, position)
        position += size + page.compressed
        if position > end:
            raise _damaged(key, position, f"a page that ends {position - end} bytes after its column")
        if page.kind != DICTIONARY_PAGE:
            values -= page.values
        yield page


def _header(file: BinaryIO, key: str, position: int, end: int) -> tuple[dict[int, object], int]:
    """The fields of the header at `position`, and its size: most headers are far smaller than the largest."""
    size = _FIRST_READ
    while True:
        file.seek(position)
        data = file.read(min(size, end - position))
        try:
            fields, used = _struct(data, 0, 0)
        except _Malformed as error:
            if error.short and size < _LARGEST_HEADER and len(data) == size:
                size *= 32
                continue
            raise _damaged(key, position, "bytes that are no page header") from error
        return fields, used


def _page(fields: dict[int, object], key: str, position: int) -> Page:
    kind = fields.get(1)
    detail = fields.get({0: 5, 2: 7, 3: 8}.get(kind, -1)) if isinstance(kind, int) else None
    detail = detail if isinstance(detail, dict) else {}
    # An index page has no detail; it holds no values, and is only skipped.
    encoding = detail.get(4 if kind == 3 else 2, -1)  # noqa: PLR2004 -- DATA_PAGE_V2 of parquet.thrift
    found = (kind, encoding, detail.get(1, 0), fields.get(3), fields.get(2))
    numbers = [value for value in found if isinstance(value, int) and -1 <= value < _INT_32]
    if len(numbers) < len(found) or min(numbers[2:]) < 0:
        raise _damaged(key, position, "a page header with impossible sizes")
    return Page(*numbers)


def _damaged(key: str, position: int, found: str) -> Unreadable:
    return Unreadable(Fault(key, f"{found}, at byte {position}", "an undamaged Parquet file"))


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise _Malformed(short=True)
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:  # noqa: PLR2004 -- the continuation bit
            return value, at
        shift += 7
        if shift > 63:  # noqa: PLR2004 -- no Thrift integer is longer
            raise _Malformed


def _zigzag(data: bytes, at: int) -> tuple[int, int]:
    value, at = _varint(data, at)
    return (value >> 1) ^ -(value & 1), at


def _struct(data: bytes, at: int, depth: int) -> tuple[dict[int, object], int]:
    """Field id to value. A field given twice is refused: two readers could take different ones."""
    fields: dict[int, object] = {}
    field = 0
    while True:
        if at >= len(data):
            raise _Malformed(short=True)
        byte, at = data[at], at + 1
        if byte == 0:
            return fields, at
        if byte >> 4:
            field += byte >> 4
        else:
            field, at = _zigzag(data, at)
        if field in fields or depth > _DEEP:
            raise _Malformed
        fields[field], at = _value(data, at, byte & 0x0F, depth)


def _value(data: bytes, at: int, kind: int, depth: int) -> tuple[object, int]:
    match kind:
        case 1 | 2:  # true, false: the value is the type
            return kind == 1, at
        case 3:
            return None, _skip(data, at, 1)
        case 4 | 5 | 6:
            return _zigzag(data, at)
        case 7:
            return None, _skip(data, at, 8)
        case 8:
            length, at = _varint(data, at)
            return None, _skip(data, at, length)
        case 12:
            return _struct(data, at, depth + 1)
        case _:  # PageHeader has no list, set or map
            raise _Malformed


def _skip(data: bytes, at: int, length: int) -> int:
    if at + length > len(data):
        raise _Malformed(short=True)
    return at + length
