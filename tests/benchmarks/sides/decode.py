"""Polars alone: the same columns of the same files, decoded into one frame."""

from __future__ import annotations

import polars as pl

from tests.benchmarks.sides.columns import COLUMNS
from tests.benchmarks.sides.say import asked, say, timed, versions


def main() -> None:
    """Decode all of `logs/`."""
    files = f"{asked()['root']}/archive/logs/*.parquet"
    frame, decoding = timed(lambda: pl.scan_parquet(files).select(COLUMNS).collect())
    say(decoding=decoding, rows=frame.height, columns=frame.width, versions=versions("polars"))


if __name__ == "__main__":
    main()
