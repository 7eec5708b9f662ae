"""Rows as the measures take them: the columns asked for, and what the archive knows of each row.

Added are `@excluded`, `@version`, `@prediction` and `@label` (`measures.measure` names them). A row is excluded
for the first reason that holds: `time_missing`, `outside_partition`, `prediction_invalid`, `score_invalid`,
`label_invalid`. A null prediction, score or label is not invalid: it is null, and the row counts. Nor does a late
label exclude its decision, whatever it says: which rows count must not depend on when labels arrive.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from retroaudit.archive.inputs import Partition
from retroaudit.archive.labels import Lookup, text_ids
from retroaudit.archive.outcomes import INVALID, outcome, positives
from retroaudit.archive.times import instants, microseconds
from retroaudit.spec.model import Spec

EXCLUDED, VERSION, PREDICTION, LABEL = "@excluded", "@version", "@prediction", "@label"  # as measures.measure has them
RESERVED = "@"  # no column of a file may start with it
REASONS = ("time_missing", "outside_partition", "prediction_invalid", "score_invalid", "label_invalid")


@dataclass
class Tally:
    """What joining labels has met so far: counts of rows, and which rows of the lookup were wanted."""

    matched: np.ndarray[tuple[int], np.dtype[np.bool_]]
    rows: int = 0
    joined: int = 0
    unexpected: int = 0
    invalid: int = 0


def numeric(spec: Spec) -> frozenset[str]:
    """Columns whose use needs numbers: numeric features, and the score."""
    named = {name for name, kind in spec.columns.features.items() if kind == "numeric"}
    return frozenset(named if spec.columns.score is None else {*named, spec.columns.score})


def roles(spec: Spec) -> frozenset[str]:
    """Columns of the logs that are read whatever is measured."""
    own = spec.columns
    named = {own.time, own.version, own.prediction, own.score, own.label, own.id if spec.labels else None}
    return frozenset(name for name in named if name is not None)


def prepare(
    frame: pl.DataFrame,
    *,
    spec: Spec,
    partition: Partition,
    columns: Collection[str],
    known: Lookup | None,
    tally: Tally,
) -> pl.DataFrame:
    """One slice, prepared. `known` are labels kept apart from the logs; None reads them from the logs.

    A column that the slice does not have, or has in a type that its use cannot take, is null.
    `tally` is brought up to date.
    """
    own = spec.columns
    prediction = outcome(_raw(frame, own.prediction), positives(own.positive))
    if known is None:
        label = outcome(_raw(frame, own.label), positives(own.positive))
    else:
        label = _join(_raw(frame, own.id), known, tally)
    label, unexpected = _observed(label, prediction, spec)
    flags = {
        **_time_flags(_raw(frame, own.time), spec, partition),
        "prediction_invalid": prediction == INVALID,
        "score_invalid": ~_number(_raw(frame, own.score)).cast(pl.Float64).is_between(0, 1),
        "label_invalid": label == INVALID if known is None else _nowhere(label),
    }
    excluded = pl.coalesce([pl.when(reason).then(pl.lit(reason)) for reason in REASONS if reason in flags])
    ready = pl.DataFrame(
        {
            **_typed(frame, spec, columns),
            EXCLUDED: pl.DataFrame(flags).select(excluded).to_series(),
            VERSION: _raw(frame, own.version).cast(pl.String),
            PREDICTION: prediction.replace({INVALID: None}),
            LABEL: label.replace({INVALID: None}),
        }
    )
    counted = ready[EXCLUDED].is_null()
    tally.rows += ready.height
    tally.joined += int((counted & ready[LABEL].is_not_null()).sum()) if known is not None else 0
    tally.unexpected += int((counted & unexpected).sum())
    tally.invalid += int((counted & (label == INVALID)).sum()) if known is not None else 0
    return ready


def _raw(frame: pl.DataFrame, name: str | None) -> pl.Series:
    """The column as it is in the file; null where there is none."""
    if name in frame.columns:
        return frame[name]
    return pl.repeat(None, frame.height, dtype=pl.String, eager=True)


def _typed(frame: pl.DataFrame, spec: Spec, columns: Collection[str]) -> Mapping[str, pl.Series]:
    """The columns asked for; a numeric one is null where the file has it as something else."""
    numbers = numeric(spec)
    found = {name: _raw(frame, name) for name in sorted(columns) if not name.startswith(RESERVED)}
    return {name: _number(column) if name in numbers else column for name, column in found.items()}


def _number(found: pl.Series) -> pl.Series:
    if found.dtype.is_numeric() or found.dtype == pl.Boolean:
        return found
    return pl.repeat(None, found.len(), dtype=pl.Float64, eager=True)


def _time_flags(times: pl.Series, spec: Spec, partition: Partition) -> Mapping[str, pl.Series]:
    """No flags where the spec names no time, or the partition has no bounds (a snapshot)."""
    if spec.columns.time is None or partition.start is None or partition.end is None:
        return {}
    at = instants(times, spec.time.zone)
    slack = int(spec.time.slack.total_seconds()) * 10**6
    first, end = microseconds(partition.start) - slack, microseconds(partition.end) + slack
    return {"time_missing": at.is_null(), "outside_partition": (at < first) | (at >= end)}


def _join(ids: pl.Series, known: Lookup, tally: Tally) -> pl.Series:
    left = text_ids(ids).alias("@id").to_frame()
    joined = left.join(known.frame, on="@id", how="left", maintain_order="left")
    tally.matched[joined["row"].drop_nulls().to_numpy()] = True
    return joined["label"]


def _observed(label: pl.Series, prediction: pl.Series, spec: Spec) -> tuple[pl.Series, pl.Series]:
    """Labels only where the outcome can be observed, and where there were some elsewhere.

    `labels.observed_when: {prediction: 0}` names the prediction as 1 positive or 0 negative, or by a raw value.
    """
    observed = spec.labels.observed_when if spec.labels else None
    if not observed or "prediction" not in observed:
        return label, _nowhere(label)
    value = observed["prediction"]
    wanted = int(value) if value in (0, 1) else int(outcome(pl.Series([value]), positives(spec.columns.positive))[0])
    elsewhere = (prediction != wanted).fill_null(value=True) & label.is_not_null()
    return label.zip_with(~elsewhere, pl.repeat(None, label.len(), dtype=pl.Int8, eager=True)), elsewhere


def _nowhere(values: pl.Series) -> pl.Series:
    return pl.repeat(value=False, n=values.len(), eager=True)
