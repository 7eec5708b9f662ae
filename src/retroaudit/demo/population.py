"""Applicants, the model that decides on them, and what became of those that it approved.

Every distribution is the same on every day, apart from the weekday's traffic and smaller loans at weekends, and
nearly the same in every group: with nothing planted, no metric comes near the thresholds of `spec.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]

CUT_OVER = date(2026, 5, 18)  # 1.5.0 serves from this midnight (UTC) on, as spec.yaml declares
REJECT_FROM = 0.25  # the score from which an applicant is predicted to default, and rejected
BASE_LOGIT = -1.38

_GENDERS = ("female", "male")
_AGE_BANDS = ("18-29", "30-44", "45-59", "60+")
_PEOPLE = (0.115, 0.165, 0.100, 0.090, 0.115, 0.190, 0.145, 0.080)  # by gender, then by age band
_REGIONS = {"north": 0.28, "south": 0.31, "east": 0.19, "west": 0.22}
_CONSUMERS = {"web": 0.52, "mobile": 0.41, "branch": 0.07}
_PURPOSES = {"car": 0.31, "home improvement": 0.22, "debt consolidation": 0.29, "education": 0.08, "other": 0.10}
_EMPLOYMENTS = {"permanent": 0.61, "temporary": 0.14, "self-employed": 0.13, "retired": 0.09, "none": 0.03}
_HOUSINGS = {"rent": 0.49, "mortgage": 0.33, "own": 0.18}
_NULL_RATES = {"num_01": 0.012, "num_05": 0.006, "cat_01": 0.009}  # people who did not say

_TRAFFIC_BY_WEEKDAY = (1.04, 1.06, 1.05, 1.04, 1.03, 0.92, 0.86)  # Monday first; 1 on average
_TRAFFIC_BY_HOUR = (4, 2, 1, 1, 1, 2, 6, 14, 28, 40, 46, 48, 44, 42, 44, 46, 46, 48, 50, 48, 40, 28, 17, 9)
_WEIGHTS = {  # of amount, income, ratio, bureau, enquiries in the model's logit
    "1.4.0": (0.42, -0.52, 0.37, -0.33, 0.30),
    "1.5.0": (0.40, -0.55, 0.38, -0.32, 0.28),
}
_LATE = 0.04  # one outcome in 25
_DAY, _HOUR = 86_400_000_000, 3_600_000_000  # microseconds


def version_on(day: date) -> str:
    """The version that is meant to serve on this day."""
    return "1.4.0" if day < CUT_OVER else "1.5.0"


def traffic(day: date, rows: int, rng: np.random.Generator) -> pl.DataFrame:
    """The day's requests in order of time: about `rows` of them, fewer at weekends and hardly any at night."""
    n = max(1, int(rng.poisson(rows * _TRAFFIC_BY_WEEKDAY[day.weekday()])))
    hours = rng.choice(24, size=n, p=np.array(_TRAFFIC_BY_HOUR) / sum(_TRAFFIC_BY_HOUR))
    moments = np.sort(hours * _HOUR + rng.integers(0, _HOUR, size=n)) + _midnight(day)
    return pl.DataFrame(
        {
            "event_time": _times(moments),
            "request_id": pl.select(
                pl.lit(f"{day:%Y%m%d}-") + pl.int_range(n).cast(pl.String).str.zfill(6)
            ).to_series(),
            "consumer": _draw(_CONSUMERS, n, rng),
        }
    )


