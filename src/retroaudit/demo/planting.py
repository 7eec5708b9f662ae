"""How each incident is done to a night's rows.

Nothing here draws at random: a night that no incident touches is the same, byte for byte, whether incidents are
planted or not.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from retroaudit.demo.incidents import (
    BIAS,
    BIASED_GROUP,
    DRIFT,
    DRIFTED,
    EMPTIED,
    HOLE,
    MISSPELT,
    NULLS,
    SPELLING,
    STALE,
    STALE_VERSION,
)
from retroaudit.demo.population import Floats

_SHIFT = 21.0  # points of the bureau's new scorecard: 0.3 of the column's deviation
_HOLE_HOURS = (10, 13)  # from <= hour < to, UTC: a fifth of a day's rows


def drift(people: pl.DataFrame, night: int) -> pl.DataFrame:
    """From its first night on, one numeric feature is shifted by 0.3 of its standard deviation."""
    return people.with_columns((pl.col(DRIFTED) + _SHIFT).clip(300, 850)) if night in DRIFT.nights else people


def bias(people: pl.DataFrame, night: int) -> Floats:
    """What the service adds to the logit: much for one crossed group, a little less for its neighbours.

    The neighbours hide it from whoever looks at one attribute at a time ("fairness gerrymandering": Kearns,
    Neel, Roth and Wu 2018, "Preventing fairness gerrymandering").
    """
    if night not in BIAS.nights:
        return np.zeros(len(people))
    gender, age = (pl.col(name) == value for name, value in BIASED_GROUP)
    added = pl.when(gender & age).then(0.42).when(age).then(-0.10).when(gender).then(-0.04).otherwise(0.0)
    return people.select(added).to_series().to_numpy()


def stale(versions: pl.Series, night: int) -> pl.Series:
    """One replica of three serves the former version again."""
    if night not in STALE.nights:
        return versions
    third = pl.int_range(len(versions)) % 3 == 0
    return pl.select(pl.when(third).then(pl.lit(STALE_VERSION)).otherwise(versions)).to_series()


def spelling(rows: pl.DataFrame, night: int) -> pl.DataFrame:
    """One form in two hundred writes a category with a capital: too few for drift, and unknown to the model."""
    if night not in SPELLING.nights:
        return rows
    some = pl.int_range(pl.len()) % 200 == 0
    return rows.with_columns(pl.when(some).then(pl.lit("Rent")).otherwise(pl.col(MISSPELT)).alias(MISSPELT))


def nulls(rows: pl.DataFrame, night: int) -> pl.DataFrame:
    """One column of the log is empty; its type stays."""
    emptied = pl.lit(None, dtype=rows.schema[EMPTIED]).alias(EMPTIED)
    return rows.with_columns(emptied) if night in NULLS.nights else rows


def hole(rows: pl.DataFrame, night: int) -> pl.DataFrame:
    """A few hours are lost; the gateway has counted them."""
    lost = pl.col("event_time").dt.hour().is_between(*_HOLE_HOURS, closed="left")
    return rows.filter(~lost) if night in HOLE.nights else rows
