"""Labels of one decision date as they were known at `as_of`: a lookup by id, and what became of every label row.

Every row read is tallied once: `no_id`, `no_label`, `late`, `immature`, `duplicate`, `superseded`, `conflicting`,
or it is the one that speaks for its id. An id that speaks is `unmatched` where the partition has no row of it.
Besides, `undated` are the rows seen although nothing says that they had arrived: there is an `as_of`, but the labels
carry no time of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from retroaudit.archive.outcomes import outcome
from retroaudit.archive.times import instants, microseconds
from retroaudit.faults import Fault, Unreadable
from retroaudit.spec.model import Scalar

LOOKUP_BYTES = 2**30  # what the labels of one decision date may take in memory
_ROW_BYTES = 64


@dataclass(frozen=True)
class Lookup:
    """Labels by id, and how many label rows came to what.

    `frame` has the columns `row`, `@id` (String, unique) and `label` (Int8: 1, 0, -1 invalid).
    """

    frame: pl.DataFrame
    tallies: Mapping[str, int]


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


def lookup(slices: Iterable[tuple[str, pl.DataFrame]], columns: LabelColumns, as_of: datetime | None) -> Lookup:
    """Reduce label rows, a slice with its object's key at a time, to one label an id.

    Seen are rows that arrived at or before `as_of` (all rows where it is None); a row without a readable time of
    arrival is late. Among rows of one id: the same label twice is a duplicate; of different labels the latest
    speaks; of different ones at the same latest time none does. Raises `Unreadable` beyond 1 GiB of distinct ids.
    """
    tallies = dict.fromkeys(("no_id", "no_label", "late", "duplicate", "superseded", "conflicting", "undated"), 0)
    seen = [pl.DataFrame(schema={"@id": pl.String, "label": pl.Int8, "arrived": pl.Int64, "rows": pl.Int64})]
    size = 0
    for key, frame in slices:
        rows, reasons = _rows(frame, columns, as_of)
        for reason, where in reasons.items():
            tallies[reason] += int(where.sum())
        fresh = rows.filter(~pl.any_horizontal(*reasons.values()))
        tallies["undated"] += fresh.height if as_of is not None and columns.arrived is None else 0
        seen.append(fresh)
        size += _size(fresh)
        if size > LOOKUP_BYTES:
            seen = [_seen(pl.concat(seen))]
            size = _size(seen[0])
        if size > LOOKUP_BYTES:
            raise Unreadable(Fault(key, f"over {size} bytes of label ids in one day", f"at most {LOOKUP_BYTES}"))
    return _decide(pl.concat(seen), tallies)


def unseen(rows: int) -> Lookup:
    """The lookup of a date whose labels are not mature at `as_of`: none of its `rows` is seen."""
    return Lookup(pl.DataFrame(schema={"row": pl.UInt32, "@id": pl.String, "label": pl.Int8}), {"immature": rows})


def _rows(
    frame: pl.DataFrame, columns: LabelColumns, as_of: datetime | None
) -> tuple[pl.DataFrame, Mapping[str, pl.Series]]:
    """Id, label and arrival; and why rows are not looked at, each for one reason. An absent column is null."""

    def column(name: str) -> pl.Series:
        return frame[name] if name in frame.columns else pl.repeat(None, frame.height, dtype=pl.String, eager=True)

    arrived = pl.repeat(0, frame.height, dtype=pl.Int64, eager=True)
    late = pl.repeat(value=False, n=frame.height, eager=True)
    if columns.arrived is not None:
        arrived = instants(column(columns.arrived), columns.zone)
        late = arrived.is_null() if as_of is None else (arrived > microseconds(as_of)).fill_null(value=True)
    ids, label = text_ids(column(columns.id)), outcome(column(columns.label), columns.positive)
    named = ids.is_not_null()
    reasons = {"no_id": ~named, "late": named & late, "no_label": named & ~late & label.is_null()}
    rows = {"@id": ids, "label": label, "arrived": arrived}
    return pl.DataFrame(rows).with_columns(rows=pl.lit(1, pl.Int64)), reasons


def _size(rows: pl.DataFrame) -> int:
    return rows.height * _ROW_BYTES + int(rows["@id"].str.len_bytes().sum() or 0)


def _seen(rows: pl.DataFrame) -> pl.DataFrame:
    """One row for each id, label and arrival, with how many rows said so."""
    return rows.group_by("@id", "label", "arrived").agg(pl.col("rows").sum())


def _decide(seen: pl.DataFrame, tallies: dict[str, int]) -> Lookup:
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

    tallies["conflicting"] = count(pl.col("chosen").is_null())
    tallies["superseded"] = count(label != pl.col("chosen"))
    tallies["duplicate"] = int(agreed["rows"].sum()) - agreed.height + count(label == pl.col("chosen")) - spoken.height
    return Lookup(pl.concat(each.select("@id", "label") for each in (agreed, spoken)).with_row_index("row"), tallies)
