"""Measuring 10M rows x 24 columns for all that an audit asks, against decoding the same columns with Polars."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.harness import (
    COLUMNS,
    Document,
    Size,
    alternate,
    line,
    make,
    memory,
    run_side,
    side,
    times,
    workplace,
)

NAME = "measuring"


def run(size: Size) -> Iterator[Document]:
    """How many times the decoding time measuring takes, reading included."""
    with workplace(size) as root:
        make(root, {f"logs/{i}.parquet": (10 + i, size.rows, i % 2 == 1) for i in range(size.wide_files)})
        run_side("prepare", {"root": str(root), "logs": "logs/*.parquet"})
        ran = alternate(
            {
                name: (size.repeats, lambda name=name: run_side(name, {"root": str(root)}))  # type: ignore[misc]
                for name in ("decode", "ours_measuring")
            }
        )
    sides = (
        side("Polars: scan_parquet and collect", ran["decode"], lambda r: r.said["decoding"]),
        side("read and measure", ran["ours_measuring"], lambda r: r.said["measuring"]),
    )
    rows = size.rows * size.wide_files
    yield line(
        benchmark=NAME,
        row="measuring over decoding",
        size=size,
        work=f"{rows:,} rows x {COLUMNS} columns",
        sides=sides,
        ratio=1 / times(sides),
        reach=("<=", 4.5),
        memory=round(memory(sides), 3),
        rows_per_second=round(rows / sides[1]["median"]),
        hashing_seconds=min(r.said["hashing"] for r in ran["ours_measuring"]),
        states=ran["ours_measuring"][0].said["states"],
    )
