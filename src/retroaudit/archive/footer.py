"""Parquet footers, read without trusting them: their size, their lists and their shape are checked first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from retroaudit.faults import Fault, Unreadable
from retroaudit.spec.model import Limits

Kind = Literal["numeric", "text", "time", "other"]
Ranges = Callable[[int, int], bytes]  # start, length -> bytes

FOOTER_BYTES = 4 * 2**20  # parsed, a hostile footer takes up to about 300 times its size
THRIFT = {"thrift_string_size_limit": FOOTER_BYTES, "thrift_container_size_limit": 100_000}
_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_TAIL = 2**16  # bytes read at once: most footers fit


@dataclass(frozen=True)
class Column:
    """One top-level column: its type as told to people, what it may be used for, and its leaf in the file.

    `leaf` is None where the column is nested: it is never read.
    """

    type: str
    kind: Kind
    leaf: int | None


@dataclass(frozen=True)
class Footer:
    """What a Parquet file says of itself, within the limits."""

    metadata: pq.FileMetaData
    rows: int
    columns: Mapping[str, Column]


@contextmanager
def hostile(key: str) -> Iterator[None]:
    """Turn whatever the Parquet library raises over a damaged or hostile file into `Unreadable`."""
    try:
        yield
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError, ValueError, MemoryError) as error:
        found = " ".join(str(error).split())[:200] or type(error).__name__
        raise Unreadable(Fault(key, f"damage ({found})", "an undamaged Parquet file")) from error


def footer(read: Ranges, size: int, key: str, limits: Limits) -> Footer:
    """The footer of the object `key` of `size` bytes; `read(start, length)` gives its bytes.

    Raises `Unreadable` for an empty or truncated file, no Parquet, an encrypted one, a footer over 4 MiB, more
    columns than `limits.columns`, more rows than `limits.rows`, and column names that are repeated.
    """
    return parse(tail(read, size, key), key, limits)


def parse(data: bytes, key: str, limits: Limits) -> Footer:
    """A footer from what `tail` read. Of 4 MiB made for it, this takes 1 GB for a moment: one at a time."""
    with hostile(key):
        file = pq.ParquetFile(pa.BufferReader(_MAGIC + data), **THRIFT)
        metadata = file.metadata
        rows = sum(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups))
        found = _over(metadata, rows, limits)
        if found:
            raise Unreadable(Fault(key, *found))
        columns = _columns(file.schema_arrow, metadata, key)
    return Footer(metadata, rows, columns)


def tail(read: Ranges, size: int, key: str) -> bytes:
    """The footer's bytes with their length and the closing magic. Raises `Unreadable` as `footer` does."""
    if size < 12:  # noqa: PLR2004 -- two magics and the footer's length
        raise Unreadable(Fault(key, f"a file of {size} bytes", "a Parquet file"))
    end = read(max(0, size - _TAIL), min(size, _TAIL))
    magic = read(0, 4)
    if _ENCRYPTED in (end[-4:], magic):
        raise Unreadable(Fault(key, "an encrypted Parquet file", "one that can be read without a key"))
    if end[-4:] != _MAGIC or magic != _MAGIC:
        what = "a truncated Parquet file" if magic == _MAGIC else "a file that is no Parquet"
        raise Unreadable(Fault(key, what, "a Parquet file"))
    length = int.from_bytes(end[-8:-4], "little")
    if length > min(size - 12, FOOTER_BYTES):
        raise Unreadable(Fault(key, f"a footer of {length} bytes", f"at most {min(size - 12, FOOTER_BYTES)}"))
    return end[-length - 8 :] if length + 8 <= len(end) else read(size - length - 8, length + 8)


def _over(metadata: pq.FileMetaData, rows: int, limits: Limits) -> tuple[str, str] | None:
    if metadata.num_columns > limits.columns:
        return f"{metadata.num_columns} columns", f"at most {limits.columns} (limits.columns)"
    if rows != metadata.num_rows or rows < 0:
        return f"{metadata.num_rows} rows, with {rows} in its row groups", "the same number twice"
    if rows > limits.rows:
        return f"{rows} rows", f"at most {limits.rows} (limits.rows)"
    return None


def _columns(schema: pa.Schema, metadata: pq.FileMetaData, key: str) -> Mapping[str, Column]:
    columns: dict[str, Column] = {}
    leaf = 0
    for field in schema:
        width = _leaves(field.type)
        flat = width == 1 and metadata.schema.column(leaf).max_repetition_level == 0
        kind = kind_of(field.type) if flat else "other"
        columns[field.name] = Column(type_name(field.type), kind, leaf if kind != "other" else None)
        leaf += width
    repeated = sorted(name for name, count in Counter(schema.names).items() if count > 1)
    if repeated or leaf != metadata.num_columns:
        what = f"column names given twice: {repeated[:3]!r}" if repeated else "a schema that contradicts itself"
        raise Unreadable(Fault(key, what[:300], "one column a name"))
    return columns


def _leaves(kind: pa.DataType) -> int:
    if pa.types.is_nested(kind):
        return sum(_leaves(kind.field(i).type) for i in range(kind.num_fields))
    return 1


def value_type(kind: pa.DataType) -> pa.DataType:
    """The type of the values: a dictionary's values', an extension's storage."""
    while True:
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        elif isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        else:
            return kind


def kind_of(kind: pa.DataType) -> Kind:
    """What a column of this Arrow type may be used for."""
    types, kind = pa.types, value_type(kind)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal128(kind):
        return "numeric"
    if is_bytes(kind):
        return "text"
    if types.is_timestamp(kind) or types.is_date(kind):
        return "time"
    return "other"


def is_bytes(kind: pa.DataType) -> bool:
    """Whether values of this Arrow type are of any length: text or bytes."""
    types = pa.types
    return is_text(kind) or types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind)


def is_text(kind: pa.DataType) -> bool:
    """Whether values of this Arrow type are text."""
    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def type_name(kind: pa.DataType) -> str:
    """The type as told to people; how text is stored makes no difference."""
    kind = value_type(kind)
    return "string" if is_text(kind) else str(kind)[:200]
