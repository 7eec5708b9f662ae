"""Rates of a binary classifier as shares of its confusion cells, and which of them a spec allows to be known."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import polars as pl

from retroaudit.checks.intervals import wilson
from retroaudit.checks.metric import Metric, Slice
from retroaudit.checks.words import listing, quoted
from retroaudit.measures.measure import LABEL, PREDICTION
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Spec

Outcome: TypeAlias = tuple[int | None, int | None]
"""A prediction and a label: 1 positive, 0 negative, None absent."""

Tally: TypeAlias = Mapping[Outcome, int]
"""The rows of a slice by outcome."""

_MOST_NAMES = 5

_TP: Outcome = (1, 1)
_FP: Outcome = (1, 0)
_FN: Outcome = (0, 1)
_TN: Outcome = (0, 0)
_POSITIVE: frozenset[Outcome] = frozenset({_TP, _FP, (1, None)})
_NEGATIVE: frozenset[Outcome] = frozenset({_FN, _TN, (0, None)})
_LABEL_POSITIVE: frozenset[Outcome] = frozenset({_TP, _FN, (None, 1)})
_LABEL_NEGATIVE: frozenset[Outcome] = frozenset({_FP, _TN, (None, 0)})


@dataclass(frozen=True)
class Rate:
    """A share: the rows of `of` that are also in `part`. `given` names the prediction that it is conditional on."""

    part: frozenset[Outcome]
    of: frozenset[Outcome]
    given: int | None = None
    label: bool = True


COUNTS: Mapping[str, Outcome] = MappingProxyType({"tp": _TP, "fp": _FP, "fn": _FN, "tn": _TN})
"""The four counts of rows that have both a prediction and a known label."""

RATES: Mapping[str, Rate] = MappingProxyType(
    {
        "selection_rate": Rate(_POSITIVE, _POSITIVE | _NEGATIVE, label=False),
        "tpr": Rate(frozenset({_TP}), frozenset({_TP, _FN})),
        "fpr": Rate(frozenset({_FP}), frozenset({_FP, _TN})),
        "fnr": Rate(frozenset({_FN}), frozenset({_TP, _FN})),
        "tnr": Rate(frozenset({_TN}), frozenset({_FP, _TN})),
        "precision": Rate(frozenset({_TP}), frozenset({_TP, _FP}), given=1),
        "npv": Rate(frozenset({_TN}), frozenset({_FN, _TN}), given=0),
        "fdr": Rate(frozenset({_FP}), frozenset({_TP, _FP}), given=1),
        "false_omission_rate": Rate(frozenset({_FN}), frozenset({_FN, _TN}), given=0),
        "accuracy": Rate(frozenset({_TP, _TN}), frozenset({_TP, _FP, _FN, _TN})),
        "prevalence": Rate(_LABEL_POSITIVE, _LABEL_POSITIVE | _LABEL_NEGATIVE),
    }
)
"""Every rate by its name. Rows without a prediction, or without a known label, are in no confusion cell."""


RATIOS: Mapping[str, str] = MappingProxyType(
    {
        "selection_rate": "impact_ratio",
        **{rate: f"{rate}_ratio" for rate in RATES if rate not in {"selection_rate", "accuracy", "prevalence"}},
    }
)
"""The ratio by which a rate is compared between groups."""

RATE_OF: Mapping[str, str] = MappingProxyType(
    {ratio: rate for rate, ratio in RATIOS.items()} | {f"{rate}_difference": rate for rate in RATES}
)
"""The rate that a comparison compares."""


@dataclass(frozen=True)
class Share:
    """`part` of `of` rows; `value` is None where there are none (0/0)."""

    part: int
    of: int

    @property
    def value(self) -> float | None:
        """The share as a number."""
        return self.part / self.of if self.of else None

    def interval(self, confidence: float) -> tuple[float | None, float | None]:
        """Wilson's interval, or (None, None) where the share is undefined."""
        return wilson(self.part, self.of, confidence) if self.of else (None, None)


def share(tally: Tally, rate: Rate) -> Share:
    """The rate of one slice."""
    part, of = (sum(tally.get(outcome, 0) for outcome in outcomes) for outcomes in (rate.part, rate.of))
    return Share(part, of)


