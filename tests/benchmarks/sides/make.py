"""Make data: 15 float, 3 integer and 4 categorical features, a score, a prediction and a time, by seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from tests.benchmarks.sides.columns import CATEGORIES, COLUMNS, INTEGERS, NUMBERS
from tests.benchmarks.sides.say import asked, say

_FIRST, _DAY = 1_767_225_600_000_000, 86_400_000_000  # 2026-01-01 and a day, in microseconds
_SIZES = (3, 12, 50, 400)  # of the categories


def frame(seed: int, rows: int, *, drifted: bool) -> pl.DataFrame:
    """Numbers of many shapes, with ties, a few nulls, and names of categories; a few features drift where asked."""
    rng = np.random.default_rng(seed)
    found = {name: _numbers(i, rows, rng) for i, name in enumerate(NUMBERS)}
    found |= {name: pl.Series(rng.poisson((2, 40, 3000)[i], rows)) for i, name in enumerate(INTEGERS)}
    found |= {name: _categories(i, rows, rng, drifted=drifted) for i, name in enumerate(CATEGORIES)}
    if drifted:
        found |= {
            name: found[name] + float(found[name].to_numpy().std()) / 2 for name in ("num_03", "num_07", "num_11")
        }
        found["int_01"] += 4
    found["score"] = pl.Series(rng.beta(2, 5, rows))
    found["prediction"] = (found["score"] > 0.4).cast(pl.Int8)
    found["event_time"] = pl.Series(_FIRST + np.arange(rows) * (_DAY // rows)).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame({name: found[name].alias(name) for name in (*COLUMNS, "event_time")})


def _numbers(kind: int, rows: int, rng: np.random.Generator) -> pl.Series:
    shapes = (
        lambda: rng.normal(kind, 1 + kind, rows),
        lambda: rng.lognormal(kind / 5, 0.8, rows),
        lambda: rng.gamma(2, 1 + kind, rows),
        lambda: rng.uniform(-1, 1, rows),
        lambda: np.round(rng.lognormal(8, 0.6, rows), 2),
    )
    values = pl.Series(shapes[kind % len(shapes)]())
    return values.set(pl.Series(rng.random(rows) < 0.02), None) if kind == 6 else values


def _categories(kind: int, rows: int, rng: np.random.Generator, *, drifted: bool) -> pl.Series:
    power = 1.6 if drifted and kind == 2 else 1.0
    weights = 1 / np.arange(1, _SIZES[kind] + 1) ** power
    names = pl.Series([f"category {number}" for number in range(_SIZES[kind])])
    return names.gather(rng.choice(_SIZES[kind], rows, p=weights / weights.sum()))


def main() -> None:
    """Write each file that is asked for."""
    wanted = asked()
    for key, (seed, rows, drifted) in wanted["files"].items():
        path = Path(wanted["root"]) / "archive" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        frame(seed, rows, drifted=drifted).write_parquet(path, compression="zstd")
    say()


if __name__ == "__main__":
    main()
