"""Bounded reading: one Parquet file, slice by slice, whatever the file claims.

Before a column is decompressed, `pages.walk` has bounded what it takes. Text that the file keeps in dictionaries
stays there: a slice refers to each distinct value once, however often it occurs, and its decoded size is computed
before anybody may copy it. Arrow reads (its reader goes page by page, its Parquet reader is fuzzed); Polars gets
the slices.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from retroaudit.archive import pages
from retroaudit.archive.footer import THRIFT, Footer, hostile, is_bytes, is_text, value_type
from retroaudit.faults import Fault, Unreadable
from retroaudit.spec.model import Limits

SLICE_ROWS = 2**17
_SLICE_BYTES = 192 * 2**20  # what the slice in work may take, decoded
_PAGE_BYTES = 384 * 2**20  # what the open pages and dictionaries of all columns may take, decompressed
_PAGES = 2_000_000  # headers that are walked in one file
_CODED_BYTES = 2**20  # of a dictionary whose values are told apart once, not row by row
_STREAM = 2**16  # bytes read ahead a column


@dataclass
class _Load:
    """What reading one column takes: bytes of its largest page and dictionary, bytes a row at the densest."""

    page: int = 0
    dictionary: int = 0
    density: float = 0.0
    encoded: bool = False  # some pages are indices into a dictionary
    plain: bool = False  # some are not
    incremental: bool = False  # some pages are DELTA_BYTE_ARRAY: any value may be as long as its page

    @property
    def keeps_dictionary(self) -> bool:
        """Whether Arrow can hand out the dictionary as it is; it cannot beside DELTA_BYTE_ARRAY."""
        return self.encoded and not self.incremental

    @property
    def codes(self) -> bool:
        """Whether all values are indices into a dictionary that is small."""
        return self.encoded and not self.plain and self.dictionary <= _CODED_BYTES


def slices(
    path: Path,
    key: str,
    found: Footer,
    columns: Collection[str],
    limits: Limits,
    coded: Collection[str] = (),
) -> Iterator[pl.DataFrame]:
    """The rows of the file at `path` in its order, with those of `columns` that it has and that are not nested.

    Every frame has the same columns, sorted by name, and at most `SLICE_ROWS` rows. Text of columns that are among
    `coded` is Categorical where the file keeps it in small dictionaries: its rows are then not told apart by their
    text. Without any such column the frames have no columns but still their height. Raises `Unreadable` naming `key`
    for damage and for cells over `limits.cell_bytes` or a file over `limits.decoded_bytes`, before the offending slice
    is handed out.
    """
    names = sorted(name for name in columns if name in found.columns and found.columns[name].leaf is not None)
    if not names:
        yield from _heights(found.rows)
        return
    loads = _loads(path, key, found, names, limits)
    rows = _slice_rows(key, loads)
    keep = [leaf for leaf, load in loads.items() if load.keeps_dictionary and _any_length(found, leaf)]
    codes = {name: pl.Categories.random() for name in names if name in coded and _codes(found, name, keep, loads)}
    held: list[pa.RecordBatch] = []
    decoded = read = height = 0
    with hostile(key), _open(path, found, keep) as file:
        for batch in _batches(file, found, rows, names):
            decoded += sum(_decoded(key, name, batch.column(name), limits) for name in names)
            if decoded > limits.decoded_bytes:
                raise _too_large(key, f"over {decoded} bytes decoded", f"{limits.decoded_bytes} (limits.decoded_bytes)")
            read += batch.num_rows
            if height + batch.num_rows > rows:
                yield _joined(held, names, codes)
                held, height = [], 0
            held.append(batch)
            height += batch.num_rows
        if height:
            yield _joined(held, names, codes)
    if read != found.rows:
        raise Unreadable(Fault(key, f"{read} rows", f"the {found.rows} rows of its footer"))


def _open(path: Path, found: Footer, keep: list[int]) -> pq.ParquetFile:
    """The file with the footer that was checked: it is not parsed, nor held, a second time."""
    return pq.ParquetFile(path, metadata=found.metadata, read_dictionary=keep, buffer_size=_STREAM, **THRIFT)


def _joined(batches: list[pa.RecordBatch], names: list[str], codes: Mapping[str, pl.Categories]) -> pl.DataFrame:
    """One frame of batches, of which a file of small row groups has many."""
    return pl.concat(
        pl.DataFrame({name: _series(batch.column(name), codes.get(name)) for name in names}) for batch in batches
    )


def _batches(file: pq.ParquetFile, found: Footer, rows: int, names: list[str]) -> Iterator[pa.RecordBatch]:
    """Batches of at most so many rows; a fresh reader for about as many, since Arrow's grows from group to group."""
    groups: list[int] = []
    height, metadata = 0, found.metadata
    for group in range(metadata.num_row_groups):
        groups.append(group)
        height += metadata.row_group(group).num_rows
        if height >= rows or group == metadata.num_row_groups - 1:
            yield from file.iter_batches(rows, row_groups=groups, columns=names)
            groups, height = [], 0


def _codes(found: Footer, name: str, keep: list[int], loads: dict[int, _Load]) -> bool:
    leaf = found.columns[name].leaf
    return leaf in keep and loads[leaf].codes


def _heights(rows: int) -> Iterator[pl.DataFrame]:
    for start in range(0, rows, SLICE_ROWS):
        yield pl.DataFrame(height=min(SLICE_ROWS, rows - start))


def _any_length(found: Footer, leaf: int) -> bool:
    return bool(found.metadata.schema.column(leaf).physical_type == "BYTE_ARRAY")


