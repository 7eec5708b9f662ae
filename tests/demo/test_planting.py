"""Each incident is in the raw rows, and nothing else is: recomputed with scipy and by counting, at full size."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from retroaudit.demo.archive import Night, make_night, snapshot
from retroaudit.demo.incidents import BIASED_GROUP, DRIFTED, EMPTIED, MISSPELT

FIRST = date(2026, 4, 1)
ROWS = 20_000
NUMERIC = [f"num_0{i}" for i in range(6)]
CATEGORICAL = [f"cat_0{i}" for i in range(3)]
GROUPS = (("gender",), ("age_band",), ("region",), ("gender", "age_band"))
OTHER_SEEDS = (2, 3, 5, 8, 13)
CROSSED = tuple(value for _, value in BIASED_GROUP)

Group = tuple[str, ...]


@cache
def planted(night: int, seed: int = 1) -> Night:
    return make_night(seed, FIRST + timedelta(days=night - 1), ROWS, night)


@cache
def quiet(night: int, seed: int) -> Night:
    return make_night(seed, FIRST + timedelta(days=night - 1), ROWS)


@cache
def training(seed: int = 1) -> pl.DataFrame:
    return snapshot(seed)


def shift(logs: pl.DataFrame, column: str, seed: int = 1) -> float:
    """Wasserstein distance to the snapshot in the snapshot's standard deviations, by scipy."""
    reference, current = (frame[column].drop_nulls().to_numpy() for frame in (training(seed), logs))
    return float(wasserstein_distance(reference, current) / np.std(reference))


def distance(logs: pl.DataFrame, column: str, seed: int) -> float:
    """Jensen-Shannon distance to the snapshot, null counted as a value, by scipy (natural logarithm)."""
    both = [dict(frame[column].value_counts().iter_rows()) for frame in (training(seed), logs)]
    values = sorted(set(both[0]) | set(both[1]), key=str)
    p, q = ([float(counts.get(value, 0)) for value in values] for counts in both)
    return float(jensenshannon(p, q))


def by_group(frame: pl.DataFrame, groups: Group, what: str) -> dict[Group, tuple[int, int]]:
    """Ones and rows of a 0/1 column in each group."""
    known = frame.filter(pl.col(what).is_not_null())
    return {tuple(map(str, key)): (int(part[what].sum()), len(part)) for key, part in known.group_by(list(groups))}


def ratios(tally: dict[Group, tuple[int, int]]) -> dict[Group, tuple[float, float, float]]:
    """Ratio of each group's rate to the largest group's, with Katz's 95 % interval on the log scale.

    Katz, Baptista, Azen, Pike 1978: se² = 1/a - 1/n + 1/b - 1/m.
    """
    b, m = max(tally.values(), key=lambda cell: cell[1])
    found = {}
    for group, (a, n) in tally.items():
        ratio = (a / n) / (b / m)
        spread = math.exp(1.959964 * math.sqrt(1 / a - 1 / n + 1 / b - 1 / m))
        found[group] = (ratio / spread, ratio, ratio * spread)
    return found


def test_the_feature_drifts_on_night_31_and_not_before() -> None:
    assert shift(planted(30).logs, DRIFTED) < 0.05
    assert shift(planted(31).logs, DRIFTED) == pytest.approx(0.3, abs=0.05)
    assert shift(planted(91).logs, DRIFTED) == pytest.approx(0.3, abs=0.05)


def test_nothing_else_drifts() -> None:
    for night in (31, 41, 52, 70, 88):
        logs = planted(night).logs
        assert max(shift(logs, name) for name in NUMERIC if name != DRIFTED) < 0.05
        assert max(distance(logs, name, 1) for name in CATEGORICAL) < 0.05


@pytest.mark.parametrize("night", [41, 46, 47, 54, 89])  # Monday, and the thin nights of weekends
def test_the_crossed_group_is_rejected_more_often(night: int) -> None:
    tally = by_group(planted(night).logs, ("gender", "age_band"), "prediction")
    found = ratios(tally)
    assert tally[CROSSED][1] >= 1_500
    assert found[CROSSED][0] > 1.25  # the whole interval lies outside
    (b, m), (a, n) = max(tally.values(), key=lambda cell: cell[1]), tally[CROSSED]
    assert a / n - b / m > 0.13
    assert all(low < 1.25 and high > 0.8 for group, (low, _, high) in found.items() if group != CROSSED)


def test_no_single_group_shows_it() -> None:
    for night in (41, 46, 47, 54, 89):
        for name in ("gender", "age_band", "region"):
            found = ratios(by_group(planted(night).logs, (name,), "prediction"))
            assert all(0.8 < ratio < 1.25 for _, ratio, _ in found.values())


