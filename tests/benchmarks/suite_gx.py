"""A suite of 48 expectations over 12 columns of orders: GX's pandas engine, ours from rows, and ours from states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.harness import (
    Document,
    Ran,
    Size,
    alternate,
    line,
    memory,
    run_side,
    side,
    times,
    workplace,
)

NAME = "suite-gx"
FILES = (1, 5, 10)  # of `rows` rows
FEW = (1, 2)  # where it is only tried out
_ALIKE = 1e-9  # how far, relative to itself, a number may be from GX's: sums of floats are rounded elsewhere


def run(size: Size) -> Iterator[Document]:
    """From Parquet to GX's verdicts: from rows, its memory at the most rows, and from states that others left."""
    with workplace(size) as root:
        numbers = FEW if size.name == "tiny" else FILES
        run_side("gx_make", {"root": str(root), "rows": size.rows, "files": numbers})
        for files in numbers:
            yield from _lines(size, files, _ran(size, root, files), most=files == max(numbers))


def _ran(size: Size, root: Path, files: int) -> Mapping[str, Sequence[Ran]]:
    asked = {
        "suite": str(root / "suite.json"),
        "files": str(root / f"archive/{files}"),
        "few": str(root / "archive/few"),
        "states": str(root / f"states-{files}"),
    }
    run_side("gx_measure", asked)
    sides: dict[str, tuple[int, Callable[[], Ran]]] = {
        "pandas": (size.slow_repeats, lambda: run_side("gx_pandas", asked)),
        "rows": (size.repeats, lambda: run_side("gx_ours", asked)),
        "states": (size.repeats, lambda: run_side("gx_merge", asked)),
    }
    return alternate(sides)


def _lines(size: Size, files: int, ran: Mapping[str, Sequence[Ran]], *, most: bool) -> Iterator[Document]:
    whole = side("GX, pandas engine", ran["pandas"], lambda each: each.said["validating"])
    bare = side("the same without its fingerprint", ran["pandas"], _without_hashing)
    rows = side("GX over our engine", ran["rows"], lambda each: each.said["validating"])
    states = side("merge states, judge", ran["states"], lambda each: each.said["merging"] + each.said["validating"])
    kept = side("take merged states, judge", ran["states"], lambda each: each.said["again"])
    from_states = 30 if most else 1  # below, the fixed cost of GX itself decides, which the line states
    for name, of, theirs, ours, reach in (
        ("rows", "rows", whole, rows, 8),
        ("rows; GX's fingerprint of the frame left out", "rows", bare, rows, 8),
        ("states of the files", "states", whole, states, from_states),
        ("states of the files; fingerprint left out", "states", bare, states, from_states),
        ("states of the window; fingerprint left out", "states", bare, kept, from_states),
    ):
        yield line(
            benchmark=NAME,
            row=f"{files * size.rows:,} rows, from {name}",
            size=size,
            work=_work(size, files),
            sides=(theirs, ours),
            ratio=times((theirs, ours)),
            reach=(">=", reach),
            differences=differences(ran["pandas"][0].said["outcomes"], ran[of][0].said["outcomes"]),
            hashing_seconds_of_gx=min(each.said["hashing"] for each in ran["pandas"]),
            fixed_seconds_of_gx=min(each.said["fixed"] for each in ran["pandas"]),
            fixed_seconds_of_ours=min(each.said["fixed"] for each in ran["rows"]),
            merging_seconds=min(each.said["merging"] for each in ran["states"]),
        )
    if most:
        yield line(
            benchmark=NAME,
            row=f"{files * size.rows:,} rows: memory",
            size=size,
            work=_work(size, files),
            sides=(whole, rows),
            ratio=memory((whole, rows)),
            reach=("<=", 1 / 4),
        )


def differences(theirs: Sequence[Any], ours: Sequence[Any]) -> list[Any]:
    """The expectations, of both sides in one order, whose success differs, or a number that they are judged by."""
    pairs = zip(theirs, ours, strict=True)
    return [[first, second] for first, second in pairs if not _alike(list(first), list(second))]


def _alike(first: Any, second: Any) -> bool:
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(_alike(first[name], second[name]) for name in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_alike, first, second))
    if isinstance(first, float) and isinstance(second, float):
        return abs(first - second) <= _ALIKE * max(abs(first), abs(second))
    return bool(first == second)


def _without_hashing(each: Ran) -> float:
    """GX hashes every row, twice, of each frame of less than 1 GB that it is given: no part of judging it."""
    return float(each.said["validating"] - each.said["hashing"])


def _work(size: Size, files: int) -> str:
    return f"48 expectations on {files} files of {size.rows:,} rows x 12 columns"
