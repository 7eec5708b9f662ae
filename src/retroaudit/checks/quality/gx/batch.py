"""What expectations are judged on: states that were measured before, or rows that are measured now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from retroaudit.archive.footer import Column, Footer, footer
from retroaudit.archive.scan import SLICE_ROWS, slices
from retroaudit.checks.quality.typed import Unanswerable
from retroaudit.measures.measure import Need, State
from retroaudit.measures.run import measure
from retroaudit.spec.model import Limits

_LARGEST = 10**15
_TRUSTED = Limits(rows=_LARGEST, bytes=_LARGEST, columns=_LARGEST, cell_bytes=_LARGEST, decoded_bytes=_LARGEST)

Reader = Callable[[Sequence[str]], Iterator[pl.DataFrame]]
"""The table's rows in its order, slice by slice, with at least these of its columns."""


@dataclass(frozen=True, eq=False)
class Batch:
    """A table: `columns` (name -> type name as in Parquet, in its order), what is known of it, and its rows if any.

    What is measured or computed is kept in `known` and `answers`, so that nothing is measured twice.
    """

    columns: Mapping[str, str]
    known: dict[Need, State] = field(default_factory=dict)
    read: Reader | None = None
    coded: Reader | None = None  # the same rows as an audit reads them: text in codes, where the file keeps it so
    answers: dict[Any, Any] = field(default_factory=dict)  # of Great Expectations' metrics, by their id

    def states(self, needs: Iterable[Need]) -> Mapping[Need, State]:
        """The states of these needs; those that are not known are measured in one pass.

        Raises:
            Unanswerable: One is not known, and there are no rows to measure it on.
        """
        needs = tuple(needs)
        missing = [need for need in needs if need not in self.known]
        if missing and self.read is None:
            raise Unanswerable(
                f"{missing[0].measure} of {', '.join(missing[0].columns) or 'the rows'} was not measured"
            )
        if missing:
            self.known.update(measure(self._measured({name for need in missing for name in need.reads}), missing))
        return {need: self.known[need] for need in needs}

    def slices(self, columns: Iterable[str]) -> Iterator[pl.DataFrame]:
        """The rows, with these columns in the table's order (its first where none is asked for)."""
        if self.read is None:
            raise Unanswerable("there are no rows to look at")
        return self.read(self._in_order(columns))

    def _measured(self, columns: Iterable[str]) -> Iterator[pl.DataFrame]:
        return self.coded(self._in_order(columns)) if self.coded else self.slices(columns)

    def _in_order(self, columns: Iterable[str]) -> list[str]:
        wanted = set(columns)
        return [name for name in self.columns if name in wanted] or list(self.columns)[:1]


def of_states(states: Mapping[Need, State], columns: Mapping[str, str]) -> Batch:
    """A table without rows: there are no samples of failing values, and quantiles may only be bounded."""
    return Batch(columns, dict(states))


def of_frame(frame: pl.DataFrame | pl.LazyFrame) -> Batch:
    """A table in memory; a lazy one is collected, column by column as they are needed."""
    schema = frame.lazy().head(0).collect().to_arrow().schema

    def read(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        taken = frame.lazy().select(pl.nth(*_places(schema, columns))).collect()
        return taken.iter_slices(SLICE_ROWS) if taken.height else iter([taken])

    return Batch(_types(schema), read=read)


def of_files(paths: Sequence[Path]) -> Batch:
    """The rows of Parquet files, one file after the other, read a slice at a time; trusted files, not an archive's.

    The table has the columns of the first file and those that later ones add. Raises `FileNotFoundError` for none.
    """
    if not paths:
        raise FileNotFoundError("no Parquet files")
    schemas = [pq.read_schema(path) for path in paths]
    columns = {name: kind for schema in reversed(schemas) for name, kind in _types(schema).items()}
    ordered = dict.fromkeys(name for schema in schemas for name in schema.names)

    def read(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        for path, schema in zip(paths, schemas, strict=True):
            yield from _slices(path, [name for name in columns if name in schema.names] or schema.names[:1])

    def coded(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        for path, schema in zip(paths, schemas, strict=True):
            found = _footer(path)
            there = [name for name in columns if name in found.columns]
            if all(_plain(schema.field(name).type, found.columns[name]) for name in there):
                yield from slices(path, path.name, found, there, _TRUSTED, there)
            else:
                yield from _slices(path, there or schema.names[:1])

    return Batch({name: columns[name] for name in ordered}, read=read, coded=coded)


def _footer(path: Path) -> Footer:
    with path.open("rb") as file:

        def read(start: int, length: int) -> bytes:
            file.seek(start)
            return file.read(length)

        return footer(read, path.stat().st_size, path.name, _TRUSTED)


def _plain(kind: pa.DataType, column: Column) -> bool:
    """Whether an audit's reader gives the column as it is: it reads nothing nested, and tells no zone or bytes."""
    zoned = pa.types.is_timestamp(kind) and kind.tz is not None
    return (
        column.kind == "numeric"
        or pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or (column.kind == "time" and not zoned)
    )


def _slices(path: Path, columns: list[str]) -> Iterator[pl.DataFrame]:
    with pq.ParquetFile(path) as file:
        for rows in file.iter_batches(SLICE_ROWS, columns=columns):
            yield pl.DataFrame({name: pl.Series(name, rows.column(name)) for name in columns})


def _places(schema: pa.Schema, columns: Sequence[str]) -> list[int]:
    return [schema.names.index(name) for name in columns]


def _types(schema: pa.Schema) -> dict[str, str]:
    return {field.name: str(field.type).replace("large_", "").replace("_view", "") for field in schema}
