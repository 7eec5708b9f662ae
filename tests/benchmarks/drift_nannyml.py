"""Drift of 1M against 1M rows x 22 columns: NannyML's univariate drift in its own environment, and ours."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.harness import (
    FEATURES,
    ROOT,
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

NAME = "drift-nannyml"
PYTHON = ROOT / "build" / "nannyml" / "bin" / "python"  # `make bench` installs nannyml.txt there


def run(size: Size) -> Iterator[Document]:
    """In process: the distances alone on their side, reading too on ours. Nothing without NannyML's environment."""
    if not PYTHON.exists():
        return
    with workplace(size) as root:
        make(root, {"reference/0.parquet": (1, size.rows, False), "logs/0.parquet": (2, size.rows, True)})
        run_side("prepare", {"root": str(root), "logs": "logs/*.parquet", "features_only": True})
        files = {
            "reference": str(root / "archive/reference/0.parquet"),
            "current": str(root / "archive/logs/0.parquet"),
        }
        ran = alternate(
            {
                "nannyml": (size.slow_repeats, lambda: run_side("nannyml_drift", files, PYTHON)),
                "ours": (size.repeats, lambda: run_side("ours_drift", {"root": str(root)})),
            }
        )
    sides = (
        side(
            "NannyML univariate drift: fit and calculate, rows in memory", ran["nannyml"], lambda r: r.said["running"]
        ),
        side("read, measure and score", ran["ours"], lambda r: r.said["measuring"] + r.said["scoring"]),
    )
    yield line(
        benchmark=NAME,
        row="in process",
        size=size,
        work=f"{size.rows:,} against {size.rows:,} rows x {FEATURES} columns",
        sides=sides,
        ratio=times(sides),
        reach=(">=", 40),
        memory=round(memory(sides), 3),
    )
