"""Rows as the measures take them: the columns asked for, and what the archive knows of each row.

Added are `@excluded`, `@version`, `@prediction` and `@label`. A row is excluded for the first reason that holds:
`time_missing`, `outside_partition`, `prediction_invalid`, `score_invalid`, `label_invalid`. A null prediction, score
or label is not invalid: it is null, and the row counts. Nor does a late label exclude its decision, whatever it says:
which rows count must not depend on when labels arrive.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from retroaudit.archive.cutoffs import encoded
from retroaudit.archive.inputs import Partition
from retroaudit.archive.labels import Lookup, text_ids
from retroaudit.archive.outcomes import INVALID, outcome, positives
from retroaudit.archive.times import instants, microseconds
from retroaudit.spec.model import Spec

PREPARATION = 1  # goes up whenever the same file would give other rows: states are kept under it
RESERVED = "@"  # no column of a file may start with it
EXCLUDED = "@excluded"  # null: the row counts; else the reason why it does not
VERSION = "@version"  # string or null
PREDICTION = "@prediction"  # Int8: 1 positive, 0 negative, null absent
LABEL = "@label"  # Int8: 1 positive, 0 negative, null not (yet) known; of labels kept apart the code of `cutoffs`
REASONS = ("time_missing", "outside_partition", "prediction_invalid", "score_invalid", "label_invalid")


@dataclass(frozen=True)
class Labels:
    """What the rows of a slice are labelled with, at each cut-off; once where labels lie in the logs.

    `values` are Int8: 1, 0, -1 invalid, null not known, or not to be known (`unexpected`: a label where no outcome
    can be observed). `wanted` are the rows of the lookup that were joined, None where labels lie in the logs.
    """

    values: tuple[pl.Series, ...]
    unexpected: tuple[pl.Series, ...]
    wanted: pl.Series | None

    def known(self) -> tuple[pl.Series, ...]:
        """The labels that can be used: 1, 0 or null."""
        return tuple(map(_valid, self.values))


@dataclass(frozen=True)
class Prepared:
    """One slice as the measures take it (`rows`), and what the tally asks of it: ids as text, and labels."""

    rows: pl.DataFrame
    ids: pl.Series
    labels: Labels


def numeric(spec: Spec) -> frozenset[str]:
    """Columns whose use needs numbers: numeric features, and the score."""
    named = {name for name, kind in spec.columns.features.items() if kind == "numeric"}
    return frozenset(named if spec.columns.score is None else {*named, spec.columns.score})


def roles(spec: Spec) -> frozenset[str]:
    """Columns of the logs that are read whatever is measured."""
    own = spec.columns
    named = {own.time, own.id, own.version, own.prediction, own.score, own.label}
    return frozenset(name for name in named if name is not None)


def prepare(
    frame: pl.DataFrame, *, spec: Spec, partition: Partition, columns: Collection[str], known: Lookup | None
) -> Prepared:
    """One slice, prepared. `known` are labels kept apart from the logs; None reads them from the logs.

    A column that the slice does not have, or has in a type that its use cannot take, is null.
    """
    own = spec.columns
    ids = text_ids(_raw(frame, own.id))
    prediction = outcome(_raw(frame, own.prediction), positives(own.positive))
    labels = _labels(frame, ids, prediction, spec, known)
    added = {
        EXCLUDED: _excluded(frame, prediction, labels, spec, partition),
        VERSION: _raw(frame, own.version).cast(pl.String),
        PREDICTION: _valid(prediction),
        LABEL: labels.known()[0] if known is None else encoded(labels.known()),
    }
    return Prepared(typed(frame, spec, columns).with_columns(**added), ids, labels)


def typed(frame: pl.DataFrame, spec: Spec, columns: Collection[str]) -> pl.DataFrame:
    """The columns asked for, of the frame's height: nothing else of a row, nor whether it counts.

    A column that the frame does not have is null, and so is one whose use needs numbers where it has none.
    """
    numbers = numeric(spec)
    found = {name: _raw(frame, name) for name in sorted(columns) if not name.startswith(RESERVED)}
    taken = {name: _number(column) if name in numbers else column for name, column in found.items()}
    return pl.DataFrame(taken or None, height=frame.height)


def _raw(frame: pl.DataFrame, name: str | None) -> pl.Series:
    """The column as it is in the file, but without its name, which Polars may take for a pattern; null without one."""
    if name in frame.columns:
        return frame[name].alias("")
    return pl.repeat(None, frame.height, dtype=pl.String, eager=True)


def _number(found: pl.Series) -> pl.Series:
    if found.dtype.is_numeric() or found.dtype == pl.Boolean:
        return found
    return pl.repeat(None, found.len(), dtype=pl.Float64, eager=True)


def _labels(frame: pl.DataFrame, ids: pl.Series, prediction: pl.Series, spec: Spec, known: Lookup | None) -> Labels:
    """The label of each row, from the lookup or from the logs, where its outcome can be observed."""
    found: tuple[pl.Series, ...] = (outcome(_raw(frame, spec.columns.label), positives(spec.columns.positive)),)
    wanted = None
    if known is not None:
        joined = ids.alias("@id").to_frame().join(known.frame, on="@id", how="left", maintain_order="left")
        found = tuple(joined[str(place)] for place in range(len(known.tallies)))
        wanted = joined["row"].drop_nulls()
    unobservable, nothing = _unobservable(prediction, spec), _raw(frame, None).cast(pl.Int8)
    elsewhere = tuple(unobservable & label.is_not_null() for label in found)
    values = tuple(label.zip_with(~hidden, nothing) for label, hidden in zip(found, elsewhere, strict=True))
    return Labels(values, elsewhere, wanted)


def _unobservable(prediction: pl.Series, spec: Spec) -> pl.Series:
    """Where no outcome can be observed.

    `labels.observed_when: {prediction: 0}` names the prediction as 1 positive or 0 negative, or by a raw value.
    """
    observed = spec.labels.observed_when if spec.labels else None
    if not observed or "prediction" not in observed:
        return _nowhere(prediction)
    value = observed["prediction"]
    wanted = int(value) if value in (0, 1) else int(outcome(pl.Series([value]), positives(spec.columns.positive))[0])
    return (prediction != wanted).fill_null(value=True)


def _excluded(
    frame: pl.DataFrame, prediction: pl.Series, labels: Labels, spec: Spec, partition: Partition
) -> pl.Series:
    """The first reason for which each row is excluded; null where there is none."""
    flags = {
        **_time_flags(_raw(frame, spec.columns.time), spec, partition),
        "prediction_invalid": prediction == INVALID,
        "score_invalid": ~_number(_raw(frame, spec.columns.score)).cast(pl.Float64).is_between(0, 1),
        "label_invalid": labels.values[0] == INVALID if labels.wanted is None else _nowhere(prediction),
    }
    raised = {reason: flags[reason] for reason in REASONS if reason in flags and flags[reason].any()}
    if not raised:
        return _raw(frame, None)
    first = pl.coalesce([pl.when(reason).then(pl.lit(reason)) for reason in raised])
    return pl.DataFrame(raised).select(first).to_series()


def _time_flags(times: pl.Series, spec: Spec, partition: Partition) -> Mapping[str, pl.Series]:
    """No flags where the spec names no time, or the partition has no bounds (a snapshot)."""
    if spec.columns.time is None or partition.start is None or partition.end is None:
        return {}
    at = instants(times, spec.time.zone)
    slack = int(spec.time.slack.total_seconds()) * 10**6
    first, end = microseconds(partition.start) - slack, microseconds(partition.end) + slack
    return {"time_missing": at.is_null(), "outside_partition": (at < first) | (at >= end)}


def _valid(outcomes: pl.Series) -> pl.Series:
    """1, 0 or null: what is neither positive nor negative is null."""
    invalid = (outcomes == INVALID).fill_null(value=False)
    return outcomes.set(invalid, None) if invalid.any() else outcomes


def _nowhere(values: pl.Series) -> pl.Series:
    return pl.repeat(value=False, n=values.len(), eager=True)
