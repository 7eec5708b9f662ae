"""Statistics that others published on small fixtures and on NannyML's data: each covered reference is a case.

Origins: scipy's own tests, R (by scipy), optbinning's tutorial (`stat_fixtures`) and NannyML's documentation
(`nannyml`). Every number goes through the measures: values become states, and states are compared.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

from retroaudit.checks.drift import bins as binning
from retroaudit.checks.drift.distances import ChiSquare, chi2, jensenshannon, ks, psi, psi_term, wasserstein
from retroaudit.measures import categories, grid
from tests.world import REFERENCE_DATA

pytestmark = pytest.mark.published

Reference = Mapping[str, Any]

FIXTURES = ("ks_statistic", "wasserstein", "psi_total", "psi_bin", "chi2_two_proportions", "chi2_pvalue")
NANNYML = ("kolmogorov_smirnov", "chi2", "jensen_shannon")


def references(name: str) -> list[Reference]:
    path = REFERENCE_DATA / name / "expected.json"
    found: list[Reference] = json.loads(path.read_text())["references"] if path.is_file() else []
    return [reference for reference in found if reference["reproduced"]]


def of_fixtures() -> Iterable[Reference]:
    """All of the listed metrics, without one-sided Kolmogorov-Smirnov and independence in more than two ways."""
    for reference in references("stat_fixtures"):
        group = reference["group"]
        multiway = group["fixture"] in {"chi2_3way", "chi2_4way"}
        if reference["metric"] in FIXTURES and "alternative" not in group and not multiway:
            yield reference


def of_nannyml() -> Iterable[Reference]:
    for reference in references("nannyml"):
        if reference["metric"] == "drift_value" and reference["group"]["method"] in NANNYML:
            yield reference


def cases(found: Iterable[Reference]) -> list[Any]:
    return [pytest.param(reference, id=reference["id"]) for reference in found]


@pytest.mark.skipif(not REFERENCE_DATA.is_dir(), reason=f"no published results at {REFERENCE_DATA}")
def test_every_listed_metric_has_cases() -> None:
    """What is listed and no longer there would be silently untested."""
    assert {reference["metric"] for reference in of_fixtures()} == set(FIXTURES)
    assert {reference["group"]["method"] for reference in of_nannyml()} == set(NANNYML)
    print(f"{len(list(of_fixtures()))} fixtures and {len(list(of_nannyml()))} values of NannyML")  # noqa: T201 - the count


@pytest.mark.parametrize("reference", cases(of_fixtures()))
def test_fixture(reference: Reference) -> None:
    found = ANSWERS[reference["metric"]](inputs()[reference["group"]["fixture"]], reference["group"])
    assert found == pytest.approx(reference["value"], abs=reference["abs_tol"])


@pytest.mark.parametrize("reference", cases(of_nannyml()))
def test_nannyml_drift(reference: Reference) -> None:
    group = reference["group"]
    column = group["column"]
    first, last = (int(row) for row in group["chunk"].strip("[]").split(":"))
    now = car_loan(group["period"])[column][first : last + 1].drop_nulls()
    answer = {"kolmogorov_smirnov": binned_ks, "chi2": yates_chi2, "jensen_shannon": jensenshannon_base_2}
    assert answer[group["method"]](column, now) == pytest.approx(reference["value"], abs=reference["abs_tol"])


# --- the small fixtures ---------------------------------------------------------------------------------------------


@functools.cache
def inputs() -> Mapping[str, Reference]:
    fixtures = json.loads((REFERENCE_DATA / "stat_fixtures" / "data" / "fixtures.json").read_text())
    return {fixture["name"]: fixture["inputs"] for fixture in fixtures}


def aligned(reference: Iterable[float], current: Iterable[float]) -> tuple[grid.Grid, grid.Grid]:
    states = (pl.LazyFrame({"x": list(side)}, schema={"x": pl.Float64}) for side in (reference, current))
    one, other = (grid.partial(state, ("x",)) for state in states)
    return grid.align(one, other)


def repeated(values: list[float], weights: list[int] | None) -> list[float]:
    """Whole weights are as many rows."""
    return [value for value, weight in zip(values, weights or [1] * len(values), strict=True) for _ in range(weight)]


def of_wasserstein(given: Reference, _: Reference) -> float:
    sides = aligned(repeated(given["u"], given["u_weights"]), repeated(given["v"], given["v_weights"]))
    return wasserstein(*sides, 1.0).value  # without norm


def of_psi_bin(given: Reference, group: Reference) -> float:
    at = given["bins"].index(group["bin"])
    return psi_term(given["actual"][at] / sum(given["actual"]), given["expected"][at] / sum(given["expected"]))


def of_psi(given: Reference, _: Reference) -> float:
    sides = (dict(zip(given["bins"], given[side], strict=True)) for side in ("expected", "actual"))
    return psi(binning.counted(*sides)).value


def of_two_proportions(given: Reference, group: Reference) -> ChiSquare:
    """The event rates are printed to six digits; the numbers of events are whole."""
    at = given["bins"].index(group["bin"])
    counts = [given[f"count_{side}"][at] for side in "AE"]
    events = [round(count * given[f"event_rate_{side}"][at]) for side, count in zip("AE", counts, strict=True)]
    actual, expected = (
        dict[str | None, int]({"event": hit, "none": count - hit}) for hit, count in zip(events, counts, strict=True)
    )
    tested = chi2(expected, actual)
    assert tested is not None
    return tested


ANSWERS: Mapping[str, Callable[[Reference, Reference], float]] = {
    "ks_statistic": lambda given, _: ks(*aligned(given["x"], given["y"])).value,
    "wasserstein": of_wasserstein,
    "psi_bin": of_psi_bin,
    "psi_total": of_psi,
    "chi2_two_proportions": lambda given, group: of_two_proportions(given, group).statistic,
    "chi2_pvalue": lambda given, group: of_two_proportions(given, group).pvalue,
}


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
    return ks(*aligned(bins(before(column), edges), bins(now, edges))).value


def yates_chi2(column: str, now: pl.Series) -> float:
    """NannyML corrects 2 by 2 tables for continuity: each cell goes half a row towards its expectation.

    The margins stay, so the corrected statistic is ours of the moved table; doubled, the table is of whole
    numbers, and the statistic doubles with it.
    """
    sides = [counted(before(column)), counted(now)]
    if len({name for side in sides for name in side}) > 2:
        tested = chi2(*sides)
        assert tested is not None
        return tested.statistic
    (a, b), (c, d) = ([side.get(name, 0) for name in sorted(sides[0], key=str)] for side in sides)
    step = int(math.copysign(1, a * d - b * c))
    tested = chi2({"x": 2 * a - step, "y": 2 * b + step}, {"x": 2 * c + step, "y": 2 * d - step})
    assert tested is not None
    return tested.statistic / 2


def jensenshannon_base_2(column: str, now: pl.Series) -> float:
    """NannyML's distance is to base 2, ours to base e; numeric columns by the bins of Doane's rule."""
    sides: list[Iterable[object]] = [before(column), now]
    if before(column).dtype == pl.Float64:
        edges = reference_edges(column, "doane")
        inner = [bins(side, edges) for side in (before(column), now)]
        sides = [["outside" if number in {0, len(edges)} else number for number in side] for side in inner]
        sides = [[str(number) for number in side] for side in sides]
    return jensenshannon(binning.counted(*(counted(side) for side in sides))).value / math.sqrt(math.log(2))
