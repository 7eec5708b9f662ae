"""What a window's rows say of each column: the house's own measures, a partition at a time."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from retroaudit.archive.inputs import Partition
from retroaudit.archive.read import read_columns
from retroaudit.archive.times import instants, microseconds
from retroaudit.faults import BadInput, Fault, Unreadable
from retroaudit.measures import categories, counts, grid
from retroaudit.measures.categories import Categories
from retroaudit.measures.counts import Counts
from retroaudit.measures.fold import fold
from retroaudit.measures.grid import Grid
from retroaudit.measures.hashes import hash64
from retroaudit.measures.measure import Need, State
from retroaudit.measures.run import measure
from retroaudit.progress import Progress, Step
from retroaudit.proposing.shapes import Shape, merged, shape
from retroaudit.proposing.sources import Kind, Place, Source

FEW = 50  # values up to which a column's values are listed
_DAY = 86_400_000_000  # microseconds
_WHOLE = re.compile("-?[0-9]+")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, eq=False)
class Column:
    """What was seen of one column. Text that is ISO 8601 throughout is of the kind `time`.

    `parts` are the counts of each partition; `lengths` those of its shortest and
    longest text, in characters; `in_day` the share of its times that lie in their partition's day, `latest` by how
    many days at most they are after its end.

    `few` are the rows by value in each partition, where the window has at most `FEW` values. `unique`, that no two
    rows have the same value, and the `shape` of its texts are known only of columns that may be ids.
    """

    name: str
    type: str
    kind: Kind
    parts: tuple[Counts, ...] = ()
    grid: Grid | None = None
    categories: Categories | None = None
    few: tuple[Mapping[str, int], ...] = ()
    lengths: tuple[int, int] | None = None
    in_day: float | None = None
    latest: float | None = None
    unique: bool = False
    shape: Shape | None = None

    @property
    def rows(self) -> int:
        """Rows of the window."""
        return sum(part.rows for part in self.parts)

    @property
    def missing(self) -> int:
        """Rows without a value: null, or NaN."""
        return sum(part.nulls + part.nan for part in self.parts)

    @property
    def infinite(self) -> int:
        """Rows that hold an infinity."""
        return sum(part.pos_inf + part.neg_inf for part in self.parts)

    @property
    def held(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def values(self) -> Mapping[str, int] | None:
        """Rows by value, as text and without null and NaN; None where there are too many values to know them all."""
        if self.categories is None or not self.categories.exact:
            return None
        return _present(self.categories, self.kind)

    @property
    def whole(self) -> bool:
        """Whether all its values are whole numbers, as far as type or values tell: a null turns integers to floats."""
        values = self.values if self.kind == "number" else None
        return self.type.startswith(("int", "uint")) or (bool(values) and all(map(_WHOLE.fullmatch, values or ())))


@dataclass(frozen=True, eq=False)
class Evidence:
    """All columns of a source in the order of its files, and the rows of each of its partitions."""

    source: Source
    columns: Mapping[str, Column]
    rows: Mapping[str, int]

    @property
    def total(self) -> int:
        """Rows of the window."""
        return sum(self.rows.values())


def gather(found: Source, place: Place, is_id: Callable[[str], bool], advance: Progress) -> Evidence:
    """Read the window once for every column, and once more those that may be ids.

    Raises `BadInput` where an object cannot be read, or where there is no row.
    """
    seen = {name: Column(name, type_, found.kind(name)) for name, type_ in found.columns.items()}
    readable = {name: column for name, column in seen.items() if column.kind != "other"}
    reader = _Reader(found, place, advance)
    whole = _Window(readable)
    for partition, slices in reader.partitions("measure", readable):
        whole.add(partition, slices)
    if not sum(whole.rows.values()):
        raise BadInput(Fault(f"window {found.inputs.window.key}", "no rows", "rows to learn from"))
    known = {**seen, **whole.columns()}
    maybe = {name: _Id() for name, column in known.items() if _may_be_id(column, is_id)}
    for _, slices in reader.partitions("tell ids apart", maybe) if maybe else ():
        for frame in slices:
            for name, each in maybe.items():
                each.add(frame[name])
    ids = {name: replace(known[name], unique=each.unique(), shape=each.shape) for name, each in maybe.items()}
    return Evidence(found, {**known, **ids}, whole.rows)


def _may_be_id(column: Column, is_id: Callable[[str], bool]) -> bool:
    """Text or whole numbers that are called an id, or of which no value is known to occur twice."""
    if column.kind != "text" and not column.whole:
        return False
    values = column.values
    apart = values is None or len(values) == column.held > FEW
    return apart or (is_id(column.name) and len(values or ()) > FEW)


class _Reader:
    """Reads columns of a window partition by partition, telling how far it is."""

    def __init__(self, found: Source, place: Place, advance: Progress) -> None:
        self._found, self._place, self._advance = found, place, advance

    def partitions(self, stage: str, columns: Iterable[str]) -> Iterator[tuple[Partition, Iterator[pl.DataFrame]]]:
        wanted, parts = sorted(columns), self._found.inputs.partitions
        for at, partition in enumerate(parts):
            self._advance(Step(stage, at, len(parts)))
            yield partition, self._slices(partition, wanted)
        self._advance(Step(stage, len(parts), len(parts)))

    def _slices(self, partition: Partition, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
        try:
            yield from read_columns(self._found.spec, partition, wanted, self._place.archive, self._place.spool)
        except Unreadable as error:
            remedy = "Mend the file, or name a --window without it."
            raise BadInput(replace(fault, remedy=fault.remedy or remedy) for fault in error.faults) from error


class _Window:
    """The states of a window's readable columns, and what is looked at beside them."""

    def __init__(self, readable: Mapping[str, Column]) -> None:
        self._readable = readable
        self._needs = [Need(kind, (name,)) for name in readable for kind in ("counts", "grid", "categories")]
        self._states = measure((), self._needs)
        self._parts: list[Mapping[Need, State]] = []
        self._few: dict[str, list[Mapping[str, int]]] = {name: [] for name in readable}
        self._counts: dict[str, list[Counts]] = {name: [] for name in readable}
        self._texts: dict[str, tuple[int, int]] = {}
        self._times: dict[str, _Times] = {}
        self.rows: dict[str, int] = {}

    def add(self, partition: Partition, slices: Iterator[pl.DataFrame]) -> None:
        """Measure one partition more."""
        self.rows[partition.key] = 0
        states = measure(self._watched(partition, slices), self._needs)
        self._states = fold(self._states, [states])
        for name, column in self._readable.items():
            self._counts[name].append(counts.finish(states[Need("counts", (name,))]))
            known = categories.finish(states[Need("categories", (name,))])
            self._few[name].append(_present(known, column.kind) if len(known.counts) <= FEW + 2 else {})

    def columns(self) -> dict[str, Column]:
        """The readable columns with all that was seen of them."""
        return {name: self._column(column) for name, column in self._readable.items()}

    def _column(self, column: Column) -> Column:
        name = column.name
        times = self._times.get(name)
        held = sum(part.rows - part.nulls for part in self._counts[name])
        whole = replace(
            column,
            kind="time" if times and times.known == held else column.kind,
            parts=tuple(self._counts[name]),
            grid=grid.finish(self._states[Need("grid", (name,))]),
            categories=categories.finish(self._states[Need("categories", (name,))]),
            lengths=self._texts.get(name),
            in_day=times.inside / times.known if times and times.dated else None,
            latest=times.latest if times and times.dated else None,
        )
        few = whole.values is not None and len(whole.values) <= FEW
        return replace(whole, few=tuple(self._few[name]) if few else ())

    def _watched(self, partition: Partition, slices: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        for frame in slices:
            self.rows[partition.key] += frame.height
            for name, column in self._readable.items():
                if column.kind == "text":
                    texts = frame[name].drop_nulls().unique().cast(pl.String)
                    self._look_at(name, texts)
                    if texts.len() and _ISO.match(texts[0]):
                        self._time(name, frame[name].cast(pl.String), partition)
                elif column.kind == "time":
                    self._time(name, frame[name], partition)
            yield frame

    def _look_at(self, name: str, texts: pl.Series) -> None:
        lengths = texts.str.len_chars()
        if texts.len():
            low, high = self._texts.get(name, (2**62, 0))
            self._texts[name] = min(low, *lengths.bottom_k(1)), max(high, *lengths.top_k(1))

    def _time(self, name: str, values: pl.Series, partition: Partition) -> None:
        self._times.setdefault(name, _Times()).add(instants(values, "UTC").drop_nulls(), partition)


@dataclass
class _Times:
    """How many times of a column are known; of those of dated partitions how many, how many inside, and the latest."""

    known: int = 0
    dated: int = 0
    inside: int = 0
    latest: float = -math.inf

    def add(self, at: pl.Series, partition: Partition) -> None:
        """Look at times in microseconds, without nulls."""
        self.known += at.len()
        if partition.start is None or partition.end is None or not at.len():
            return
        start, end = microseconds(partition.start), microseconds(partition.end)
        self.dated += at.len()
        self.inside += int(at.is_between(start, end, closed="left").sum())
        self.latest = max(self.latest, *((moment - end) / _DAY for moment in at.top_k(1)))


def _present(found: Categories, kind: Kind) -> dict[str, int]:
    """Rows by value, without null and, of numbers, without NaN."""
    missing = {None, "NaN"} if kind == "number" else {None}
    return {value: count for value, count in found.counts.items() if value is not None and value not in missing}


class _Id:
    """Whether all values of a column are different, by their 64-bit hashes, and the shape of its texts.

    Of n values that are different, two share a hash with a probability below n² / 2^65: at a hundred million rows
    one in 3,700, and then no uniqueness is proposed. Takes 8 bytes a row, until the first value that repeats.
    """

    def __init__(self) -> None:
        self._hashes: list[np.ndarray[tuple[int], np.dtype[np.uint64]]] | None = []
        self._shaped = True
        self.shape: Shape | None = None

    def add(self, values: pl.Series) -> None:
        """Look at one slice more."""
        distinct = values.drop_nulls().unique(maintain_order=True)
        texts = distinct.cast(pl.String)
        if self._hashes is not None:
            repeats = texts.len() < values.len() - values.null_count()
            self._hashes = None if repeats else [*self._hashes, hash64(texts)]
        if self._shaped and texts.len():
            found = shape(texts) if distinct.dtype in {pl.String, pl.Categorical} else None
            self.shape = merged(self.shape, found) if self.shape and found else found
            self._shaped = self.shape is not None

    def unique(self) -> bool:
        """Whether no value was seen twice, of some."""
        if not self._hashes:
            return False
        every = np.concatenate(self._hashes)
        return len(every) > 0 and len(np.unique(every)) == len(every)
