"""Label drift and concept drift, told apart: more positives, and more positives than the score explains.

The rate of positives may differ because the scores do (other people came), or because the same score means
something else (the world changed). The difference of two rates is the sum of both parts (Kitagawa 1955, "Components
of a difference between two rates", JASA 50, 1168-1194); the second is the difference by score, standardised to the
window's scores.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import polars as pl

from retroaudit.checks.drift.pair import Pair, at_most, either_way
from retroaudit.checks.intervals import newcombe
from retroaudit.checks.mass import Floats, Ints, total
from retroaudit.checks.metric import Metric, Verdict
from retroaudit.checks.rates import RATES, Share, has_labels, share, tallies, unknowable, why_unknown
from retroaudit.measures.measure import LABEL
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Spec

STRATA = 20
"""Into so many strata of about equal numbers the window's scores are cut; 5 leave a tenth of a bias (Cochran 1968)."""

FEWEST = 30
"""Known labels of the reference below which its rate in a stratum counts as unknown."""

_ROWS = 20
_CELLS: tuple[str, ...] = ()


def label_drift(pair: Pair) -> Iterator[Metric]:
    """`prevalence_difference`: the rate of positives among known labels, window less reference.

    Newcombe's interval, at most `drift.label` either way; `reference` is the reference's rate. Skipped where labels
    cannot be known (`checks.rates.unknowable`) and where the reference has none.
    """
    name, threshold = "prevalence_difference", either_way(pair.spec.drift.label)
    subject, where = _label(pair.spec), pair.where
    if reason := _why_not(pair):
        yield Metric.skipped("drift", name, reason, subject=subject, slice=where)
        return
    now, before = _prevalence(pair.now), _prevalence(pair.before)
    if not now.of:
        reason = why_unknown(pair.now, _CELLS) if pair.now.cells(_CELLS) is None else "no label is known"
        yield Metric.insufficient("drift", name, reason, subject=subject, slice=where, threshold=threshold)
        return
    low, high = newcombe(now.part, now.of, before.part, before.of, pair.spec.confidence)
    few = pair.few(now.of, before.of)
    yield Metric(
        check="drift",
        metric=name,
        subject=subject,
        slice=where,
        value=now.part / now.of - before.part / before.of,
        low=low,
        high=high,
        n=now.of,
        reference=before.part / before.of,
        threshold=threshold,
        verdict=Verdict.INSUFFICIENT if few and threshold else None,
        reason=few,
        discloses=(now.part, now.of - now.part),
    )


def concept_drift(pair: Pair) -> Iterator[Metric]:
    """`concept_difference` and `concept_distance`: by how much the outcome differs where the score is the same.

    Known labels are cut by score into up to 20 strata of at least 100 of the window's rows each. The first is the
    mean of the strata's differences in the rate of positives, window less reference, weighted by the window's rows:
    the part of `prevalence_difference` that the score does not explain; `reference` is the rate that the reference
    expects at the window's scores. The second is their root mean square, less what noise adds to it: it sees
    differences that cancel. Both may be at most `drift.concept`.

    Normal intervals; what lies in strata where the reference has fewer than 30 labels is unknown and widens them.
    Skipped where labels cannot be known, where there is no score, and where the reference lacks either.
    """
    spec, threshold = pair.spec, pair.spec.drift.concept
    allowed = {"concept_difference": either_way(threshold), "concept_distance": at_most(threshold)}
    reason = _why_not(pair) or ("" if spec.columns.score else "the spec names no score")
    before = None if reason else _by_score(pair.before, spec)
    if not reason and (before is None or not before.rows):
        reason = "the reference has no labels with scores"
    if reason or before is None:
        for name in allowed:
            yield Metric.skipped("drift", name, reason, subject=_label(spec), slice=pair.where)
        return
    now = _by_score(pair.now, spec)
    strata = _strata(now, before) if now is not None and now.rows else None
    few = pair.few(now.rows if now else 0, before.rows)
    for name, limit in allowed.items():
        estimate = None if strata is None else _ESTIMATES[name](strata, spec.confidence)
        if estimate is None:
            there = {"subject": _label(spec), "slice": pair.where, "threshold": limit}
            yield Metric.insufficient("drift", name, few or "the reference has no such scores", **there)
            continue
        yield Metric(
            check="drift",
            metric=name,
            subject=_label(spec),
            slice=pair.where,
            value=estimate.value,
            low=estimate.low,
            high=estimate.high,
            n=now.rows if now else 0,
            reference=estimate.expected,
            threshold=limit,
            verdict=Verdict.INSUFFICIENT if few and limit else None,
            reason=few,
        )


def _label(spec: Spec) -> str:
    return spec.columns.label or "model"


def _why_not(pair: Pair) -> str:
    """Why labels cannot be compared; empty where they can."""
    if not has_labels(pair.spec):
        return "the spec names no labels"
    reason = pair.now.labels_awaited or unknowable(pair.spec).get("prevalence")
    return reason or ("" if _prevalence(pair.before).of else "the reference has no labels")


def _prevalence(profile: Profile) -> Share:
    """Positives among known labels; none of none where nothing was measured."""
    cells = profile.cells(_CELLS)
    return Share(0, 0) if cells is None else share(tallies(cells, ())[()], RATES["prevalence"])


