"""Control totals: how many rows somebody else counted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from retroaudit.archive.footer import Footer
from retroaudit.archive.inputs import Partition
from retroaudit.archive.objects import opened
from retroaudit.archive.scan import slices
from retroaudit.faults import Fault, Unreadable
from retroaudit.spec.model import Limits
from retroaudit.storage.protocol import Storage

ROWS = "rows"


@dataclass(frozen=True)
class ControlTotal:
    """The total, or None with the reason why there is none."""

    rows: int | None
    fault: str = ""


def control_total(partition: Partition, storage: Storage, spool: Path, limits: Limits) -> ControlTotal:
    """The sum of the integer column `rows` over the partition's control objects.

    None, with the reason, where there is no object, where one cannot be read, or where a count is missing or
    negative: a wrong control total never stops the audit of the rows, it leaves them without evidence.
    """
    if not partition.control:
        return ControlTotal(None, "no control total")
    total = 0
    try:
        for pinned in partition.control:
            key = pinned.info.key
            with opened(pinned, storage, spool, limits) as (path, found):
                _check_column(found, key)
                total += sum(_sum(frame[ROWS], key) for frame in slices(path, key, found, {ROWS}, limits))
    except Unreadable as error:
        return ControlTotal(None, str(error))
    return ControlTotal(total)


def _check_column(found: Footer, key: str) -> None:
    column = found.columns.get(ROWS)
    if column is None or not column.type.startswith(("int", "uint")):
        what = "no column rows" if column is None else f"{column.type} in the column rows"
        raise Unreadable(Fault(key, what, "an integer column rows"))


def _sum(counts: pl.Series, key: str) -> int:
    if counts.null_count() or (counts < 0).any():
        raise Unreadable(Fault(key, "a count that is missing or negative", "the rows of a group"))
    return sum(counts.to_list())
