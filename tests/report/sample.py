"""A report as a bad night makes one: drift, an unfair crossed group, a missing night, a control total that differs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from retroaudit.archive.inputs import Accounting, Inputs, Partition, Pinned, SchemaChange
from retroaudit.checks.metric import Metric, Slice, Threshold, Verdict
from retroaudit.judgement.findings import findings
from retroaudit.judgement.verdicts import decide, worst
from retroaudit.measures.categories import Categories
from retroaudit.measures.grid import Grid
from retroaudit.report.document import Header, build
from retroaudit.report.histograms import categorical, numeric
from retroaudit.spec.model import Columns, Logs, Spec
from retroaudit.spec.window import Window
from retroaudit.storage.protocol import ObjectInfo

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "javascript:alert(3)",
    "line\nbreak\ttab\x00nul",
    "\u202eright-to-left",
    "{{ 7 * 7 }}{% raw %}",
    "datum.x; signal()",
    "x" * 10_000,
    "</style><style>*{display:none}</style>",
    "' onload='alert(4)",
)
SHOPS = tuple(f"shop {number:02}" for number in range(30))
START = datetime(2026, 4, 1, tzinfo=UTC)
DAYS = tuple(f"{START + timedelta(days=day):%Y-%m-%d}" for day in range(91))
MISSING = DAYS[62]
ROWS = 20_000
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
        schema_changes=[SchemaChange(DAYS[12], "num_07", "Int64", "Float64")],
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
    metrics += [decide(metric) for metric in _group((("gender", "female"),), 500, unfair=True)]
    values = Categories({"rent": 70, None: 40}, exact=True)
    return build(
        header=header(verdict="failed", supersedes="lending/2026-Q2/quarter/main/1", cause=("inputs",)),
        inputs=Inputs(window, START + timedelta(days=32), (_partition(DAYS[0], 0),), (DAYS[1],), reference),
        accounting=[Accounting(DAYS[0], 2, 100, 90, excluded={"outside_partition": 10}, control=100)],
        states={DAYS[0]: "7f" * 32},
        metrics=metrics,
        findings=findings(SPEC, metrics),
        histograms=[numeric("num_00", _grid(1, 0.0, False), None, 10), categorical("cat_00", values, values, 10)],
        schema_changes=[SchemaChange(DAYS[0], "num_00", "Int64", "Float64")],
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


def all_metrics() -> Iterator[Metric]:
    """About three hundred metrics, not yet judged."""
    yield from _quality()
    yield from _drift()
    yield from _fairness()
    yield from _performance()
    yield from _versions()
    yield from _coverage()


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


def _quality() -> Iterator[Metric]:
    for number in range(24):
        share = 0.094 if number == 5 else 0.0004 * number
        yield Metric(
            check="quality",
            metric="null_rate",
            subject=f"num_{number:02}",
            value=share,
            low=share * 0.97,
            high=share * 1.03,
            n=1_800_000,
            reference=0.001,
            threshold=Threshold(max=0.02),
        )
        yield Metric(
            check="quality",
            metric="nan_rate",
            subject=f"num_{number:02}",
            value=0.0,
            low=0.0,
            high=2.1e-6,
            n=1_800_000,
            threshold=Threshold(max=0.02),
        )
    yield Metric(
        check="quality",
        metric="out_of_range_rate",
        subject=HOSTILE[7],
        value=0.2,
        low=0.19,
        high=0.21,
        n=1_800_000,
        threshold=Threshold(max=0.0),
    )


def _drift() -> Iterator[Metric]:
    for number in range(24):
        value = 0.812 if number == 3 else 0.098 if number == 6 else 0.0041 * (number + 1) % 0.09
        yield Metric(
            check="drift",
            metric="wasserstein",
            subject=f"num_{number:02}",
            value=value,
            low=value - 0.004,
            high=value + 0.004,
            n=1_800_000,
            threshold=Threshold(max=0.1),
        )
        yield Metric(check="drift", metric="psi", subject=f"num_{number:02}", value=value**2, n=1_800_000)
    for name, value in (("cat_00", 0.062), ("cat_01", 0.031), (HOSTILE[0], 0.24)):
        yield Metric(
            check="drift",
            metric="jensenshannon",
            subject=name,
            value=value,
            low=value,
            high=value,
            n=1_800_000,
            threshold=Threshold(max=0.1),
        )
    yield Metric(
        check="drift",
        metric="wasserstein",
        subject="num_24",
        verdict=Verdict.SKIPPED,
        reason="the reference has no such column",
    )


def _fairness() -> Iterator[Metric]:
    for names, groups in _tables().items():
        slices: list[Slice] = [tuple(zip(names, values, strict=True)) for values in groups]
        for place, (slice_, n) in enumerate(zip(slices, groups.values(), strict=True)):
            yield from _group(slice_, n, unfair=len(names) == 2 and place == 3)


def _tables() -> dict[tuple[str, ...], dict[tuple[str | None, ...], int]]:
    sexes: dict[tuple[str | None, ...], int] = {
        ("female",): 880_123,
        ("male",): 910_332,
        ("other",): 61,
        (None,): 9_120,
    }
    ages: dict[tuple[str | None, ...], int] = {("18-29",): 420_118, ("30-59",): 990_001, ("60+",): 389_517}
    hostile: dict[tuple[str | None, ...], int] = {(name,): 5_000 + 500 * place for place, name in enumerate(HOSTILE)}
    crossed: dict[tuple[str | None, ...], int] = {
        (sex[0], age[0]): n * m // 1_800_000 for sex, n in sexes.items() for age, m in ages.items()
    }
    return {("gender",): sexes, ("age_band",): ages, ("channel",): hostile, ("gender", "age_band"): crossed}


def _group(slice_: Slice, n: int, *, unfair: bool) -> Iterator[Metric]:
    wobble = 0.02 * math.sin(n)
    selected = 0.21 if unfair else 0.31 + wobble
    spread = 1 / math.sqrt(n + 1)
    few: dict[str, Any] = (
        {"verdict": Verdict.INSUFFICIENT, "reason": "too few rows: 100 are asked for"} if n < 100 else {}
    )
    yield Metric(check="fairness", metric="n", slice=slice_, value=n, n=n)
    for rate, value in (
        ("selection_rate", selected),
        ("npv", 0.91 + wobble / 2),
        ("false_omission_rate", 0.09 - wobble / 2),
    ):
        yield Metric(
            check="fairness",
            metric=rate,
            slice=slice_,
            value=value,
            low=value - spread,
            high=value + spread,
            n=n,
            **few,
        )
        change = value - {"selection_rate": 0.31, "npv": 0.91}.get(rate, 0.09)
        yield Metric(
            check="fairness",
            metric=f"{rate}_difference",
            slice=slice_,
            value=change,
            low=change - 2 * spread,
            high=change + 2 * spread,
            n=n,
            threshold=Threshold(-0.1, 0.1),
            **few,
        )
    ratio = selected / 0.31
    yield Metric(
        check="fairness",
        metric="impact_ratio",
        slice=slice_,
        value=ratio,
        low=ratio - 4 * spread,
        high=ratio + 4 * spread,
        n=n,
        threshold=Threshold(0.8, 1.25),
        **few,
    )
    yield Metric(
        check="fairness",
        metric="tpr",
        slice=slice_,
        verdict=Verdict.SKIPPED,
        reason="outcomes are only observed where prediction is 0",
    )


def _performance() -> Iterator[Metric]:
    for name, value in (("npv", 0.912), ("false_omission_rate", 0.088), ("selection_rate", 0.312)):
        yield Metric(
            check="performance",
            metric=name,
            value=value,
            low=value - 0.0011,
            high=value + 0.0011,
            n=1_402_118,
            reference=value + 0.004,
        )
    yield Metric(
        check="performance",
        metric="accuracy",
        verdict=Verdict.SKIPPED,
        reason="outcomes are only observed where prediction is 0",
    )


def _versions() -> Iterator[Metric]:
    for version, share in (("1.4.0", 0.6621), ("1.5.0", 0.3379)):
        yield Metric(
            check="versions",
            metric="version_rate",
            slice=(("version", version),),
            value=share,
            low=share,
            high=share,
            n=1_800_000,
        )
    for day in DAYS[50:54]:
        share = 1.0 if day == DAYS[51] else 0.0
        yield Metric(
            check="versions",
            metric="undeclared_version_rate",
            slice=(("date", day),),
            value=share,
            low=share,
            high=share,
            n=ROWS,
            threshold=Threshold(max=0.0),
        )


def _coverage() -> Iterator[Metric]:
    yield Metric(
        check="coverage",
        metric="missing_partitions",
        value=1.0,
        low=1.0,
        high=1.0,
        n=91,
        threshold=Threshold(max=0.0),
        reason=f"nothing for {MISSING}",
    )
    yield Metric(
        check="coverage",
        metric="unreadable_partitions",
        value=0.0,
        low=0.0,
        high=0.0,
        n=91,
        threshold=Threshold(max=0.0),
    )
    yield Metric(
        check="coverage",
        metric="control_difference",
        slice=(("date", DAYS[72]),),
        value=-512.0,
        low=-512.0,
        high=-512.0,
        n=ROWS,
        threshold=Threshold(0.0, 0.0),
        reason="19 488 rows were read where somebody else counted 20 000",
    )
    yield Metric(check="coverage", metric="label_rate", value=0.79, n=1_800_000)
