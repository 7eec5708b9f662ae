"""A window of days from the states of its days, against the same window from its rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from tests.benchmarks.harness import (
    COLUMNS,
    Document,
    Ran,
    Size,
    line,
    link_days,
    memory,
    run_side,
    side,
    times,
    workplace,
)

NAME = "windows"
FIRST = date(2026, 1, 1)
LOGS = "logs/date={date}/*.parquet"


def run(size: Size) -> Iterator[Document]:
    """Time from states, and memory of a third of the window against the whole.

    The windows from states begin later by a day each time: their days are there, and nobody has merged them before.
    """
    number, third = size.days, max(1, size.days // 3)
    with workplace(size) as root:
        link_days(root, days(number + size.repeats), size, size.day_rows)
        run_side("prepare", {"root": str(root), "logs": LOGS})
        scratch = audited(root, number, "scratch", "states")
        for day in range(number, number + size.repeats):
            audited(root, 1, f"day-{day}", "states", day)
        moved = [audited(root, number, f"from-{day}", "states", day) for day in range(1, 1 + size.repeats)]
        shorter = audited(root, third, "third", "states", 1)
        again = audited(root, number, "again", "states")
    work = f"{number} days x {size.day_rows:,} rows x {COLUMNS} columns"
    sides = (_side("from rows", [scratch]), _side("from states, merged anew", moved))
    yield line(
        benchmark=NAME,
        row="from states",
        size=size,
        work=work,
        sides=sides,
        ratio=times(sides),
        reach=(">=", 15),
        whole=round(scratch.said["auditing"] / min(each.said["auditing"] for each in moved), 2),
        merged_before_seconds=again.said["auditing"],
        stages=[each.said["stages"] for each in (scratch, moved[-1], again)],
        rows_read=[scratch.said["rows_read"], max(each.said["rows_read"] for each in (*moved, again))],
        same_report=again.said["report"] == scratch.said["report"],
    )
    flat = (_side(f"{third} days from states, merged anew", [shorter]), sides[1])
    yield line(
        benchmark=NAME,
        row="from states: memory",
        size=size,
        work=work,
        sides=flat,
        ratio=memory(flat),
        reach=("<=", 1.15),
    )


def days(number: int) -> list[str]:
    """So many days from the first on."""
    return [(FIRST + timedelta(days=i)).isoformat() for i in range(number)]


def audited(root: Path, number: int, store: str, states: str, first: int = 0) -> Ran:
    """Audit so many days from the first (by its number) on, in a fresh process, into a store of its own."""
    begin = FIRST + timedelta(days=first)
    window = f"{begin}/{begin + timedelta(days=number)}"
    return run_side("window", {"root": str(root), "window": window, "store": f"stores/{store}", "states": states})


def _side(what: str, runs: list[Ran]) -> Document:
    return side(what, runs, lambda each: each.said["auditing"] - each.said["stages"]["pin"])
