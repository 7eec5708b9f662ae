"""The demo's archive: a quarter of a lending model's logs, labels, control totals and its training snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from retroaudit.demo import planting, population
from retroaudit.demo.incidents import MISSING
from retroaudit.progress import Progress, Step, silent

FIRST = date(2026, 4, 1)
_SNAPSHOT_ROWS = 60_000
_SATURDAY, _NOON = 5, 12
_FEATURES_AND_GROUPS = ("^num_.*$", "^cat_.*$", "gender", "age_band", "region")
_LOG = ("event_time", "request_id", "consumer", "model_version", "score", "prediction", *_FEATURES_AND_GROUPS)


@dataclass(frozen=True)
class Night:
    """One day of the archive: what was logged, what became known later, and what the gateway counted."""

    logs: pl.DataFrame
    labels: pl.DataFrame
    control: pl.DataFrame


def write_archive(
    root: Path,
    *,
    seed: int,
    days: int = 91,
    rows: int = 20_000,
    incidents: bool = True,
    first: date = FIRST,
    progress: Progress = silent,
) -> None:
    """Write the archive below `root`, about `rows` decisions a day; the same arguments give the same bytes.

    Each day has its own generator, seeded with `seed` and the day, so it does not depend on the other days.
    Incidents count their nights from `first`; the cut-over to the new version is a date (`population.CUT_OVER`).
    `progress` is told each day as it is begun. Files that are there already are replaced.
    """
    _write(snapshot(seed), root / "snapshots/lending/train-2026-03/part-0.parquet")
    for number in range(1, days + 1):
        day = first + timedelta(days=number - 1)
        progress(Step("write", number - 1, days))
        made = make_night(seed, day, rows, number if incidents else None)
        _write_night(root, day, made, lost=incidents and number in MISSING.nights)


def make_night(seed: int, day: date, rows: int, night: int | None = None) -> Night:
    """One day in memory; `night` is its number for the incidents, None where nothing is planted."""
    rng = np.random.default_rng([seed, day.toordinal()])
    number = 0 if night is None else night  # no incident has a night 0
    requests = population.traffic(day, rows, rng)
    people = population.applicants(len(requests), rng, weekend=day.weekday() >= _SATURDAY)
    people = planting.drift(people, number)
    versions = planting.stale(pl.repeat(population.version_on(day), len(requests), eager=True), number)
    decided = population.decide(people, versions, planting.bias(people, number), rng)
    served = pl.concat([requests, decided], how="horizontal")
    labels = population.outcomes(served, rng)
    logged = planting.spelling(population.forget(served, rng), number)
    logs = planting.hole(planting.nulls(logged, number), number).select(_LOG)
    # Outcomes are exported for the decisions in the log: what the log lost, only the gateway still knows.
    return Night(logs, labels.join(logs, on="request_id", how="semi", maintain_order="left"), _count(served, day))


def snapshot(seed: int) -> pl.DataFrame:
    """The training data: the same features and groups, from before the quarter."""
    rng = np.random.default_rng([seed, 0])
    return population.forget(population.applicants(_SNAPSHOT_ROWS, rng), rng)


def _count(served: pl.DataFrame, day: date) -> pl.DataFrame:
    """The gateway's own count of what it sent to each version for each consumer."""
    counted = served.group_by("model_version", "consumer").agg(pl.len().cast(pl.Int64).alias("rows"))
    return counted.sort("model_version", "consumer").select(pl.lit(day).alias("date"), pl.all())


def _write_night(root: Path, day: date, made: Night, *, lost: bool) -> None:
    """Two log files split at noon, the labels, and the control total, which is all that is left of a lost night."""
    _write(made.control, root / f"control/lending/{day}.parquet")
    if lost:
        return
    morning = made.logs["event_time"].dt.hour() < _NOON
    _write(made.logs.filter(morning), root / f"inference/lending/date={day}/part-000.parquet")
    _write(made.logs.filter(~morning), root / f"inference/lending/date={day}/part-001.parquet")
    _write(made.labels, root / f"labels/lending/date={day}/labels.parquet")


def _write(frame: pl.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path, compression="zstd")