def _selected(found: Footer, names: list[str], key: str) -> list[int]:
    """The leaves that Arrow may read for `names`: it takes a name for a path, so "a.b" is also the b within an a."""
    flat = {column.leaf: name for name, column in found.columns.items()}
    schema, chosen = found.metadata.schema, []
    for leaf in range(found.metadata.num_columns):
        path = schema.column(leaf).path
        if any(path == name or path.startswith(f"{name}.") for name in names):
            if leaf not in flat:
                raise Unreadable(Fault(key, f"a nested column {path[:100]!r} beside its parent's name", "another name"))
            chosen.append(leaf)
    return chosen


def _loads(path: Path, key: str, found: Footer, names: list[str], limits: Limits) -> dict[int, _Load]:
    """What each column that will be read takes, from the headers of its pages in all row groups."""
    loads = {leaf: _Load() for leaf in _selected(found, names, key)}
    count = total = 0
    with path.open("rb") as file:
        for group in range(found.metadata.num_row_groups):
            for leaf, load in loads.items():
                for page in _chunk(file, key, found, group, leaf):
                    _add(load, page)
                    count, total = count + 1, total + page.uncompressed
                    if count > _PAGES or total > limits.decoded_bytes:
                        raise _too_large(key, f"{count} pages of {total} bytes", f"{_PAGES} of {limits.decoded_bytes}")
    for leaf, load in loads.items():
        _fixed_width(found, leaf, load)
    return loads


def _chunk(file: BinaryIO, key: str, found: Footer, group: int, leaf: int) -> Iterator[pages.Page]:
    chunk = found.metadata.row_group(group).column(leaf)
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
        start = chunk.dictionary_page_offset
    return pages.walk(file, key, start, chunk.total_compressed_size, chunk.num_values)


def _add(load: _Load, page: pages.Page) -> None:
    size = max(page.uncompressed, page.compressed)
    if page.kind == pages.DICTIONARY_PAGE:
        load.dictionary = max(load.dictionary, size)
        return
    load.page = max(load.page, size)
    load.encoded |= page.by_dictionary
    load.plain |= not page.by_dictionary
    load.incremental |= page.encoding == pages.DELTA_BYTE_ARRAY
    each = 4.0 if page.by_dictionary else size / max(1, page.values)
    load.density = max(load.density, size if page.encoding == pages.DELTA_BYTE_ARRAY else each)


def _fixed_width(found: Footer, leaf: int, load: _Load) -> None:
    """Bytes a row that do not depend on the pages: fixed-length values, and values copied out of a dictionary."""
    column = found.metadata.schema.column(leaf)
    fixed = column.length if column.physical_type == "FIXED_LEN_BYTE_ARRAY" else 8
    copied = load.dictionary if _any_length(found, leaf) and load.encoded and not load.keeps_dictionary else 0
    load.density = max(load.density, fixed, copied) + 8


def _slice_rows(key: str, loads: dict[int, _Load]) -> int:
    open_bytes = sum(load.page + load.dictionary for load in loads.values())
    if open_bytes > _PAGE_BYTES:
        raise _too_large(key, f"pages of {open_bytes} bytes to be held at once", f"{_PAGE_BYTES}")
    density = sum(load.density for load in loads.values())
    return max(1, min(SLICE_ROWS, int(_SLICE_BYTES / max(1.0, density))))


def _decoded(key: str, name: str, array: pa.Array, limits: Limits) -> int:
    """Bytes of the column were every value copied; checks that its text is valid and no cell too long."""
    if not is_bytes(value_type(array.type)):
        return int(len(array) * max(1, array.type.bit_width // 8))
    array.validate(full=True)
    values = _plain(array.dictionary if isinstance(array, pa.DictionaryArray) else array)
    lengths = pc.fill_null(pc.binary_length(values), 0).cast(pa.int64())
    longest = pc.max(lengths).as_py() or 0
    if longest > limits.cell_bytes:
        what = f"a cell of {longest} bytes in column {name[:100]!r}"
        raise _too_large(key, what, f"{limits.cell_bytes} (limits.cell_bytes)")
    if isinstance(array, pa.DictionaryArray):
        lengths = lengths.take(array.indices)
    return (pc.sum(lengths).as_py() or 0) + len(array)


def _series(array: pa.Array, codes: pl.Categories | None) -> pl.Series:
    """The column as Polars has it. Values of a dictionary are referred to, not copied, or coded; bytes become text.

    Times become naive ones in UTC: a zone changes no instant, and Arrow takes names of zones that Polars refuses.
    """
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_timestamp(array.type):
        array = array.view(pa.timestamp(array.type.unit))
    if isinstance(array, pa.DictionaryArray):
        values = _text(array.dictionary)
        values = values if codes is None else values.cast(pl.Categorical(codes))
        return values.gather(pl.Series(array.indices))
    if pa.types.is_float16(array.type):
        array = array.cast(pa.float32())
    return _text(array)


def _plain(array: pa.Array) -> pa.Array:
    """Text or bytes in Arrow's large form, which all its functions take."""
    return array.cast(pa.large_string() if is_text(array.type) else pa.large_binary())


def _text(array: pa.Array) -> pl.Series:
    if is_bytes(array.type) and not is_text(array.type):
        decoded = [None if v is None else v.decode("utf-8", "backslashreplace") for v in array.to_pylist()]
        return pl.Series(decoded, dtype=pl.String)
    return pl.Series(array)


def _too_large(key: str, found: str, limit: str) -> Unreadable:
    return Unreadable(Fault(key, found, f"at most {limit}"))
