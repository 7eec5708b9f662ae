"""A small archive on disk, and the whole way from pinning to the account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from retroaudit.archive.cutoffs import decoded
from retroaudit.archive.hashing import Memory
from retroaudit.archive.inputs import Accounting, Inputs
from retroaudit.archive.pin import pin
from retroaudit.archive.read import Reading, account, read_partition
from retroaudit.spec.model import Spec
from retroaudit.spec.window import parse_window
from retroaudit.storage.local import LocalStorage
from tests.memory import InMemory

COLUMNS = {"time": "t", "id": "id", "version": "v", "prediction": "p", "score": "s", "label": "y"}
DAY = "2026-07-01"


def spec_of(**parts: Any) -> Spec:
    """A spec of dated logs; `columns` adds to the roles, or takes one away with None."""
    columns = COLUMNS | parts.pop("columns", {})
    document = {"model": "m", "owner": "o", "logs": {"path": "logs/date={date}/*.parquet"}} | parts
    return Spec.model_validate(document | {"columns": {k: v for k, v in columns.items() if v is not None}})


def rows_of(n: int, day: str = DAY, **columns: Any) -> pl.DataFrame:
    """`n` valid rows of a day, ten seconds apart from its noon in UTC."""
    start = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    i = pl.int_range(n)
    return pl.select(
        t=start + pl.duration(seconds=i * 10),
        id=pl.format("r{}", i),
        v=pl.lit("1.4.0").repeat_by(n).explode() if n else pl.Series([], dtype=pl.String),
        p=i % 2,
        s=(i / max(1, n)).cast(pl.Float64),
        y=i // 2 % 2,
    ).with_columns(**columns)


def reasons(rows: pl.DataFrame) -> Mapping[str | None, int]:
    """Rows by reason, as the measure `rows` counts them."""
    return dict(rows.group_by("@excluded").len().iter_rows())


class Archive:
    """A directory with Parquet files, and the stages over it."""

    def __init__(self, root: Path) -> None:
        self.root = root / "archive"
        self.spool = root / "spool"
        self.root.mkdir(parents=True)
        self.spool.mkdir()
        self.storage = LocalStorage(self.root.resolve())
        self.states = InMemory()

    def write(self, key: str, frame: pl.DataFrame | bytes) -> Path:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(frame, bytes):
            path.write_bytes(frame)
        else:
            frame.write_parquet(path)
        return path

    def log(self, frame: pl.DataFrame | bytes, name: str = "a", day: str = DAY) -> Path:
        return self.write(f"logs/date={day}/{name}.parquet", frame)

    def pin(self, spec: Spec, window: str = DAY, as_of: datetime | None = None) -> Inputs:
        return pin(spec, parse_window(window, spec.time.zone), as_of, self.storage, Memory(self.states))

    def open(
        self, spec: Spec, window: str = DAY, as_of: datetime | None = None, columns: Iterable[str] = ()
    ) -> Reading:
        partition = self.pin(spec, window, as_of).partitions[0]
        return read_partition(spec, partition, (as_of,), tuple(columns), self.storage, self.spool)

    def read(
        self, spec: Spec, window: str = DAY, as_of: datetime | None = None, columns: Iterable[str] = ()
    ) -> tuple[pl.DataFrame, Accounting]:
        """All prepared rows of the window's first partition, and its account."""
        reading = self.open(spec, window, as_of, columns)
        frames = list(reading.slices)
        rows = pl.concat(frames) if frames else pl.DataFrame(schema={"@excluded": pl.String})
        if reading.known is not None:
            rows = rows.with_columns(decoded(pl.col("@label"), 0))
        return rows, account(reading, reasons(rows), 0)
