"""Make orders: a unique identifier, two more texts, six numbers, three categories; by seed, file after file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import polars as pl

from tests.benchmarks.sides.gx_suite import CHANNELS, COLUMNS, COUNTRIES, STATES, suite
from tests.benchmarks.sides.say import asked, say

_FEW = 10  # rows


def frame(number: int, rows: int) -> pl.DataFrame:
    """The rows of one file; identifiers are unique over all of them."""
    rng = np.random.default_rng(number)
    customers = pl.Series("customer", rng.integers(0, 16 * rows, rows))
    names = {"country": COUNTRIES, "channel": CHANNELS, "state": STATES}
    found = pl.DataFrame(
        {
            "order": np.arange(rows) + number * rows,
            "amount": np.round(rng.lognormal(3.2, 0.8, rows), 2),
            "discount": pl.Series(np.round(rng.uniform(0, 0.5, rows), 2)).set(pl.Series(rng.random(rows) < 0.05), None),
            "quantity": 1 + rng.poisson(2, rows).clip(0, 19),
            "age": rng.integers(18, 91, rows),
            "score": rng.beta(2, 5, rows),
            "weight": rng.gamma(2, 4, rows),
            **{name: pl.Series(values).gather(rng.integers(0, len(values), rows)) for name, values in names.items()},
        }
    ).with_columns(customers)
    order_id = pl.format("ord-{}", pl.col("order").cast(pl.String).str.zfill(10))
    customer_id = pl.col("customer").cast(pl.String).str.zfill(8)
    domain = pl.when(pl.col("age") % 50 == 0).then(pl.lit("@Example")).otherwise(pl.lit("@example.com"))
    email = pl.format("user{}{}", pl.col("customer"), domain)
    return found.select(*COLUMNS[3:], order_id=order_id, customer_id=customer_id, email=email).select(COLUMNS)


def main() -> None:
    """Write the suite, and a folder for each number of files of `rows` rows; and a folder `few` of a few rows."""
    wanted = asked()
    root, files = Path(wanted["root"]), wanted["files"]
    for number in range(max(files)):
        rows = frame(number, wanted["rows"])
        written = _path(root, max(files), number)
        rows.write_parquet(written, compression="zstd")
        if number == 0:
            rows.head(_FEW).write_parquet(_path(root, "few", number))
        for few in files:
            if number < few < max(files):
                os.link(written, _path(root, few, number))
    (root / "suite.json").write_text(json.dumps(suite()))
    say()


def _path(root: Path, folder: int | str, number: int) -> Path:
    path = root / f"archive/{folder}/{number:02d}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


if __name__ == "__main__":
    main()
