"""Decisions with every kind of column, and Great Expectations' own pandas engine to judge a proposed suite by."""

from __future__ import annotations

import json
import os
import uuid
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from retroaudit.proposing.propose import Asked, Proposal, propose

os.environ["GX_ANALYTICS_ENABLED"] = "false"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its imports are deprecated ones
    import great_expectations as gx

DAYS = ("2026-07-01", "2026-07-02", "2026-07-03")
LOGS = "inference/loans/date={date}/*.parquet"
KINDS = ("car", "home", "study", "other")
Failure = tuple[str, str | None]


def decisions(seed: int, day: str = DAYS[0], rows: int = 2000) -> pl.DataFrame:
    """A day of decisions; the same distributions for every seed and day."""
    rng = np.random.default_rng([seed, int(day.replace("-", ""))])
    first = int(rng.integers(10**6, 10**7))
    start = pl.lit(day).str.to_datetime("%Y-%m-%d", time_unit="us")
    frame = pl.DataFrame(
        {
            "second": np.sort(rng.integers(0, 86_400, rows)),
            "request_id": [f"req-{first + number:08d}" for number in range(rows)],
            "trace": [str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(rows)],
            "model_version": "1.4.0",
            "prediction": rng.integers(0, 2, rows),
            "score": rng.random(rows),
            "amount": rng.lognormal(9, 0.6, rows).round(2),
            "balance": rng.normal(0, 500, rows),
            "enquiries": rng.poisson(1.8, rows),
            "purpose": rng.choice(KINDS, rows, p=(0.5, 0.3, 0.15, 0.05)),
            "returning": rng.random(rows) < 0.3,
            "zip": [f"{number:05d}" for number in rng.integers(0, 1000, rows)],
        }
    )
    missing = pl.Series(rng.random(rows) < 0.02)
    return frame.select(
        (start + pl.duration(seconds="second")).alias("event_time"),
        pl.exclude("second", "balance"),
        pl.when(missing).then(None).otherwise(pl.col("balance")).alias("balance"),
    )


def put(root: Path, frames: Mapping[str, pl.DataFrame], pattern: str = LOGS) -> str:
    """Write a frame a day, in two files, and give the archive's URL."""
    for day, frame in frames.items():
        path = root / pattern.replace("{date}", day)
        path.parent.mkdir(parents=True, exist_ok=True)
        half = frame.height // 2
        frame.head(half).write_parquet(path.with_name("part-0.parquet"))
        frame.tail(frame.height - half).write_parquet(path.with_name("part-1.parquet"))
    return root.as_uri()


def proposal(root: Path, frames: Mapping[str, pl.DataFrame], **asked: Any) -> Proposal:
    """What is proposed of these days."""
    asked = {"logs": LOGS, **asked}
    return propose(Asked(put(root, frames, asked["logs"]), **asked))


def failures(suite: Mapping[str, Any], frame: pl.DataFrame, folder: Path) -> set[Failure]:
    """What fails of a suite by Great Expectations' pandas engine, as type and column, with the frame as it is read."""
    path = folder / "judged.parquet"
    frame.write_parquet(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = gx.get_context(mode="ephemeral")
        asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("rows")
        batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": pd.read_parquet(path)})
        found = batch.validate(gx.ExpectationSuite(**suite))
    configs = [each.expectation_config for each in found.results if not each.success]
    return {(each.type, each.kwargs.get("column")) for each in configs if each}


def rewritten(suite: Mapping[str, Any]) -> Any:
    """A suite as Great Expectations writes it once it has read it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return json.loads(json.dumps(gx.ExpectationSuite(**suite).to_json_dict()))
