"""Noise floors against simulations of one distribution, and the verdicts that follow from them."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import stats

from retroaudit.checks.drift import noise
from retroaudit.checks.drift.bins import Bins, binned, by_distinct, counted
from retroaudit.checks.drift.distances import hellinger, jensenshannon, kl_div, ks, psi, tvd, wasserstein
from retroaudit.checks.drift.gaps import gaps
from retroaudit.measures import grid

Floats = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]

NUMERIC: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(0, 1, n),
    "lognormal": lambda rng, n: rng.lognormal(0, 1, n),
    "two values": lambda rng, n: (rng.random(n) < 0.3).astype(np.float64),
    "ten values": lambda rng, n: rng.poisson(1.8, n).astype(np.float64),
}
SHARES: dict[str, Floats] = {
    "few": np.full(20, 0.05),
    "many, some rare": (1 / np.arange(1, 301)) / (1 / np.arange(1, 301)).sum(),
    "an id": np.full(20_000, 1 / 20_000),
}
ROWS = [(100, 5_000), (500, 5_000), (2_000, 2_000)]
TRIALS = 60
TOO_MANY = 9  # of 60 trials with a probability of 0.05 each, more than 9 exceed with one of 0.0009 (binomial)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("name", NUMERIC)
def test_numeric_noise_is_within_the_floor(name: str, rows: tuple[int, int]) -> None:
    rng = np.random.default_rng(20261121)
    beyond = dict.fromkeys(("wasserstein", "ks", "jensenshannon", "hellinger", "kl_div"), 0)
    for _ in range(TRIALS):
        sides = [NUMERIC[name](rng, n) for n in rows]
        before, now = (grid.finish(grid.partial(pl.LazyFrame({"x": side}), ("x",))) for side in sides)
        between, bins, sigma = gaps(before, now), binned(before, now), float(np.std(sides[0]))
        choices = by_distinct(before, now)
        assert bins is not None
        beyond["wasserstein"] += wasserstein(between, sigma).value > noise.wasserstein(before, rows[1], sigma, 0.95)
        beyond["ks"] += ks(between).value > noise.ks(*rows, 0.95)
        beyond["hellinger"] += hellinger(choices).value > noise.hellinger(choices[0], 0.95)
        beyond["kl_div"] += kl_div(bins).value > noise.psi(bins, 0.95) + 0.1  # as it is used: beyond what is allowed
        beyond["jensenshannon"] += jensenshannon(bins).value > noise.jensenshannon(bins, 0.95)
    assert max(beyond.values()) <= TOO_MANY, beyond


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("name", SHARES)
def test_the_noise_of_categories_is_within_the_floor(name: str, rows: tuple[int, int]) -> None:
    rng = np.random.default_rng(20261121)
    beyond = [0, 0, 0, 0, 0]
    for _ in range(TRIALS):
        bins = counted(*(categories(rng.multinomial(n, SHARES[name])) for n in rows))
        assert bins is not None
        beyond[0] += jensenshannon(bins).value > noise.jensenshannon(bins, 0.95)
        beyond[1] += psi(bins).value > noise.psi(bins, 0.95) + 0.1  # as it is used: beyond what is allowed
        beyond[2] += kl_div(bins).value > noise.psi(bins, 0.95) + 0.1
        beyond[3] += hellinger([bins]).value > noise.hellinger(bins, 0.95)
        beyond[4] += tvd(bins).value > noise.tvd(bins, 0.95)
    assert max(beyond) <= TOO_MANY, beyond


def categories(counts: npt.NDArray[np.int64]) -> dict[str | None, int]:
    return {str(at): int(count) for at, count in enumerate(counts) if count}


def twenty(n: int, m: int) -> Bins:
    bins = counted({str(i): n // 20 for i in range(20)}, {str(i): m // 20 for i in range(20)})
    assert bins is not None
    return bins


def test_floors_by_hand() -> None:
    """1.358 is Smirnov's 95 %, 30.1435 that of chi-square with 19 degrees (tables); the bridge of two values is √¼."""
    assert noise.ks(400, 400, 0.95) == pytest.approx(1.358 * math.sqrt(1 / 200), rel=1e-4)
    assert noise.jensenshannon(twenty(400, 400), 0.95) == pytest.approx(math.sqrt(30.1435 / 200 / 8), rel=1e-5)
    assert noise.psi(twenty(400, 400), 0.95) == pytest.approx(30.1435 / 200, rel=1e-5)
    halves = grid.finish(grid.partial(pl.LazyFrame({"x": [0.0, 1.0] * 200}), ("x",)))
    expected = math.sqrt(1 / 200) * (math.sqrt(2 / math.pi) * 0.5 + 1.644854 * 0.5) / 0.5
    assert noise.wasserstein(halves, 400, 0.5, 0.95) == pytest.approx(expected, rel=1e-6)


def test_the_floor_grows_with_the_confidence_and_shrinks_with_the_rows() -> None:
    assert noise.ks(100, 100, 0.99) > noise.ks(100, 100, 0.95) > noise.ks(200, 200, 0.95)
    assert noise.psi(twenty(100, 400), 0.99) > noise.psi(twenty(100, 400), 0.9) > noise.psi(twenty(400, 400), 0.9)


def test_cells_that_hide_their_values_raise_the_floor() -> None:
    """Origin: the same numbers, each known. A cell's F(1-F) is taken at its greatest."""
    values = np.random.default_rng(3).normal(0, 1, 3_000)
    lazy = pl.LazyFrame({"x": values})
    exact, coarse = (grid.finish(grid.partial(lazy, ("x",), cap=cap)) for cap in (grid.CAP, 50))
    floors = [noise.wasserstein(side, 3_000, 1.0, 0.95) for side in (exact, coarse)]
    assert floors[0] <= floors[1] <= floors[0] * 1.1


@pytest.mark.parametrize(
    ("low", "floor", "is_open"),
    [
        (0.0, 0.09, False),  # enough rows: passes
        (0.11, 0.09, False),  # enough rows: fails
        (0.05, 0.12, True),  # would pass, and a distance beyond 0.1 might hide
        (0.2, 0.12, True),  # would fail, and noise makes as much
        (0.23, 0.12, False),  # no noise explains it: fails
    ],
)
def test_only_what_noise_could_explain_is_open(low: float, floor: float, is_open: bool) -> None:
    assert noise.verdict_is_open(low, 0.1, floor) is is_open


@pytest.mark.parametrize(("n", "m"), [(120, 20_000), (20_000, 120), (150, 160)])
def test_the_rows_that_are_asked_for_suffice_and_one_less_does_not(n: int, m: int) -> None:
    reason = noise.shortfall(noise.ks(n, m, 0.95), 0.05, n, m, power=0.5)
    place = "reference rows" if n < m else "rows in the window"
    assert f"with {min(n, m)} {place}: at least " in reason
    needed = int(reason.split("at least ")[1].split()[0])
    larger = needed if reason.endswith("on both sides are needed") else max(n, m)
    less = larger - 1 if larger == needed else larger
    assert noise.ks(needed, larger, 0.95) <= 0.05 < noise.ks(needed - 1, less, 0.95)


def test_kolmogorov_smirnovs_floor_is_scipys() -> None:
    assert noise.ks(1_000, 1_000, 0.95) == pytest.approx(stats.kstwobign.ppf(0.95) * math.sqrt(2 / 1_000), rel=1e-3)
