"""Labels of one decision date as they were known at some cut-offs: a lookup by id, and what became of every label row.

At each cut-off every row read is tallied once: `no_id`, `no_label`, `late`, `immature`, `duplicate`, `superseded`,
`conflicting`, or it is the one that speaks for its id. An id that speaks is `unmatched` where the partition has no row
of it. Besides, `undated` are the rows seen although nothing says that they had arrived: there is a cut-off, but the
labels carry no time of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from retroaudit.archive.outcomes import outcome
from retroaudit.archive.times import instants, microseconds
from retroaudit.faults import Fault, Unreadable
from retroaudit.spec.model import Scalar

LOOKUP_BYTES = 2**30  # what the labels of one decision date may take in memory
_ROW_BYTES = 64
_FIRST = -(2**63)
_NOTHING = pl.DataFrame(schema={"@id": pl.String, "label": pl.Int8})


@dataclass(frozen=True)
class Cutoff:
    """A moment up to which labels are seen, None for all; and whether the partition's decisions are mature by then."""

    at: datetime | None
    mature: bool = True


@dataclass(frozen=True)
class Lookup:
    """Labels by id, and how many label rows came to what, at each cut-off.

    `frame` has the columns `row`, `@id` (String, unique) and, for each cut-off, `0`, `1` and so on (Int8: 1, 0, -1
    invalid, null none).
    """

    frame: pl.DataFrame
    tallies: tuple[Mapping[str, int], ...]


@dataclass(frozen=True)
class LabelColumns:
    """Names of the columns of label files; `arrived` is None where labels carry no time of arrival."""

    id: str
    label: str
    arrived: str | None
    positive: tuple[Scalar, ...]
    zone: str


def text_ids(ids: pl.Series) -> pl.Series:
    """Ids as text, so that 7, 7.0 (what an integer becomes beside a null) and "7" are one id; null stays null."""
    if ids.dtype.is_float():
        whole = ids.cast(pl.Int64, strict=False)
        return whole.cast(pl.String).zip_with((whole == ids).fill_null(value=False), ids.cast(pl.String))
    return ids.cast(pl.String)


def lookup(slices: Iterable[tuple[str, pl.DataFrame]], columns: LabelColumns, cutoffs: Sequence[Cutoff]) -> Lookup:
    """Reduce label rows, a slice with its object's key at a time, to one label an id and cut-off.

    Seen are rows that arrived at or before the cut-off (all rows where it is None); a row without a readable time of
    arrival is late. Among rows of one id: the same label twice is a duplicate; of different labels the latest
    speaks; of different ones at the same latest time none does. Raises `Unreadable` beyond 1 GiB of distinct ids.
    """
    seen = [pl.DataFrame(schema={"@id": pl.String, "label": pl.Int8, "arrived": pl.Int64, "rows": pl.Int64})]
    size = no_id = 0
    for key, frame in slices:
        rows = _rows(frame, columns)
        no_id += frame.height - rows.height
        seen.append(rows)
        size += _size(rows)
        if size > LOOKUP_BYTES:
            seen = [_seen(pl.concat(seen))]
            size = _size(seen[0])
        if size > LOOKUP_BYTES:
            raise Unreadable(Fault(key, f"over {size} bytes of label ids in one day", f"at most {LOOKUP_BYTES}"))
    return _at_all(pl.concat(seen), no_id, cutoffs, dated=columns.arrived is not None)


def unseen(rows: int, cutoffs: int) -> Lookup:
    """The lookup of a date whose labels are mature at none of the cut-offs: none of its `rows` is seen."""
    return _together([(_NOTHING, {"immature": rows})] * cutoffs)


