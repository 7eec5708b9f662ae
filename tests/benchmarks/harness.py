"""What all benchmarks share: sizes, sides that run in processes of their own, and the line that is written.

Only the standard library is imported here: the peak memory of a process counts from what its parent held, so the
parent stays small.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
FEATURES = 22
COLUMNS = 24  # the features, a score and a prediction
Document = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much each benchmark works on, and how often each side is timed."""

    name: str
    rows: int  # a side of the comparisons of drift, and the rows whose states are weighed
    wide_files: int  # of `rows` rows, for measuring against decoding
    days: int
    day_rows: int
    distinct: int  # days of their own data: the others are links to them
    partitions: tuple[int, int, int]
    partition_rows: int
    repeats: int
    slow_repeats: int  # of sides that take minutes
    work: Path | None = None  # where data is made; default: a temporary directory


SIZES: Mapping[str, Size] = {
    each.name: each
    for each in (
        Size("tiny", 2_000, 2, 3, 1_000, 2, (1, 2, 3), 1_000, 1, 1),
        Size("small", 100_000, 4, 6, 100_000, 3, (1, 3, 10), 50_000, 3, 1),
        Size("full", 1_000_000, 10, 90, 1_000_000, 6, (1, 10, 100), 250_000, 5, 2),
    )
}


@dataclass(frozen=True)
class Ran:
    """One process: what it said, its seconds from start to end by the clock and of processors, its peak in bytes."""

    said: Document
    seconds: float
    cpu: float
    peak: int


def run_side(side: str, arguments: Document, python: Path | None = None) -> Ran:
    """Run `sides/<side>.py` in a fresh process; it gets one JSON document and prints one."""
    path = ROOT / "tests" / "benchmarks" / "sides" / f"{side}.py"
    return run_command([str(python or sys.executable), "-P", str(path), json.dumps(arguments)])


def run_command(command: Sequence[str], allowed: Iterable[int] = (0,)) -> Ran:
    """Run a command that prints one JSON document on its last line. Raises `RuntimeError` where it fails."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPYCACHEPREFIX": str(ROOT / "build" / "pycache"),  # nobody pays for compiling but the first run, tiny
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "DO_NOT_TRACK": "1",
        "NML_DISABLE_USAGE_LOGGING": "1",
        "PYTHONWARNINGS": "ignore",
    }
    with TemporaryDirectory(prefix="retroaudit-bench-") as spool:
        out, err = Path(spool) / "out", Path(spool) / "err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            begun = time.perf_counter()
            process = subprocess.Popen(command, stdout=stdout, stderr=stderr, env=environment)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - begun
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in allowed:
            raise RuntimeError(
                f"{command[:3]} ended with {process.returncode}: {(out.read_text() + err.read_text())[-3000:]}"
            )
        return Ran(_document(out.read_text()), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def _document(text: str) -> Document:
    try:
        found = json.loads(text)
    except ValueError:
        found = json.loads(text.strip().rpartition("\n")[2] or "{}")
    return dict(found)


def alternate(sides: Mapping[str, tuple[int, Callable[[], Ran]]]) -> dict[str, list[Ran]]:
    """Run each side as often as its number says, turn by turn, so that a slow minute meets all of them."""
    ran: dict[str, list[Ran]] = {name: [] for name in sides}
    for turn in range(max(times for times, _ in sides.values())):
        for name, (times, run) in sides.items():
            if turn < times:
                ran[name].append(run())
    return ran


def side(what: str, runs: Sequence[Ran], seconds: Callable[[Ran], float], **more: Any) -> Document:
    """One side of a line: how long it took, each time, and the most memory that it took in any."""
    took = [round(seconds(run), 4) for run in runs]
    return {
        "what": what,
        "seconds": took,
        "min": min(took),
        "median": round(median(took), 4),
        "process_cpu_seconds": round(median(run.cpu for run in runs), 4),  # hardly depends on who else is at work
        "peak_bytes": max(run.peak for run in runs),
        "versions": runs[0].said.get("versions", {}),
        **more,
    }


def line(
    *,
    benchmark: str,
    row: str,
    size: Size,
    work: str,
    sides: tuple[Document, Document],
    ratio: float,
    reach: tuple[str, float],
    **more: Any,
) -> Document:
    """One line of results: `sides` are (what it is held against, ours), `ratio` must reach `reach` (">=" or "<=")."""
    sign, bound = reach
    return {
        "benchmark": benchmark,
        "row": row,
        "size": size.name,
        "work": work,
        "against": sides[0],
        "ours": sides[1],
        "ratio": round(ratio, 3),
        "reach": f"{sign} {bound:g}",
        "reached": ratio >= bound if sign == ">=" else ratio <= bound,
        **more,
        "machine": machine(),
    }


def times(sides: tuple[Document, Document]) -> float:
    """How many times as long the first side took, by the medians."""
    return float(sides[0]["median"] / sides[1]["median"])


def memory(sides: tuple[Document, Document]) -> float:
    """The share of the first side's peak memory that ours took."""
    return float(sides[1]["peak_bytes"] / sides[0]["peak_bytes"])


def marginal(fewer: Document, more: Document, partitions: tuple[int, int]) -> float:
    """Seconds a partition, between two windows of so many partitions: what an audit costs at all is left out."""
    return float((more["median"] - fewer["median"]) / (partitions[1] - partitions[0]))


def machine() -> Document:
    """The processor, its cores that we may use, the memory and the Python: nothing that names the machine."""
    names = [text.partition(":")[2].strip() for text in _lines("/proc/cpuinfo") if text.startswith("model name")]
    total = [int(text.split()[1]) for text in _lines("/proc/meminfo") if text.startswith("MemTotal")]
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(total[0] / 2**20, 1) if total else None,
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


@contextmanager
def workplace(size: Size) -> Iterator[Path]:
    """A directory for one benchmark's data, removed afterwards."""
    with TemporaryDirectory(prefix="retroaudit-bench-", dir=size.work) as root:
        yield Path(root)


def make(root: Path, files: Mapping[str, tuple[int, int, bool]]) -> None:
    """Write data: path -> (seed, rows, whether it drifted), below `root`/archive; warm in the page cache then."""
    run_side("make", {"root": str(root), "files": files})


def link_days(root: Path, days: Sequence[str], size: Size, rows: int) -> None:
    """One file a day, of which `size.distinct` differ; the key is part of what identifies a file, so all do."""
    originals = {f"distinct/{i}.parquet": (100 + i, rows, i % 2 == 1) for i in range(size.distinct)}
    make(root, originals | {"reference/0.parquet": (1, rows, False)})
    for number, day in enumerate(days):
        path = root / "archive" / "logs" / f"date={day}" / "part-0.parquet"
        path.parent.mkdir(parents=True)
        os.link(root / "archive" / "distinct" / f"{number % size.distinct}.parquet", path)
