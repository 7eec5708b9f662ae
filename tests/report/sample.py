"""A report as a bad night makes one: drift, an unfair crossed group, a missing night, a control total that differs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from retroaudit.archive.inputs import Accounting, Inputs, Partition, Pinned, Schema, SchemaChange
from retroaudit.checks.metric import Metric, Threshold
from retroaudit.judgement.findings import findings
from retroaudit.judgement.verdicts import decide, worst
from retroaudit.measures.categories import Categories
from retroaudit.measures.grid import Grid
from retroaudit.report.document import Header, build
from retroaudit.report.histograms import categorical, numeric
from retroaudit.spec.model import Columns, Logs, Spec
from retroaudit.spec.window import Window
from retroaudit.storage.protocol import ObjectInfo
from tests.report.night import DAYS, HOSTILE, MISSING, ROWS, SHOPS, START, all_metrics, of_group

COLUMNS = {"num_00": "double", "num_07": "double", "cat_00": "string"}
SPEC = Spec(
    model="lending",
    owner="lending-risk@example.com",
    tier="high",
    logs=Logs(path="inference/lending/date={date}/*.parquet"),
    columns=Columns(),
)


def sample() -> dict[str, Any]:
    """The whole document, as the pipeline would build it."""
    metrics = [decide(metric) for metric in all_metrics()]
    return build(
        header=header(verdict=worst(metrics).value),
        inputs=inputs(),
        accounting=accounting(),
        states={key: f"{number:064x}" for number, key in enumerate(DAYS)},
        metrics=metrics,
        findings=findings(SPEC, metrics),
        histograms=histograms(),
        schema=Schema(COLUMNS, (SchemaChange(DAYS[12], "num_07", "Int64", "Float64"),)),
        notes=["Outcomes are only known where the prediction is 0: rates that need the others are skipped."],
    )


def small() -> dict[str, Any]:
    """Two days, and one or two of everything that a document can hold."""
    window = Window(f"{DAYS[0]}_{DAYS[1]}", "range", "UTC", START, START + timedelta(days=2), DAYS[:2])
    reference = Partition("snapshot", None, None, (_object("snapshots/0.parquet"),))
    metrics = [
        decide(
            Metric(
                check="drift", metric="ks", subject=name, value=0.3, low=0.2, high=0.4, threshold=Threshold(0.0, 0.1)
            )
        )
        for name in ("num_00", "cat_00")
    ]
    metrics += [decide(metric) for metric in of_group((("gender", "female"),), 500, unfair=True)]
    values = Categories({"rent": 70, None: 40}, exact=True)
    return build(
        header=header(verdict="failed", supersedes="lending/2026-Q2/quarter/main/1", cause=("inputs",)),
        inputs=Inputs(window, START + timedelta(days=32), (_partition(DAYS[0], 0),), (DAYS[1],), reference),
        accounting=[Accounting(DAYS[0], 2, 100, 90, excluded={"outside_partition": 10}, control=100)],
        states={DAYS[0]: "7f" * 32},
        metrics=metrics,
        findings=findings(SPEC, metrics),
        histograms=[numeric("num_00", _grid(1, 0.0, False), None, 10), categorical("cat_00", values, values, 10)],
        schema=Schema(COLUMNS, (SchemaChange(DAYS[0], "num_00", "Int64", "Float64"),)),
        notes=["a note"],
        reference=Accounting("snapshot", 1, 1000, 1000),
    )


def header(**changes: Any) -> Header:
    """A header with plain values."""
    values: dict[str, Any] = {
        "report": "lending/2026-Q2/quarter/main/0",
        "model": "lending",
        "owner": "lending-risk@example.com",
        "tier": "high",
        "task": "binary",
        "kind": "quarter",
        "part": "main",
        "rev": 0,
        "plan": "7f" * 32,
        "spec": "3a" * 32,
        "measures": {"counts": 1, "grid": 1, "moments": 1, "categories": 1, "cells": 1, "rows": 1},
        "checks": {"quality": 1, "drift": 1, "fairness": 1, "performance": 1, "versions": 1, "coverage": 1},
        "confidence": 0.95,
        "min_cell": 10,
        "verdict": "passed",
    }
    return Header(**{**values, **changes})


def inputs() -> Inputs:
    """Ninety nights of ninety-one, and a snapshot as reference."""
    window = Window("2026-Q2", "quarter", "UTC", START, START + timedelta(days=91), DAYS)
    partitions = tuple(_partition(day, number) for number, day in enumerate(DAYS) if day != MISSING)
    reference = Partition("snapshot", None, None, (_object("snapshots/lending/train-2026-03/0.parquet"),))
    return Inputs(window, START + timedelta(days=121), partitions, (MISSING,), reference)


def accounting() -> list[Accounting]:
    """One night lost 512 rows on the way, by somebody else's count."""
    return [
        Accounting(
            partition=day,
            objects=2,
            read=ROWS - (512 if number == 72 else 0),
            counted=ROWS - (512 if number == 72 else 0) - (7 if number % 9 == 0 else 0),
            excluded={"outside_partition": 7} if number % 9 == 0 else {},
            control=ROWS,
            labels={"joined": 15_800, "late": 120, "unmatched": 4_080},
        )
        for number, day in enumerate(DAYS)
        if day != MISSING
    ]


def histograms() -> list[dict[str, Any]]:
    """Twelve features; one that drifted, and one full of hostile names."""
    found = []
    for number in range(9):
        shift = 0.8 if number == 3 else 0.0
        normal, heavy = _grid(number, 0.0, number % 3 == 2), _grid(number + 50, shift, number % 3 == 2)
        found.append(numeric(f"num_{number:02}", heavy, normal, 10))
    tables = {"cat_00": ("rent", "own", "mortgage", None), "cat_01": SHOPS, HOSTILE[0]: HOSTILE}
    for name, values in tables.items():
        found.append(categorical(name, _categories(values, 0), _categories(values, 2), 10))
    return found


def _grid(seed: int, shift: float, skewed: bool) -> Grid:
    values = np.random.default_rng(seed).normal(shift, 1.0, 20_000)
    values = np.sort(np.round(np.exp(values) * 1000 if skewed else values, 2))
    at, count = np.unique(values, return_counts=True)
    return Grid(shift=0, count=count.astype(np.int64), low=at, high=at)


def _categories(values: tuple[str | None, ...], bend: int) -> Categories:
    return Categories({value: 4_000 // (place + 1 + bend) for place, value in enumerate(values)}, exact=True)


def _partition(day: str, number: int) -> Partition:
    start = START + timedelta(days=number)
    logs = tuple(_object(f"inference/lending/date={day}/part-{part}.parquet") for part in range(2))
    labels, control = _object(f"labels/lending/date={day}/labels.parquet"), _object(f"control/lending/{day}.parquet")
    return Partition(day, start, start + timedelta(days=1), logs, (labels,), (control,))


def _object(key: str) -> Pinned:
    return Pinned(
        ObjectInfo(key, 1_204_331, START, None, "etag:9b2cf535f27731c974343645a3985328"), "c0ffee" * 10 + "0123"
    )
