"""The metrics of a bad night, not yet judged: what `sample` makes a report of."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from retroaudit.checks.metric import Metric, Slice, Threshold, Verdict

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


def all_metrics() -> Iterator[Metric]:
    """About three hundred metrics, not yet judged."""
    yield from _quality()
    yield from _drift()
    yield from _fairness()
    yield from _performance()
    yield from _versions()
    yield from _coverage()


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
            yield from of_group(slice_, n, unfair=len(names) == 2 and place == 3)


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


def of_group(slice_: Slice, n: int, *, unfair: bool) -> Iterator[Metric]:
    """Every rate of one group."""
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