def test_the_night_before_it_is_fair() -> None:
    for groups in GROUPS:
        assert all(
            0.85 < ratio < 1.18 for _, ratio, _ in ratios(by_group(planted(40).logs, groups, "prediction")).values()
        )


def test_the_misspelt_category_is_on_two_nights_and_too_rare_to_be_drift() -> None:
    shares = {
        night: int((planted(night).logs[MISSPELT] == "Rent").sum()) / len(planted(night).logs)
        for night in range(23, 27)
    }
    assert shares == {23: 0.0, 24: pytest.approx(0.005, abs=1e-4), 25: pytest.approx(0.005, abs=1e-4), 26: 0.0}
    assert distance(planted(24).logs, MISSPELT, 1) < 0.06


def test_the_column_is_null_on_three_nights() -> None:
    shares = {night: planted(night).logs[EMPTIED].null_count() / len(planted(night).logs) for night in range(44, 49)}
    assert shares == {44: 0.0, 45: 1.0, 46: 1.0, 47: 1.0, 48: 0.0}


def test_the_stale_version_serves_a_third_of_night_52() -> None:
    def stale(night: int) -> float:
        logs = planted(night).logs
        return int((logs["model_version"] == "1.4.0").sum()) / len(logs)

    assert [stale(night) for night in (47, 48, 51, 53)] == [1.0, 0.0, 0.0, 0.0]
    assert stale(52) == pytest.approx(1 / 3, abs=0.001)


def test_the_hole_is_of_hours_and_only_the_control_totals_know() -> None:
    night = planted(70)
    assert night.logs["event_time"].dt.hour().n_unique() == 21
    assert int(night.control["rows"].sum()) - len(night.logs) > 3_000
    assert night.labels["request_id"].is_in(night.logs["request_id"].to_list()).all()


@pytest.mark.parametrize("seed", OTHER_SEEDS)
@pytest.mark.parametrize("name", [*NUMERIC, *CATEGORICAL])
def test_with_nothing_planted_nothing_drifts(seed: int, name: str) -> None:
    """Half of the threshold of 0.1 at most, on a Sunday and after the cut-over."""
    measure: Callable[..., float] = shift if name in NUMERIC else distance
    assert max(measure(quiet(night, seed).logs, name, seed) for night in (5, 48)) < 0.05


@pytest.mark.parametrize("seed", OTHER_SEEDS)
def test_with_nothing_planted_the_groups_are_alike(seed: int) -> None:
    """Over four nights, all ratios lie well inside [0.8, 1.25] and all differences well below 0.1."""
    nights = [quiet(night, seed) for night in (1, 5, 48, 91)]
    frame = pl.concat([night.logs.join(night.labels, on="request_id", how="left") for night in nights])
    for groups in GROUPS:
        rejected, defaulted = (by_group(frame, groups, what) for what in ("prediction", "label"))
        assert all(low > 0.88 and high < 1.14 for low, _, high in ratios(rejected).values())
        for tally in (rejected, defaulted):  # `defaulted` is known for the approved alone: the false omission rate
            rates = [ones / rows for ones, rows in tally.values()]
            assert max(rates) - min(rates) < 0.05


@pytest.mark.parametrize("seed", OTHER_SEEDS)
def test_with_nothing_planted_no_night_leaves_the_band(seed: int) -> None:
    for night in (1, 5, 48, 91):
        for groups in GROUPS:
            assert all(
                0.8 < ratio < 1.25
                for _, ratio, _ in ratios(by_group(quiet(night, seed).logs, groups, "prediction")).values()
            )


@pytest.mark.parametrize("seed", OTHER_SEEDS)
def test_with_nothing_planted_few_values_are_null_and_none_out_of_range(seed: int) -> None:
    logs = quiet(48, seed).logs
    nulls = {name: logs[name].null_count() / len(logs) for name in logs.columns}
    assert {name for name, share in nulls.items() if share > 0} == {"num_01", "num_05", "cat_01"}
    assert max(nulls.values()) < 0.02
    ranges = {
        "num_00": (500, 250_000),
        "num_01": (6_000, 900_000),
        "num_02": (0, 1),
        "num_03": (300, 850),
        "num_04": (0, 50),
    }
    for name, (low, high) in ranges.items():
        assert logs[name].drop_nulls().is_between(low, high).all()
    assert logs["score"].is_between(0, 1).all()
    assert set(logs["prediction"].unique()) == {0, 1}
