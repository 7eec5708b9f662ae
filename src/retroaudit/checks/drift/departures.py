"""What distances do not see: values that are missing, that the reference never had, or that are gone.

All are shares of rows of two samples, with sampling intervals at the spec's confidence; where cells or buckets leave
a number open, the intervals of what is possible are joined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from retroaudit.checks.drift import noise
from retroaudit.checks.drift.bins import Counts as Sides
from retroaudit.checks.drift.pair import NO_ROWS, Pair, at_most, either_way
from retroaudit.checks.drift.significance import Categories
from retroaudit.checks.intervals import newcombe, wilson
from retroaudit.checks.mass import below
from retroaudit.checks.metric import Metric, Slice, Threshold, Verdict
from retroaudit.checks.quality.check import null_group
from retroaudit.checks.words import listing, quoted
from retroaudit.measures.counts import Counts
from retroaudit.measures.grid import Grid
from retroaudit.spec.model import ColumnType

_MOST_NAMES = 5
_BUCKETS = "at least this: there are more categories than can be told apart"


@dataclass(frozen=True)
class _Share:
    """A share of `of` rows, from `least` to `most`, `likely` between them; and the share that chance explains."""

    least: int
    likely: float
    most: int
    of: int
    noise: float


def missing(pair: Pair, column: str, kind: ColumnType) -> Iterator[Metric]:
    """`null_rate_difference`, and of numbers `nan_rate_difference` and `inf_rate_difference`: window less reference.

    Newcombe's interval, at most `drift.missing` either way; `reference` is the reference's rate.
    """
    now, before = _absent(pair.now.counts(column)), _absent(pair.before.counts(column))
    threshold = either_way(pair.spec.drift.missing)
    for name in ("null", "nan", "inf") if kind == "numeric" else ("null",):
        metric = f"{name}_rate_difference"
        if now is None or before is None:
            yield Metric.insufficient("drift", metric, NO_ROWS, subject=column, slice=pair.where, threshold=threshold)
            continue
        low, high = newcombe(now[name], now["rows"], before[name], before["rows"], pair.spec.confidence)
        few, rate = pair.few(now["rows"], before["rows"]), before[name] / before["rows"]
        group = null_group(pair.spec, column) if name == "null" else ()
        yield Metric(
            check="drift",
            metric=metric,
            subject=column,
            slice=pair.where,
            value=now[name] / now["rows"] - rate,
            low=low,
            high=high,
            n=now["rows"],
            reference=rate,
            threshold=threshold,
            verdict=Verdict.INSUFFICIENT if few and threshold else None,
            reason=few,
            discloses=(now[name], now["rows"] - now[name]) if group else (),
            reveals=group,
        )


def out_of_range(pair: Pair, column: str) -> Iterator[Metric]:
    """`out_of_reference_range_rate`: the share of the window's values below or above all of the reference's.

    Wilson's interval, at most `drift.out_of_range`. A new value of the reference's own distribution lies outside
    with a chance of 2 / (n + 1), which is the noise of small references.
    """
    before, now = pair.before.grid(column), pair.now.grid(column)
    if before is None or now is None:
        return
    share = None if before.n == 0 or now.n == 0 else _outside(before, now, pair.spec.confidence)
    threshold = at_most(pair.spec.drift.out_of_range)
    yield _metric(pair, column, "out_of_reference_range_rate", share, threshold, few=pair.few(now.n, before.n))


def categories_apart(pair: Pair, column: str) -> Iterator[Metric]:
    """`unseen_rate`: the share of the window's values that the reference does not have; at most `drift.unseen`.

    `vanished_rate`: the share of the reference's values that are gone from the window, `n` of them; at most
    `drift.vanished`. Wilson's intervals, without nulls. Values so rare that a sample misses them are the noise of
    both. Values with at least `privacy.min_cell` rows are named.
    """
    sides = pair.categories(column)
    if sides is None:
        return
    before, now = sides
    limits = pair.spec.drift
    for metric, side, other, limit in (
        ("unseen_rate", now, before, limits.unseen),
        ("vanished_rate", before, now, limits.vanished),
    ):
        ours, theirs = _known(side.counts), _known(other.counts)
        alone = {name: count for name, count in ours.items() if name not in theirs}
        share = _alone(alone, ours, theirs, pair.spec.confidence, exact=before.exact) if ours and theirs else None
        yield _metric(
            pair,
            column,
            metric,
            share,
            at_most(limit),
            few=pair.few(sum(_known(now.counts).values()), sum(_known(before.counts).values())),
            told=_names(alone, pair.spec.privacy.min_cell) if before.exact else _BUCKETS,
            reveals=_groups(pair, column, alone),
        )


def _metric(
    pair: Pair,
    column: str,
    metric: str,
    share: _Share | None,
    threshold: Threshold | None,
    *,
    few: str,
    told: str = "",
    reveals: tuple[Slice, ...] = (),
) -> Metric:
    if share is None:
        there = {"subject": column, "slice": pair.where, "threshold": threshold}
        return Metric.insufficient("drift", metric, few or NO_ROWS, **there)
    confidence = pair.spec.confidence
    low, high = wilson(share.least, share.of, confidence)[0], wilson(share.most, share.of, confidence)[1]
    doubt = few or _doubt(share, low, threshold)
    return Metric(
        check="drift",
        metric=metric,
        subject=column,
        slice=pair.where,
        value=share.likely / share.of,
        low=low,
        high=high,
        n=share.of,
        threshold=threshold,
        verdict=Verdict.INSUFFICIENT if doubt and threshold else None,
        reason="; ".join(filter(None, (doubt, told))),
        discloses=(share.least, share.of - share.least) if reveals else (),
        reveals=reveals,
    )


def _doubt(share: _Share, low: float, threshold: Threshold | None) -> str:
    """Why a share says nothing: the other side is so small that as much is missing from it by chance."""
    if threshold is None or threshold.max is None or not noise.verdict_is_open(low, threshold.max, share.noise):
        return ""
    return f"{share.noise:.2g} of pure noise is expected: the other side has too few rows, or too many rare values"


def _absent(counts: Counts | None) -> Mapping[str, int] | None:
    if counts is None or counts.rows == 0:
        return None
    infinite = counts.pos_inf + counts.neg_inf
    return {"rows": counts.rows, "null": counts.nulls, "nan": counts.nan, "inf": infinite}


def _outside(before: Grid, now: Grid, confidence: float) -> _Share:
    ends = np.array([np.nanmin(before.low)]), np.array([np.nanmax(before.high)])
    under, up_to = below(now, ends[0]), below(now, ends[1], inclusive=True)
    least = int(under.least[0]) + now.n - int(up_to.most[0])
    most = int(under.most[0]) + now.n - int(up_to.least[0])
    likely = float(under.likely[0]) + now.n - float(up_to.likely[0])
    return _Share(least, likely, min(most, now.n), now.n, noise.out_of_range(before.n, confidence))


def _alone(
    alone: Mapping[str, int], ours: Mapping[str, int], theirs: Mapping[str, int], confidence: float, *, exact: bool
) -> _Share:
    """Of buckets that both sides have, any value may be one side's alone."""
    count, of = sum(alone.values()), sum(ours.values())
    row = np.array(list(theirs.values()), dtype=np.int64)
    missed = noise.unseen(Sides(row, row.astype(np.float64), row, int(row.sum())), confidence)
    return _Share(count, count, count if exact else of, of, missed)


def _known(counts: Categories) -> dict[str, int]:
    return {name: count for name, count in counts.items() if name is not None}


def _names(alone: Mapping[str, int], min_cell: int) -> str:
    large = sorted((name for name, count in alone.items() if count >= min_cell), key=lambda name: (-alone[name], name))
    return listing([quoted(name) for name in large], _MOST_NAMES)


def _groups(pair: Pair, column: str, alone: Mapping[str, int]) -> tuple[Slice, ...]:
    """The groups of people that are told of, if the column is one that groups are formed by."""
    grouped = any(column in group for group in pair.spec.groups)
    return tuple(((column, name),) for name in sorted(alone)) if grouped else ()
