"""Statistics that others published on small fixtures: each covered reference is a case.

Origins: scipy's own tests, R (by scipy), Evidently's tests and optbinning's tutorial (`stat_fixtures`). Every number
goes through the measures: values become states, and states are compared.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

from retroaudit.checks.drift import bins as binning
from retroaudit.checks.drift.distances import hellinger, ks, psi, psi_term, wasserstein
from retroaudit.checks.drift.gaps import gaps
from retroaudit.checks.drift.significance import ChiSquare, chisquare, homogeneity, ks_pvalue
from retroaudit.measures import grid
from tests.world import REFERENCE_DATA

pytestmark = pytest.mark.published

Reference = Mapping[str, Any]

LEFT_OUT = {
    "ks_pvalue, one-sided": "drift is judged two-sided",
    "ks_statistic, one-sided": "drift is judged two-sided",
    "chi2, more than two ways": "drift has two sides",
    "chi2_pvalue, more than two ways": "drift has two sides",
    "anderson_ksamp": "no method of the spec",
    "anderson_pvalue": "no method of the spec",
    "cramer_von_mises": "no method of the spec",
    "cvm_pvalue": "no method of the spec",
    "epps_singleton": "no method of the spec",
    "fisher_exact_pvalue": "no method of the spec",
    "mann_whitney_pvalue": "no method of the spec",
}


def references() -> list[Reference]:
    path = REFERENCE_DATA / "stat_fixtures" / "expected.json"
    found: list[Reference] = json.loads(path.read_text())["references"] if path.is_file() else []
    return [reference for reference in found if reference["reproduced"]]


def kind(reference: Reference) -> str:
    group = reference["group"]
    if "alternative" in group:
        return f"{reference['metric']}, one-sided"
    multiway = group["fixture"] in {"chi2_3way", "chi2_4way"}
    return f"{reference['metric']}{', more than two ways' if multiway else ''}"


def covered() -> Iterable[Reference]:
    return (reference for reference in references() if kind(reference) in ANSWERS)


def cases() -> list[Any]:
    return [pytest.param(reference, id=reference["id"]) for reference in covered()]


@pytest.mark.skipif(not REFERENCE_DATA.is_dir(), reason=f"no published results at {REFERENCE_DATA}")
def test_what_is_left_out_is_named_with_its_reason() -> None:
    kinds = {kind(reference) for reference in references()}
    assert kinds - set(ANSWERS) == set(LEFT_OUT)
    assert set(ANSWERS) <= kinds


# --- the small fixtures ---------------------------------------------------------------------------------------------


@functools.cache
def inputs() -> Mapping[str, Reference]:
    fixtures = json.loads((REFERENCE_DATA / "stat_fixtures" / "data" / "fixtures.json").read_text())
    return {fixture["name"]: fixture["inputs"] for fixture in fixtures}


def grids(reference: Iterable[float], current: Iterable[float]) -> tuple[grid.Grid, grid.Grid]:
    rows = (pl.LazyFrame({"x": list(side)}, schema={"x": pl.Float64}) for side in (reference, current))
    before, now = (grid.finish(grid.partial(each, ("x",))) for each in rows)
    return before, now


def repeated(values: list[float], weights: list[int] | None) -> list[float]:
    """Whole weights are as many rows."""
    return [value for value, weight in zip(values, weights or [1] * len(values), strict=True) for _ in range(weight)]


def of_wasserstein(given: Reference, _: Reference) -> float:
    sides = grids(repeated(given["u"], given["u_weights"]), repeated(given["v"], given["v_weights"]))
    return wasserstein(gaps(*sides), 1.0).value  # without norm


def of_psi_bin(given: Reference, group: Reference) -> float:
    at = given["bins"].index(group["bin"])
    p, q = (np.array([given[side][at] / sum(given[side])]) for side in ("actual", "expected"))
    return float(psi_term(p, q)[0])


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
    tested = homogeneity(expected, actual)
    assert tested is not None
    return tested


def of_ks_pvalue(given: Reference, _: Reference) -> float:
    sides = grids(given["x"], given["y"])
    return ks_pvalue(ks(gaps(*sides)), *(side.n for side in sides)).value


def of_counts(given: Reference) -> tuple[dict[str | None, int], dict[str | None, int]]:
    before, now = (dict(enumerate(given[f"{side}_counts"])) for side in ("reference", "current"))
    return {str(name): n for name, n in before.items()}, {str(name): n for name, n in now.items()}


def of_fit(given: Reference, _: Reference) -> float:
    tested = chisquare(*of_counts(given))
    assert tested is not None
    return tested.pvalue


def of_hellinger(given: Reference, _: Reference) -> float:
    bins = binning.counted(*of_counts(given))
    assert bins is not None
    return hellinger([bins]).value


ANSWERS: Mapping[str, Callable[[Reference, Reference], float]] = {
    "ks_statistic": lambda given, _: ks(gaps(*grids(given["x"], given["y"]))).value,
    "ks_pvalue": of_ks_pvalue,
    "hellinger": of_hellinger,
    "chi2_gof_pvalue": of_fit,
    "wasserstein": of_wasserstein,
    "psi_bin": of_psi_bin,
    "psi_total": of_psi,
    "chi2_two_proportions": lambda given, group: of_two_proportions(given, group).statistic,
    "chi2_pvalue": lambda given, group: of_two_proportions(given, group).pvalue,
}


@pytest.mark.parametrize("reference", cases())
def test_fixture(reference: Reference) -> None:
    found = ANSWERS[kind(reference)](inputs()[reference["group"]["fixture"]], reference["group"])
    assert found == pytest.approx(reference["value"], abs=reference["abs_tol"])
