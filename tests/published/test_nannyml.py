"""NannyML's documentation on its car loans: every drift and summary statistic that it prints, chunk by chunk.

Its definitions are not ours: chunks of 5,000 rows against the whole reference file, thresholds from the reference's
own chunks. So the published tables are made anew from our states, distances and moments.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.special import chdtrc

from retroaudit.checks.drift import bins as binning
from retroaudit.checks.drift.distances import jensenshannon, ks
from retroaudit.checks.drift.gaps import gaps
from retroaudit.checks.drift.significance import homogeneity
from retroaudit.measures import categories, grid, moments
from tests.world import REFERENCE_DATA

pytestmark = pytest.mark.published

Reference = Mapping[str, Any]

COVERED = tuple(
    f"{table}_{what}"
    for table in ("drift", "stat_avg", "stat_std", "stat_median")
    for what in ("value", "upper_threshold", "lower_threshold", "alert")
    if (table, what) != ("drift", "lower_threshold")  # a distance has none
)
LEFT_OUT = {  # by the table's name
    "performance": "realised performance of binary models over time: not of drift",
    "confusion": "realised performance of binary models over time: not of drift",
    "multiclass": "multiclass models are not audited yet",
    "multiclass_confusion": "multiclass models are not audited yet",
    "rows_count": "months of a file without partitions: no state is needed to count its rows",
}
CHUNK, CHUNKS = 5_000, 10


def references() -> list[Reference]:
    path = REFERENCE_DATA / "nannyml" / "expected.json"
    found: list[Reference] = json.loads(path.read_text())["references"] if path.is_file() else []
    return [reference for reference in found if reference["reproduced"]]


def cases() -> list[Any]:
    return [pytest.param(each, id=each["id"]) for each in references() if each["metric"] in COVERED]


@pytest.mark.skipif(not REFERENCE_DATA.is_dir(), reason=f"no published results at {REFERENCE_DATA}")
def test_what_is_left_out_is_named_with_its_reason() -> None:
    metrics = {reference["metric"] for reference in references()}
    assert metrics >= set(COVERED)
    ends = ("_value", "_upper_threshold", "_lower_threshold", "_alert")
    left = metrics - set(COVERED)
    assert {next((m.removesuffix(e) for e in ends if m.endswith(e)), m) for m in left} == set(LEFT_OUT)


@pytest.mark.parametrize("reference", cases())
def test_table(reference: Reference) -> None:
    group = reference["group"]
    table, what = next((t, reference["metric"][len(t) + 1 :]) for t in TABLES if reference["metric"].startswith(t))
    first = int(group["chunk"].strip("[]").split(":")[0])
    name, method = (group["column"], group["method"]) if table == "drift" else (group["metric"], table)
    if what == "alert":
        assert alert(name, method, group["period"], first) == reference["value"]
    else:
        found = value(name, method, group["period"], first) if what == "value" else limits(name, method)[what]
        assert found == pytest.approx(reference["value"], abs=reference["abs_tol"])


TABLES = ("drift", "stat_avg", "stat_std", "stat_median")


@functools.cache
def value(column: str, method: str, period: str, first: int) -> float:
    now = car_loan(period)[column][first : first + CHUNK].drop_nulls()
    return float(ANSWERS[method](column, now))


@functools.cache
def limits(column: str, method: str) -> Mapping[str, float]:
    """Three standard deviations of the reference's chunks around their mean."""
    chunks = [value(column, method, "reference", place * CHUNK) for place in range(CHUNKS)]
    mean, spread = float(np.mean(chunks)), 3 * float(np.std(chunks))
    return {"upper_threshold": mean + spread, "lower_threshold": mean - spread}


def alert(column: str, method: str, period: str, first: int) -> bool:
    if method == "chi2":
        return yates(column, car_loan(period)[column][first : first + CHUNK].drop_nulls())[1] < 0.05
    found, limit = value(column, method, period, first), limits(column, method)
    below = method.startswith("stat") and found < limit["lower_threshold"]
    return found > limit["upper_threshold"] or below


