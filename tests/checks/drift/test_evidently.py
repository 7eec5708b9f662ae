"""Every number that Evidently 0.7.23 has too, against its own on the same rows; its import takes seconds."""

from __future__ import annotations

import importlib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import stats

from retroaudit.checks.drift.columns import Compared, of_counts, of_grids
from retroaudit.measures import grid

pytestmark = pytest.mark.slow

Floats = npt.NDArray[np.float64]
Score = Callable[[str, Any, Any], float]

WITHIN = 5e-5
METHODS = {  # ours -> Evidently's function
    "wasserstein": "wasserstein_stat_test",
    "jensenshannon": "jensenshannon_stat_test",
    "psi": "psi_stat_test",
    "ks_pvalue": "ks_stat_test",
    "kl_div": "kl_div_stat_test",
    "hellinger": "hellinger_stat_test",
    "chisquare_pvalue": "chi_stat_test",
    "homogeneity_pvalue": "z_stat_test",  # of two categories
}
NUMERIC = ("wasserstein", "jensenshannon", "psi", "ks_pvalue", "kl_div", "hellinger")
CATEGORICAL = ("jensenshannon", "psi", "kl_div", "hellinger", "chisquare_pvalue")


@pytest.fixture(scope="module")
def evidently() -> Iterator[SimpleNamespace]:
    """Its tests of drift by our names, and the total variation that it permutes."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as environment:
        environment.setenv("DO_NOT_TRACK", "1")
        warnings.simplefilter("ignore")
        pd = importlib.import_module("pandas")
        stattests = importlib.import_module("evidently.legacy.calculations.stattests")
        types = importlib.import_module("evidently.legacy.core").ColumnType
        variation = importlib.import_module("evidently.legacy.calculations.stattests.tvd_stattest")

        def score(name: str, reference: Any, current: Any) -> float:
            kind = types.Numerical if np.asarray(reference).dtype == np.float64 else types.Categorical
            sides = pd.Series(reference).dropna(), pd.Series(current).dropna()
            return float(getattr(stattests, METHODS[name])(*sides, kind, 0.1).drift_score)

        def tvd(reference: Any, current: Any) -> float:
            return float(variation._total_variation_distance(pd.Series(reference), pd.Series(current)))

        yield SimpleNamespace(score=score, tvd=tvd)


def numeric_samples() -> Mapping[str, tuple[Floats, Floats]]:
    rng = np.random.default_rng(20261121)
    return {
        "normal": (rng.normal(0, 1, 16_000), rng.normal(0.1, 1.1, 15_000)),
        "lognormal": (rng.lognormal(0, 1, 12_000), rng.lognormal(0.05, 1, 9_000)),
        "few values": (rng.integers(0, 12, 20_000) * 1.0, rng.integers(0, 14, 15_000) * 1.0),
        "constant": (np.full(500, 2.5), np.full(400, 2.5)),
        "two constants": (np.full(500, 2.5), np.full(400, 3.5)),
        "small": (rng.normal(0, 1, 400), rng.normal(0.1, 1, 377)),
        "a few against many": (rng.normal(0, 1, 120), rng.normal(0.1, 1, 15_000)),
        "heavy ties": (np.round(rng.exponential(3, 20_000), 2), np.round(rng.exponential(3.2, 20_000), 2)),
        "negative, missing": (-rng.exponential(5, 16_000), np.append(-rng.exponential(5.1, 15_000), [np.nan] * 99)),
    }


def categorical_samples() -> Mapping[str, tuple[Any, Any]]:
    rng = np.random.default_rng(20261121)
    names = np.array([f"c{number:03}" for number in range(300)], dtype=object)
    rare = 1 / np.arange(1, 301)
    return {
        "alike": (rng.choice(names[:8], 20_000), rng.choice(names[:8], 20_000)),
        "shifted": (rng.choice(names[:3], 20_000, p=[0.5, 0.3, 0.2]), rng.choice(names[:3], 9_000, p=[0.4, 0.4, 0.2])),
        "rare": (rng.choice(names, 20_000, p=rare / rare.sum()), rng.choice(names, 15_000, p=rare / rare.sum())),
        "vanished": (rng.choice(names[:5], 5_000), rng.choice(names[:3], 5_000)),
        "unseen": (rng.choice(names[:3], 5_000), rng.choice(names[:5], 5_000)),
    }


def of_numbers(reference: Floats, current: Floats) -> Compared:
    states = (grid.partial(pl.LazyFrame({"x": side}), ("x",)) for side in (reference, current))
    before, now = (grid.finish(state) for state in states)
    return of_grids(before, now, float(np.std(reference[np.isfinite(reference)])), 0.95)


def of_names(reference: Any, current: Any) -> Compared:
    return of_counts(Counter(reference.tolist()), Counter(current.tolist()), 0.95)


def assert_same(compared: Compared, name: str, origin: float) -> None:
    found = compared.distances[name]
    assert found.low - WITHIN <= origin <= found.high + WITHIN
    assert found.value == pytest.approx(origin, abs=WITHIN, rel=0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sample", list(numeric_samples()))
def test_numeric_scores_are_evidentlys(evidently: SimpleNamespace, sample: str) -> None:
    reference, current = numeric_samples()[sample]
    compared = of_numbers(reference, current)
    for name in NUMERIC:
        assert_same(compared, name, evidently.score(name, reference, current))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sample", list(categorical_samples()))
def test_categorical_scores_are_evidentlys(evidently: SimpleNamespace, sample: str) -> None:
    reference, current = categorical_samples()[sample]
    compared = of_names(reference, current)
    for name in CATEGORICAL:
        assert_same(compared, name, evidently.score(name, reference, current))
    assert_same(compared, "TVD", evidently.tvd(reference, current))


@pytest.mark.filterwarnings("ignore")
def test_homogeneity_of_two_categories_is_evidentlys_z(evidently: SimpleNamespace) -> None:
    rng = np.random.default_rng(3)
    sides = [rng.choice(np.array(["no", "yes"], dtype=object), 5_000, p=[p, 1 - p]) for p in (0.7, 0.72)]
    assert_same(of_names(*sides), "homogeneity_pvalue", evidently.score("homogeneity_pvalue", *sides))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mean", [0.0, 1000.0, -3.0])
def test_beyond_the_cap_of_the_grid_the_scores_are_evidentlys_too(evidently: SimpleNamespace, mean: float) -> None:
    rng = np.random.default_rng(20261121)
    reference, current = rng.normal(mean, 1, 200_000), rng.normal(mean + 0.02, 1.01, 180_000)
    compared = of_numbers(reference, current)
    assert compared.distances["ks"].low < compared.distances["ks"].high  # something is left open
    for name in set(NUMERIC) - {"ks_pvalue"}:
        assert_same(compared, name, evidently.score(name, reference, current))
    pvalue, origin = compared.distances["ks_pvalue"], evidently.score("ks_pvalue", reference, current)
    assert pvalue.low <= origin <= pvalue.high  # of so many rows, a few more or less on one side move it
    assert compared.distances["ks"].value == pytest.approx(stats.ks_2samp(reference, current).statistic, abs=WITHIN)
