"""What states weigh, and what an audit reads and asks for: the constants of cost."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.harness import COLUMNS, Document, Size, line, link_days, run_side, workplace
from tests.benchmarks.windows import LOGS, days

NAME = "states"


def run(size: Size) -> Iterator[Document]:
    """State bytes a column and day, as Parquet and in memory; bytes and requests a partition."""
    few, more = 1, 3
    with workplace(size) as root:
        link_days(root, days(more), size, size.rows)
        run_side("prepare", {"root": str(root), "logs": LOGS})
        ran = run_side("weigh", {"root": str(root), "days": days(more)[:1]})
        counted = [run_side("requests", {"root": str(root), "days": number}).said["asked"] for number in (few, more)]
    found = ran.said
    asked = {name: (counted[1].get(name, 0) - counted[0].get(name, 0)) / (more - few) for name in sorted(counted[1])}
    columns, kept = found["column_bytes"], found["state_bytes"]
    yield line(
        benchmark=NAME,
        row="state bytes over column bytes",
        size=size,
        work=f"one day of {size.rows:,} rows x {COLUMNS} columns",
        sides=(
            {"what": "the columns, as Parquet", "bytes": columns},
            {"what": "their states, as Parquet", "bytes": kept},
        ),
        ratio=kept / columns,
        reach=("<=", 0.2),
        rows=size.rows,
        columns=COLUMNS,
        versions=found["versions"],
        state_bytes_a_column=round(kept / COLUMNS),
        in_memory={"columns": found["column_memory"], "states": found["state_memory"]},
        by_measure=found["by_measure"],
        by_column=found["by_column"],
        asked_a_partition=asked,
    )
