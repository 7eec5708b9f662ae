"""The bytes of states, in memory and as kept, beside those of the columns that they are of."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from retroaudit.measures.measure import State
from tests.benchmarks.sides.columns import COLUMNS
from tests.benchmarks.sides.ours import all_needs, measured, opened, partition
from tests.benchmarks.sides.say import asked, say, versions


def main() -> None:
    """Weigh one day."""
    wanted = asked()
    spec, storage = opened(wanted["root"])
    (day,) = wanted["days"]
    path = Path(wanted["root"]) / f"archive/logs/date={day}/part-0.parquet"
    states = measured(spec, storage, partition(storage, f"logs/date={day}/"), all_needs(spec))
    by_measure: Counter[str] = Counter()
    by_column: Counter[str] = Counter()
    for need, state in states.items():
        by_measure[need.measure] += (size := _parquet(state))
        by_column[need.columns[0] if len(need.columns) == 1 else "all"] += size
    of_columns = _chunks(path)
    say(
        column_bytes=sum(of_columns.values()),
        column_memory=pl.read_parquet(path, columns=list(COLUMNS)).estimated_size(),
        state_bytes=by_measure.total(),
        state_memory=sum(state.estimated_size() for state in states.values()),
        by_measure=dict(by_measure),
        by_column={name: [of_columns.get(name), size] for name, size in sorted(by_column.items())},
        versions=versions("retroaudit", "polars", "pyarrow", "numpy"),
    )


def _parquet(state: State) -> int:
    buffer = io.BytesIO()
    state.write_parquet(buffer)
    return len(buffer.getvalue())


def _chunks(path: Path) -> dict[str, int]:
    footer = pq.read_metadata(path)
    sizes: Counter[str] = Counter()
    for group in range(footer.num_row_groups):
        for leaf in range(footer.num_columns):
            chunk = footer.row_group(group).column(leaf)
            sizes[chunk.path_in_schema] += chunk.total_compressed_size
    return dict(sizes)


if __name__ == "__main__":
    main()