def applicants(n: int, rng: np.random.Generator, *, weekend: bool = False) -> pl.DataFrame:
    """Features and groups of `n` people, before anything is missing."""
    cells = rng.choice(len(_PEOPLE), size=n, p=_PEOPLE)
    age = cells % len(_AGE_BANDS)
    return pl.DataFrame(
        {
            "num_00": np.round(rng.lognormal(8.98 if weekend else 9.0, 0.6, n), -1).clip(500, 250_000),  # amount
            "num_01": np.round(rng.lognormal(10.4, 0.45, n)).clip(6_000, 900_000),  # yearly income
            "num_02": np.round(rng.beta(2.2, 5.0, n), 4),  # debt to income
            "num_03": np.round(rng.normal(610.0, 70.0, n)).clip(300, 850),  # the bureau's score
            "num_04": rng.poisson(1.8, n).astype(np.int64),  # enquiries of the last year
            "num_05": np.round(rng.gamma(1.5, 28.0, n) * (0.9 + 0.06 * age)).clip(0, 600),  # months in the job
            "cat_00": _draw(_PURPOSES, n, rng),
            "cat_01": _draw(_EMPLOYMENTS, n, rng),
            "cat_02": _draw(_HOUSINGS, n, rng),
            "gender": _named(_GENDERS, cells // len(_AGE_BANDS)),
            "age_band": _named(_AGE_BANDS, age),
            "region": _draw(_REGIONS, n, rng),
        }
    )


def decide(people: pl.DataFrame, versions: pl.Series, overlay: Floats, rng: np.random.Generator) -> pl.DataFrame:
    """Add what each version makes of each applicant: `model_version`, `score`, `prediction`, and the outcome.

    The score is the estimated probability of default, P = logistic(base + weights · features + overlay), where
    `overlay` is what else the service adds to the logit; from `REJECT_FROM` on the prediction is 1, rejected.
    `outcome` is 1 for a default, drawn from the true probability, which knows what the model does not.
    """
    x = _standardised(people)
    truth = BASE_LOGIT + _dot(x, "1.5.0") + _by_group(people)
    estimate = np.select([(versions == name).to_numpy() for name in _WEIGHTS], [_dot(x, name) for name in _WEIGHTS])
    score = np.round(_logistic(BASE_LOGIT + estimate + _by_group(people) + overlay), 6)
    outcome = rng.random(len(people)) < _logistic(truth + rng.normal(0.0, 0.5, len(people)))
    return people.with_columns(
        versions.alias("model_version"),
        pl.Series("score", score),
        pl.Series("prediction", score >= REJECT_FROM).cast(pl.Int8),
        pl.Series("outcome", outcome).cast(pl.Int8),
    )


def outcomes(decided: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The labels: only who was approved can repay or default, and the news takes 1 to 29 days.

    One in 25 comes after 32 to 50 days, too late for an audit that waits for 30.
    """
    n = len(decided)
    days = np.where(rng.random(n) < _LATE, rng.uniform(32.0, 50.0, n), 1.0 + 28.0 * rng.beta(2.0, 1.5, n))
    return decided.select(
        "request_id",
        pl.col("outcome").alias("label"),
        (pl.col("event_time") + pl.Series((days * _DAY).astype(np.int64)).cast(pl.Duration("us"))).alias("label_time"),
    ).filter(decided["prediction"] == 0)


def forget(people: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Leave out what some people did not say: small shares of null, at random."""
    n = len(people)
    said = {name: pl.Series(rng.random(n) >= rate) for name, rate in _NULL_RATES.items()}
    return people.with_columns(pl.when(said[name]).then(pl.col(name)).alias(name) for name in said)


def _standardised(people: pl.DataFrame) -> Floats:
    """The five features that the model uses, each with about mean 0 and deviation 1."""
    return people.select(
        (pl.col("num_00").log() - 9.0) / 0.6,
        (pl.col("num_01").log() - 10.4) / 0.45,
        (pl.col("num_02") - 0.306) / 0.161,
        (pl.col("num_03") - 610.0) / 70.0,
        (pl.col("num_04") - 1.8) / 1.342,
    ).to_numpy()


def _dot(x: Floats, version: str) -> Floats:
    """Features times the version's weights; summed in a fixed order, which a BLAS does not promise."""
    total: Floats = (x * np.array(_WEIGHTS[version])).sum(axis=1)
    return total


def _by_group(people: pl.DataFrame) -> Floats:
    """Real groups are never quite alike: a few hundredths in the logit."""
    return (
        people.select(
            pl.col("age_band").replace_strict({"18-29": 0.02, "60+": -0.02}, default=0.0)
            + pl.col("region").replace_strict({"south": 0.02, "east": -0.02}, default=0.0)
        )
        .to_series()
        .to_numpy()
    )


def _logistic(logit: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-logit))


def _draw(shares: Mapping[str, float], n: int, rng: np.random.Generator) -> pl.Series:
    return _named(tuple(shares), rng.choice(len(shares), size=n, p=list(shares.values())))


def _named(names: Sequence[str], codes: npt.NDArray[np.int64]) -> pl.Series:
    return pl.Series(names).gather(codes)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000


def _times(microseconds: npt.NDArray[np.int64]) -> pl.Series:
    return pl.Series(microseconds).cast(pl.Datetime("us", "UTC"))