def _rows(frame: pl.DataFrame, columns: LabelColumns) -> pl.DataFrame:
    """Id, label and arrival of the rows that have an id; a column that the file does not have is null.

    Rows without a label are not told apart by their id. Without a column of arrivals, all arrived at the beginning.
    """

    def column(name: str) -> pl.Series:
        return frame[name] if name in frame.columns else pl.repeat(None, frame.height, dtype=pl.String, eager=True)

    arrived = pl.repeat(_FIRST, frame.height, dtype=pl.Int64, eager=True)
    if columns.arrived is not None:
        arrived = instants(column(columns.arrived), columns.zone)
    data = {"@id": text_ids(column(columns.id)), "label": outcome(column(columns.label), columns.positive)}
    rows = pl.DataFrame({**data, "arrived": arrived, "rows": pl.repeat(1, frame.height, dtype=pl.Int64, eager=True)})
    blank = pl.col("label").is_null()
    return rows.filter(pl.col("@id").is_not_null()).with_columns(pl.when(~blank).then("@id").alias("@id"))


def _size(rows: pl.DataFrame) -> int:
    return rows.height * _ROW_BYTES + int(rows["@id"].str.len_bytes().sum() or 0)


def _seen(rows: pl.DataFrame) -> pl.DataFrame:
    """One row for each id, label and arrival, with how many rows said so."""
    return rows.group_by("@id", "label", "arrived").agg(pl.col("rows").sum())


def _at_all(seen: pl.DataFrame, no_id: int, cutoffs: Sequence[Cutoff], *, dated: bool) -> Lookup:
    """The labels at each cut-off; where no row arrived since the one before, they are the same."""
    decided: list[tuple[pl.DataFrame, Mapping[str, int]]] = []
    rows, before = int(seen["rows"].sum()), -1
    for cutoff in cutoffs:
        if not cutoff.mature:
            decided.append((_NOTHING, {"immature": no_id + rows}))
            continue
        there = pl.col("arrived").is_not_null()
        known = seen.filter(there if cutoff.at is None else there & (pl.col("arrived") <= microseconds(cutoff.at)))
        on_time = int(known["rows"].sum())
        if on_time == before:
            decided.append(decided[-1])
            continue
        before = on_time
        labelled = known.filter(pl.col("label").is_not_null())
        said = int(labelled["rows"].sum())
        undated = said if cutoff.at is not None and not dated else 0
        own = {"no_id": no_id, "no_label": on_time - said, "late": rows - on_time, "undated": undated}
        labels, tallies = _decide(labelled)
        decided.append((labels, {**own, **tallies}))
    return _together(decided)


def _decide(seen: pl.DataFrame) -> tuple[pl.DataFrame, Mapping[str, int]]:
    """The one label of each id; where an id has several, the latest, if the latest agree."""
    label, rows = pl.col("label"), pl.col("rows")
    ids = seen.group_by("@id").agg(label.min(), label.max().alias("other"), rows.sum())
    agreed = ids.filter(label == pl.col("other"))
    disputed = seen.join(ids.filter(label != pl.col("other")), on="@id", how="semi")
    last = disputed.filter(pl.col("arrived") == pl.col("arrived").max().over("@id")).group_by("@id")
    spoken = last.agg(label.min(), label.max().alias("other")).filter(label == pl.col("other"))
    told = disputed.join(spoken.select("@id", chosen="label"), on="@id", how="left")

    def count(condition: pl.Expr) -> int:
        return int(told.filter(condition)["rows"].sum())

    repeated = int(agreed["rows"].sum()) - agreed.height + count(label == pl.col("chosen")) - spoken.height
    return pl.concat(each.select("@id", "label") for each in (agreed, spoken)), {
        "conflicting": count(pl.col("chosen").is_null()),
        "superseded": count(label != pl.col("chosen")),
        "duplicate": repeated,
    }


def _together(decided: Sequence[tuple[pl.DataFrame, Mapping[str, int]]]) -> Lookup:
    """The labels at all cut-offs side by side, by id."""
    frame = decided[0][0].rename({"label": "0"})
    for place, (labels, _) in enumerate(decided[1:], 1):
        name = str(place)
        if labels is decided[place - 1][0]:
            frame = frame.with_columns(pl.col(str(place - 1)).alias(name))
        else:
            frame = frame.join(labels.rename({"label": name}), on="@id", how="full", coalesce=True)
    return Lookup(frame.with_row_index("row"), tuple(tallies for _, tallies in decided))
