"""Control totals: how many rows somebody else counted, in all and by version of the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from retroaudit.archive.footer import Footer
from retroaudit.archive.inputs import Partition
from retroaudit.archive.objects import opened
from retroaudit.archive.scan import slices
from retroaudit.faults import Fault, Unreadable
from retroaudit.spec.model import Spec
from retroaudit.storage.protocol import Storage

ROWS = "rows"
VERSION = "version"  # where there is no column of the spec's own name
DAY = "day"
MOST_VERSIONS = 10_000
_MOST_ROWS = 10**12  # a partition; JSON tells the sum of 9,000 of them exactly


@dataclass(frozen=True)
class ControlTotal:
    """The total, or None with the reason why there is none; by version where versions are told apart."""

    rows: int | None
    fault: str = ""
    by_version: Mapping[str, int] | None = None


def control_total(spec: Spec, partition: Partition, storage: Storage, spool: Path) -> ControlTotal:
    """The sum of the integer column `rows` over the partition's control objects.

    Where they have a column `date` or `day`, rows of other days are left out (the day as it is written; of a
    timestamp, in UTC). Where the logs have versions and all objects have them too (a column of the same name, or
    `version`), the sum is also told by version; rows without one are in the sum alone.

    None, with the reason, where there is no object, where one cannot be read, where all rows are of other days, and
    where a count or its day is missing, or a count is negative: a wrong control total never stops the audit of the
    rows, it leaves them without evidence.
    """
    if not partition.control:
        return ControlTotal(None)
    counted: Counter[str | None] = Counter()
    listed = kept = 0
    versioned = spec.columns.version is not None
    try:
        for frame in _frames(spec, partition, storage, spool):
            own = _of_day(frame, partition)
            listed, kept = listed + frame.height, kept + own.height
            versioned &= VERSION in frame.columns
            _add(counted, own, partition)
    except Unreadable as error:
        return ControlTotal(None, str(error))
    if listed and not kept:
        return ControlTotal(None, f"the control totals have no row of {partition.key}")
    by_version = {version: rows for version, rows in sorted(counted.items(), key=str) if version is not None}
    return ControlTotal(counted.total(), by_version=by_version if versioned else None)


def _frames(spec: Spec, partition: Partition, storage: Storage, spool: Path) -> Iterator[pl.DataFrame]:
    """The rows of all control objects: `rows`, with `version` and `day` as text where the object has them."""
    for pinned in partition.control:
        with opened(pinned, storage, spool, spec.limits) as (path, found):
            names = _names(spec, partition, pinned.info.key, found)
            for frame in slices(path, pinned.info.key, found, names.values(), spec.limits):
                yield frame.select(
                    frame[name].alias(use) if use == ROWS else frame[name].cast(pl.String).alias(use)
                    for use, name in names.items()
                )


def _names(spec: Spec, partition: Partition, key: str, found: Footer) -> dict[str, str]:
    """The object's column for each use; a column within another, or a list, is of none."""
    kind = found.columns[ROWS].type if ROWS in found.columns else ""
    if not kind.startswith(("int", "uint")):
        what = f"{kind} in the column rows" if kind else "no column rows"
        raise Unreadable(Fault(key, what, "an integer column rows"))
    plain = [name for name, column in found.columns.items() if column.leaf is not None and name != ROWS]
    versions = [name for name in (spec.columns.version, VERSION) if name in plain]
    days = [name for name in ("date", DAY) if name in plain and partition.start is not None]
    uses = {ROWS: [ROWS], VERSION: versions, DAY: days}
    return {use: names[0] for use, names in uses.items() if names}


def _of_day(frame: pl.DataFrame, partition: Partition) -> pl.DataFrame:
    if DAY not in frame.columns:
        return frame
    days = frame[DAY].str.slice(0, len("2026-07-01"))
    if days.null_count():
        raise _useless(partition, "a count without its day")
    return frame.filter(days == partition.key)


def _add(counted: Counter[str | None], frame: pl.DataFrame, partition: Partition) -> None:
    """Add up the rows by version (None where there is none), as whole numbers of any size."""
    if frame[ROWS].null_count() or (frame[ROWS] < 0).any():
        raise _useless(partition, "a count that is missing or negative")
    versions = frame[VERSION] if VERSION in frame.columns else [None] * frame.height
    for version, rows in zip(versions, frame[ROWS], strict=True):
        counted[version] += rows
    if len(counted) > MOST_VERSIONS:
        raise _useless(partition, f"more than {MOST_VERSIONS} versions")
    if counted.total() > _MOST_ROWS:
        raise _useless(partition, f"{counted.total()} rows")


def _useless(partition: Partition, found: str) -> Unreadable:
    return Unreadable(Fault(f"control totals of {partition.key}", found, "the rows of the day, by version"))