# --- NannyML's car loans --------------------------------------------------------------------------------------------


@functools.cache
def car_loan(period: str) -> pl.DataFrame:
    return pl.read_csv(REFERENCE_DATA / "nannyml" / "data" / f"synthetic_car_loan_{period}.csv")


@functools.cache
def before(column: str) -> pl.Series:
    """NannyML compares with its whole reference file."""
    return car_loan("reference")[column].drop_nulls()


def bins(values: pl.Series, edges: np.ndarray[Any, np.dtype[np.float64]]) -> list[int]:
    """The number of each value's bin; the last bin is closed, and what lies outside has bins of its own."""
    found = np.searchsorted(edges, values.to_numpy(), side="right")
    found[values.to_numpy() == edges[-1]] -= 1
    return [int(number) for number in found]


def counted(values: Iterable[object]) -> Mapping[str | None, int]:
    return categories.finish(categories.partial(pl.LazyFrame({"x": list(values)}), ("x",))).counts


@functools.cache
def reference_edges(column: str, rule: int | str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.histogram_bin_edges(before(column).to_numpy(), rule)


def binned_ks(column: str, now: pl.Series) -> float:
    """NannyML's estimate for 10,000 rows and more: of the values' bins, 10,000 of equal width over the reference."""
    edges = reference_edges(column, 10_000)
    return ks(
        gaps(
            *(
                grid.finish(grid.partial(pl.LazyFrame({"x": [float(number) for number in bins(side, edges)]}), ("x",)))
                for side in (before(column), now)
            )
        )
    ).value


def yates(column: str, now: pl.Series) -> tuple[float, float]:
    """NannyML corrects 2 by 2 tables for continuity: each cell goes half a row towards its expectation.

    The margins stay, so the corrected statistic is ours of the moved table; doubled, the table is of whole
    numbers, and the statistic doubles with it.
    """
    sides = [counted(before(column)), counted(now)]
    if len({name for side in sides for name in side}) > 2:
        tested = homogeneity(*sides)
        assert tested is not None
        return tested.statistic, tested.pvalue
    (a, b), (c, d) = ([side.get(name, 0) for name in sorted(sides[0], key=str)] for side in sides)
    step = int(math.copysign(1, a * d - b * c))
    tested = homogeneity({"x": 2 * a - step, "y": 2 * b + step}, {"x": 2 * c + step, "y": 2 * d - step})
    assert tested is not None
    return tested.statistic / 2, float(chdtrc(1, tested.statistic / 2))


def jensenshannon_base_2(column: str, now: pl.Series) -> float:
    """NannyML's distance is to base 2, ours to base e; numeric columns by the bins of Doane's rule."""
    sides: list[Iterable[object]] = [before(column), now]
    if before(column).dtype == pl.Float64:
        edges = reference_edges(column, "doane")
        inner = [bins(side, edges) for side in (before(column), now)]
        sides = [["outside" if number in {0, len(edges)} else number for number in side] for side in inner]
        sides = [[str(number) for number in side] for side in sides]
    return jensenshannon(binning.counted(*(counted(side) for side in sides))).value / math.sqrt(math.log(2))


def of_moments(now: pl.Series) -> moments.Moments:
    return moments.finish(moments.partial(pl.LazyFrame({"x": now}), ("x",)))


def median(now: pl.Series) -> float:
    """The mean of the two values in the middle of a grid without loss."""
    found = grid.finish(grid.partial(pl.LazyFrame({"x": now}), ("x",)))
    assert found.shift == 0
    middle = [(found.n - 1) // 2, found.n // 2]
    return float(found.low[np.searchsorted(np.cumsum(found.count), middle, side="right")].mean())


ANSWERS: Mapping[str, Any] = {
    "kolmogorov_smirnov": binned_ks,
    "chi2": lambda column, now: yates(column, now)[0],
    "jensen_shannon": jensenshannon_base_2,
    "stat_avg": lambda _, now: of_moments(now).mean,
    "stat_std": lambda _, now: math.sqrt(of_moments(now).sample_variance or 0.0),
    "stat_median": lambda _, now: median(now),
}
