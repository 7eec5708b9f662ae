"""Missing, NaN, infinite and out-of-range values of each column, against the spec's limits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from retroaudit.checks.mass import below
from retroaudit.checks.metric import Metric, Slice, Threshold
from retroaudit.measures.counts import Counts
from retroaudit.measures.grid import Grid
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.features import limit_for, range_for
from retroaudit.spec.model import Spec


def needs(spec: Spec) -> frozenset[Need]:
    """The counts of every column that the audit reads, and the grids of those that have a range."""
    grids = {Need("grid", (column,)) for column in _numeric(spec) if range_for(spec, column)}
    return frozenset({Need("counts", (column,)) for column in _columns(spec)} | grids)


def check(spec: Spec, profile: Profile, reference: Profile | None) -> list[Metric]:
    """`null_rate`, `nan_rate`, `inf_rate` and `out_of_range_rate`, column by column.

    Null, NaN and infinite values are shares of the rows, and each may be at most `quality.null_rate`. Values
    out of range are a share of the finite values, below the range's low or above its high (both are allowed),
    at most `quality.out_of_range`. NaN, infinity and ranges concern numeric features and the score alone.

    The window is a census of its rows, not a sample of anything: so a rate is exact, and `low = high = value`.
    Only where the end of a range falls inside a cell of many values is the number of values beyond it bounded
    instead. A column without rows, or a range without finite values, is insufficient. `reference` is the same
    rate of the reference.
    """
    numeric = _numeric(spec)
    metrics: list[Metric] = []
    for column in _columns(spec):
        now = profile.counts(column)
        before = reference.counts(column) if reference else None
        metrics += _missing(spec, column, now, before, numeric=column in numeric)
        if column in numeric:
            metrics += _out_of_range(spec, column, profile.grid(column), reference.grid(column) if reference else None)
    return metrics


def _columns(spec: Spec) -> tuple[str, ...]:
    """Every column that is read and must be filled: features, groups, prediction, score and version, once each."""
    roles = (spec.columns.prediction, spec.columns.score, spec.columns.version)
    groups = (column for group in spec.groups for column in group)
    names = (*sorted(spec.columns.features), *sorted(groups), *(role for role in roles if role))
    return tuple(dict.fromkeys(names))


def _numeric(spec: Spec) -> frozenset[str]:
    features = {column for column, kind in spec.columns.features.items() if kind == "numeric"}
    return frozenset(features | ({spec.columns.score} if spec.columns.score else set()))


def _missing(spec: Spec, column: str, now: Counts | None, before: Counts | None, *, numeric: bool) -> Iterator[Metric]:
    limit = limit_for(spec, column)
    threshold = None if limit is None else Threshold(max=limit)
    values, others = _absences(now), _absences(before)
    group = null_group(spec, column)
    for metric in ("null_rate", "nan_rate", "inf_rate") if numeric else ("null_rate",):
        rows = now.rows if now else 0
        if rows == 0:
            yield Metric.insufficient("quality", metric, "there are no rows", subject=column, n=0, threshold=threshold)
            continue
        share = values[metric] / rows
        reference = others[metric] / before.rows if before and before.rows else None
        yield Metric.exact(
            "quality",
            metric,
            share,
            subject=column,
            n=rows,
            reference=reference,
            threshold=threshold,
            discloses=(values[metric], rows - values[metric]) if group else (),
            reveals=group,
        )


def null_group(spec: Spec, column: str) -> tuple[Slice, ...]:
    """The group of people that a column's nulls are, if they are one."""
    if any(column in group for group in spec.groups):
        return (((column, None),),)
    return ((("version", None),),) if column == spec.columns.version else ()


def _absences(counts: Counts | None) -> dict[str, int]:
    if counts is None:
        return {}
    return {"null_rate": counts.nulls, "nan_rate": counts.nan, "inf_rate": counts.pos_inf + counts.neg_inf}


def _out_of_range(spec: Spec, column: str, now: Grid | None, before: Grid | None) -> Iterator[Metric]:
    allowed = range_for(spec, column)
    if allowed is None:
        return
    threshold = Threshold(max=spec.quality.out_of_range)
    shares = _outside(now, allowed)
    if shares is None or now is None:
        yield Metric.insufficient(
            "quality", "out_of_range_rate", "there are no finite values", subject=column, n=0, threshold=threshold
        )
        return
    reference = _outside(before, allowed)
    low, value, high = shares
    yield Metric(
        check="quality",
        metric="out_of_range_rate",
        subject=column,
        value=value,
        low=low,
        high=high,
        n=now.n,
        reference=reference[1] if reference else None,
        threshold=threshold,
        reason=f"allowed is {allowed[0]:g} to {allowed[1]:g}",
    )


def _outside(grid: Grid | None, allowed: tuple[float, float]) -> tuple[float, float, float] | None:
    """The least, likely and greatest share of values outside a closed range; None without values."""
    if grid is None or grid.n == 0:
        return None
    lowest, highest = (np.array([bound], dtype=np.float64) for bound in allowed)
    under, up_to = below(grid, lowest), below(grid, highest, inclusive=True)
    least = int(under.least[0]) + grid.n - int(up_to.most[0])
    likely = float(under.likely[0]) + grid.n - float(up_to.likely[0])
    most = int(under.most[0]) + grid.n - int(up_to.least[0])
    return least / grid.n, likely / grid.n, min(most, grid.n) / grid.n
