"""1, 10 and 100 partitions from their rows: time and memory by their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

from tests.benchmarks.harness import (
    COLUMNS,
    Document,
    Ran,
    Size,
    alternate,
    line,
    link_days,
    marginal,
    memory,
    run_side,
    side,
    workplace,
)
from tests.benchmarks.windows import LOGS, audited, days

NAME = "partitions"


def run(size: Size) -> Iterator[Document]:
    """What a partition more costs, between the first two numbers and between the last two; and peak memory."""
    few, some, many = size.partitions
    with workplace(size) as root:
        link_days(root, days(many), size, size.partition_rows)
        run_side("prepare", {"root": str(root), "logs": LOGS})
        ran = alternate({str(number): (size.slow_repeats, _fresh(root, number)) for number in size.partitions})
    sides = {
        number: side(f"{number} partitions", ran[str(number)], lambda r: r.said["auditing"])
        for number in size.partitions
    }
    work = f"{few}, {some}, {many} partitions of {size.partition_rows:,} rows x {COLUMNS} columns"
    both = (sides[some], sides[many])
    lined = partial(line, benchmark=NAME, size=size, work=work, sides=both, reach=("<=", 1.15))
    each = (marginal(sides[few], sides[some], (few, some)), marginal(sides[some], sides[many], (some, many)))
    yield lined(
        row="seconds a partition",
        ratio=each[1] / each[0],
        seconds_a_partition=[round(seconds, 4) for seconds in each],
        alone=sides[few],
        rows_per_second=round(size.partition_rows / each[1]),
    )
    yield lined(row="memory", ratio=memory(both))


def _fresh(root: Path, number: int) -> Callable[[], Ran]:
    """So many days from their rows each time: with states and a store that nobody has used."""
    turn = count()

    def run() -> Ran:
        name = f"{number}-{next(turn)}"
        return audited(root, number, name, f"states-{name}")

    return run
