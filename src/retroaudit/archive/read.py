"""One partition, read: prepared slices for the measures, and afterwards the account of every row (law 2)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from retroaudit.archive.arrivals import Arrivals
from retroaudit.archive.control import ControlTotal, control_total
from retroaudit.archive.cutoffs import is_mature
from retroaudit.archive.footer import Footer
from retroaudit.archive.inputs import Accounting, Partition, Pinned
from retroaudit.archive.labels import Cutoff, LabelColumns, Lookup, lookup, unseen
from retroaudit.archive.objects import opened
from retroaudit.archive.outcomes import positives
from retroaudit.archive.rows import prepare, roles, typed
from retroaudit.archive.scan import slices
from retroaudit.archive.tally import Tally
from retroaudit.faults import Fault, IntegrityBroken, Unreadable
from retroaudit.spec.model import Spec
from retroaudit.storage.protocol import Storage


@dataclass(frozen=True)
class Reading:
    """A partition on its way through the measures: `slices` may be consumed once, `account` is asked afterwards."""

    partition: Partition
    slices: Iterator[pl.DataFrame]
    tally: Tally
    known: Lookup | None
    arrivals: Arrivals
    control: ControlTotal | None
    has_ids: bool  # whether the spec names the column of ids


def read_partition(
    spec: Spec,
    partition: Partition,
    cutoffs: Sequence[datetime | None],
    columns: Collection[str],
    storage: Storage,
    spool: Path,
) -> Reading:
    """Open one partition, or the reference snapshot (no time bounds); `columns` are those that will be measured.

    Labels are looked at as of each of the `cutoffs`, of which there is at least one. They are read now, the logs while
    `slices` is consumed, one file at a time below `spool`. Raises `Unreadable`, now or while consuming, where any
    object of the partition cannot be read: the partition is then excluded whole (`unreadable`). Raises
    `IntegrityBroken` where an object is no longer what was pinned.
    """
    arrivals = _arrivals(spec)
    known = _labels(spec, partition, cutoffs, storage, spool, arrivals)
    control = control_total(spec, partition, storage, spool) if spec.logs.control else None
    tally = Tally.of(known)
    rows = _rows(
        spec=spec, partition=partition, columns=columns, storage=storage, spool=spool, known=known, tally=tally
    )
    return Reading(partition, rows, tally, known, arrivals, control, spec.columns.id is not None)


def read_columns(
    spec: Spec, partition: Partition, columns: Collection[str], storage: Storage, spool: Path
) -> Iterator[pl.DataFrame]:
    """The named columns alone, where it is known that every row counts. Raises as `read_partition` does."""
    for pinned in partition.logs:
        with opened(pinned, storage, spool, spec.limits) as (path, found):
            for frame in slices(path, pinned.info.key, found, columns, spec.limits, _countable(spec, columns)):
                yield typed(frame, spec, columns)


def account(reading: Reading, rows: Mapping[str | None, int], cutoff: int = 0) -> Accounting:
    """The account of a partition that was consumed whole, with its labels as of one of its cut-offs.

    `rows` are the rows by reason that the measures saw.

    Raises `IntegrityBroken` where the measures did not see every row that was read.
    """
    excluded = {reason: count for reason, count in sorted(rows.items(), key=str) if reason is not None and count}
    counted, tally, control = rows.get(None, 0), reading.tally, reading.control or ControlTotal(None)
    if counted + sum(excluded.values()) != tally.rows:
        raise IntegrityBroken(
            Fault(f"rows of {reading.partition.key}", f"{sum(rows.values())} measured", f"{tally.rows} read")
        )
    return Accounting(
        partition=reading.partition.key,
        objects=len(reading.partition.logs),
        read=tally.rows,
        counted=counted,
        excluded=excluded,
        control=control.rows,
        control_fault=control.fault,
        control_by_version=control.by_version,
        labels=tally.labels(reading.known, cutoff),
        duplicate_ids=tally.duplicate_ids if reading.has_ids else None,
        null_ids=tally.null_ids if reading.has_ids else None,
    )


def unreadable(partition: Partition, error: Unreadable) -> Accounting:
    """The account of a partition that was excluded whole: nothing of it counts."""
    return Accounting(partition.key, len(partition.logs), read=0, counted=0, unreadable=str(error))


def _rows(
    *,
    spec: Spec,
    partition: Partition,
    columns: Collection[str],
    storage: Storage,
    spool: Path,
    known: Lookup | None,
    tally: Tally,
) -> Iterator[pl.DataFrame]:
    wanted = frozenset(columns) | roles(spec)
    for pinned in partition.logs:
        with opened(pinned, storage, spool, spec.limits) as (path, found):
            if spec.columns.time is not None and partition.start:
                _check_time(spec.columns.time, pinned, found)
            for frame in slices(path, pinned.info.key, found, wanted, spec.limits, _countable(spec, columns)):
                prepared = prepare(frame, spec=spec, partition=partition, columns=columns, known=known)
                tally.add(prepared)
                yield prepared.rows


def _countable(spec: Spec, columns: Collection[str]) -> frozenset[str]:
    """Columns that are only counted: their text may come coded."""
    return frozenset(columns) - roles(spec)


def _check_time(name: str, pinned: Pinned, found: Footer) -> None:
    column = found.columns.get(name)
    if column and not (column.kind == "time" or column.type in {"string", "null"}):
        expected = "a timestamp, a date or ISO 8601 text"
        raise Unreadable(Fault(pinned.info.key, f"{column.type} in the time column {name[:100]!r}", expected))


def last_arrival(spec: Spec, partition: Partition, storage: Storage, spool: Path) -> int:
    """When the last label of a partition arrived, from that column alone. Raises as `read_partition` does."""
    arrivals = _arrivals(spec)
    for _ in arrivals.seen(_label_slices(spec, partition, {arrivals.column}, storage, spool)):
        pass
    return arrivals.last


def _arrivals(spec: Spec) -> Arrivals:
    return Arrivals(spec.labels.arrived if spec.labels else None, spec.time.zone)


def _labels(
    spec: Spec,
    partition: Partition,
    cutoffs: Sequence[datetime | None],
    storage: Storage,
    spool: Path,
    arrivals: Arrivals,
) -> Lookup | None:
    """The labels kept apart, or None where they are a column of the logs: no label path, or a reference."""
    own = spec.columns
    if not kept_apart(spec, partition) or spec.labels is None or own.id is None or own.label is None:
        return None
    known = [Cutoff(at, is_mature(spec, partition, at)) for at in cutoffs]
    if not any(cutoff.mature for cutoff in known):
        return unseen(sum(_count(pinned, storage, spool, spec) for pinned in partition.labels), len(known))
    wanted = LabelColumns(own.id, own.label, spec.labels.arrived, positives(own.positive), spec.time.zone)
    names = {wanted.id, wanted.label, wanted.arrived}
    return lookup(arrivals.seen(_label_slices(spec, partition, names, storage, spool)), wanted, known)


def kept_apart(spec: Spec, partition: Partition) -> bool:
    """Whether a partition's labels have files of their own: not those of a reference, which lie in its rows."""
    return spec.labels is not None and (partition.start is not None or bool(partition.labels))


def _count(pinned: Pinned, storage: Storage, spool: Path, spec: Spec) -> int:
    with opened(pinned, storage, spool, spec.limits) as (_, found):
        return found.rows


def _label_slices(
    spec: Spec, partition: Partition, names: Collection[str | None], storage: Storage, spool: Path
) -> Iterator[tuple[str, pl.DataFrame]]:
    wanted = {name for name in names if name is not None}
    for pinned in partition.labels:
        with opened(pinned, storage, spool, spec.limits) as (path, found):
            for frame in slices(path, pinned.info.key, found, wanted, spec.limits):
                yield pinned.info.key, frame