@dataclass(frozen=True)
class _ByScore:
    """Known labels in the cells of a grid over the score: one entry for each cell and label, cells may repeat."""

    shift: int
    cell: Ints
    count: Ints
    positive: Ints
    at: Floats  # the middle of the line's scores

    @property
    def rows(self) -> int:
        return int(self.count.sum())


@dataclass(frozen=True)
class _Strata:
    """Both sides by stratum: the window's share of rows, the rates of positives, their difference and its variance.

    Where the reference has too few rows, `known` is false.
    """

    weight: Floats
    known: npt.NDArray[np.bool_]
    rate: Floats
    expected: Floats
    variance: Floats


@dataclass(frozen=True)
class _Estimate:
    value: float
    low: float
    high: float
    expected: float | None = None


def _by_score(profile: Profile, spec: Spec) -> _ByScore | None:
    lines = profile.scores(spec.columns.score or "")
    if lines is None:
        return None
    lines = lines.filter(pl.col(LABEL).is_not_null() & pl.col("cell").is_not_null())
    count = lines["count"].to_numpy()
    shift = int(lines["shift"].to_numpy().max(initial=0))
    middle = (lines["min"].to_numpy() + lines["max"].to_numpy()) / 2
    return _ByScore(shift, lines["cell"].to_numpy(), count, count * (lines[LABEL].to_numpy() == 1), middle)


def _strata(now: _ByScore, before: _ByScore) -> _Strata:
    """Cells at the coarser shift, cut where the window's rows are; what the reference has beyond them is left out."""
    shift = max(now.shift, before.shift)
    ours, theirs = (side.cell >> (shift - side.shift) for side in (now, before))
    cells, place = np.unique(ours, return_inverse=True)
    rows = np.bincount(place, now.count)
    number = min(max(now.rows // _ROWS, 1), STRATA)
    middle = np.cumsum(rows) - rows / 2
    stratum = np.minimum((middle * number / now.rows).astype(np.int64), number - 1)
    inside = (theirs >= cells[0]) & (theirs <= cells[-1])
    other = stratum[np.searchsorted(cells, theirs[inside])]
    n, k = (_sums(stratum[place], each, number) for each in (now.count, now.positive))
    m, j = (_sums(other, each[inside], number) for each in (before.count, before.positive))
    at, there = before.at[inside], n > 0
    mean = _sums(other, before.count[inside] * at, number) / np.maximum(m, 1)
    apart = at - mean[other]
    spread = _sums(other, before.count[inside] * apart**2, number)
    slope = _sums(other, before.positive[inside] * apart, number) / np.where(spread > 0, spread, 1.0)
    gap = _sums(stratum[place], now.count * now.at, number) / np.maximum(n, 1) - mean
    n, k, m, j, spread, slope, gap = (each[there] for each in (n, k, m, j, spread, slope, gap))
    known, of = m >= FEWEST, np.maximum(m, 1)
    expected = np.clip(j / of + slope * gap, 0, 1)  # the reference's rate at the window's mean score of the stratum
    further = 1 + of * gap**2 / np.where(spread > 0, spread, np.inf)
    return _Strata(n / now.rows, known, k / n, expected, _variance(k, n) + _variance(j, of) * further)


def _sums(stratum: Ints, counts: Ints | Floats, number: int) -> Floats:
    return np.bincount(stratum, counts, number).astype(np.float64)


def _variance(successes: Floats, n: Floats) -> Floats:
    """Of a rate; one more success and one more failure keep it from 0 (Agresti and Coull 1998)."""
    share_ = (successes + 1) / (n + 2)
    variance: Floats = share_ * (1 - share_) / n
    return variance


def _difference(strata: _Strata, confidence: float) -> _Estimate | None:
    known, weight, rate = strata.known, strata.weight, strata.rate
    of = total(weight[known])
    if not of:
        return None
    apart = total((weight * (rate - strata.expected))[known])
    strays = _z(confidence) * math.sqrt(total((weight**2 * strata.variance)[known]))
    low = apart - strays + total((weight * (rate - 1))[~known])
    high = apart + strays + total((weight * rate)[~known])
    expected = total((weight * strata.expected)[known]) / of
    return _Estimate(min(max(apart / of, low), high), max(low, -1.0), min(high, 1.0), expected)


def _distance(strata: _Strata, confidence: float) -> _Estimate | None:
    known, weight, rate, variance = strata.known, strata.weight, strata.rate, strata.variance
    of = total(weight[known])
    if not of:
        return None
    squares = (rate - strata.expected) ** 2 - variance
    square = total((weight * squares)[known])
    spread = 2 * variance**2 + 4 * variance * np.maximum(squares, 0)
    strays = _z(confidence) * math.sqrt(total((weight**2 * spread)[known]))
    unknown = total((weight * np.maximum(rate, 1 - rate) ** 2)[~known])
    low, high = (math.sqrt(max(each, 0.0)) for each in (square - strays, square + strays + unknown))
    return _Estimate(min(max(math.sqrt(max(square / of, 0.0)), low), high), low, min(high, 1.0))


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)


_ESTIMATES = {"concept_difference": _difference, "concept_distance": _distance}