def tallies(cells: pl.DataFrame, columns: tuple[str, ...]) -> dict[tuple[str | None, ...], Tally]:
    """The rows by outcome of every slice by `columns`, summed over all other keys of `cells`.

    In the order of the values, nulls last. Without columns there is one slice, also where there are no rows.
    """
    found: dict[tuple[str | None, ...], dict[Outcome, int]] = {} if columns else {(): {}}
    keys = [*columns, PREDICTION, LABEL]
    by_place = {str(place): cells[key] for place, key in enumerate((*keys, "count"))}  # a name may look like a pattern
    lines = pl.DataFrame(by_place)
    *places, counted = lines.columns
    for *values, prediction, label, count in lines.group_by(places).agg(pl.col(counted).sum()).rows():
        found.setdefault(tuple(values), {})[prediction, label] = count
    return dict(sorted(found.items(), key=lambda item: [(value is None, value or "") for value in item[0]]))


def why_unknown(profile: Profile, columns: tuple[str, ...]) -> str:
    """The reason where a profile has no cells by these columns: nothing was read, or there were too many."""
    if profile.state("cells", *columns) is None:
        return "no rows were measured"
    names = listing([quoted(column) for column in (*columns, "version")], _MOST_NAMES)
    return f"there are more combinations of {names} than can be told apart"


def published(check: str, tally: Tally, where: Slice, confidence: float, unknown: Container[str]) -> Iterator[Metric]:
    """A slice's number of rows, its counts and its rates with Wilson intervals, without those that are `unknown`.

    `n` of a rate is its denominator; a rate without rows has no value.
    """
    yield _count(check, "n", where, sum(tally.values()))
    for name, outcome in COUNTS.items():
        if name not in unknown:
            yield _count(check, name, where, tally.get(outcome, 0))
    for name, rate in RATES.items():
        if name not in unknown:
            found = share(tally, rate)
            low, high = found.interval(confidence)
            yield Metric(
                check=check,
                metric=name,
                slice=where,
                value=found.value,
                low=low,
                high=high,
                n=found.of,
                discloses=(found.part, found.of - found.part),
            )


def _count(check: str, name: str, where: Slice, count: int) -> Metric:
    return Metric.exact(check, name, count, slice=where, n=count, discloses=(count,))


def unknowable(spec: Spec, awaited: str = "") -> dict[str, str]:
    """The rates and counts that this spec does not allow to be known, each with the reason.

    Without predictions or labels there are none; nor are there where labels are `awaited`, with that reason. Where
    a label exists only for some predictions (`labels.observed_when`), a share of all who have the label would be a
    share of those who were let through: only what is conditional on that very prediction is published (selective
    labels: Lakkaraju et al. 2017, KDD).
    """
    names = (*COUNTS, *RATES)
    if spec.columns.prediction is None:
        unlabelled = {} if has_labels(spec) else {"prevalence": "the spec names no labels"}
        others = dict.fromkeys((name for name in names if name != "prevalence"), "the spec names no prediction column")
        return others | unlabelled
    about_labels = [name for name in names if name in COUNTS or RATES[name].label]
    if not has_labels(spec):
        return dict.fromkeys(about_labels, "the spec names no labels")
    if awaited:
        return dict.fromkeys(about_labels, awaited)
    observed = _observed(spec)
    if observed is None:
        return {}
    reason = f"labels exist only where the prediction is {observed}"
    return {name: reason for name in about_labels if _given(name) != observed}


def has_labels(spec: Spec) -> bool:
    """Whether the spec names labels at all, in files of their own or in the logs."""
    return spec.labels is not None or spec.columns.label is not None


def _given(name: str) -> int | None:
    """The prediction that a count or rate is conditional on; None where it is on both."""
    return COUNTS[name][0] if name in COUNTS else RATES[name].given


def _observed(spec: Spec) -> int | None:
    """The prediction (1 or 0, as in `@prediction`) for which labels exist; None where they exist for both."""
    condition = spec.labels.observed_when if spec.labels else None
    value = condition.get("prediction") if condition else None
    return None if value is None else int(value)
