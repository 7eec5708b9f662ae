"""Which numbers of a suite tell of one person, of a few, or of a group's size, whatever their `n` says."""

from __future__ import annotations

from dataclasses import dataclass

from retroaudit.checks.metric import Metric
from retroaudit.spec.model import Expectation, Spec

_QUANTILES = {
    "expect_column_min_to_be_between": 0.0,
    "expect_column_median_to_be_between": 0.5,
    "expect_column_max_to_be_between": 1.0,
}


@dataclass(frozen=True)
class Domain:
    """What an expectation asks about: its columns, and how many values in how many rows of all; None: unknown."""

    columns: frozenset[str]
    some_rows: bool  # whether a row condition leaves rows out
    values: int | None
    rows: int | None
    all_rows: int | None


def personal(spec: Spec, expectation: Expectation, metric: Metric, domain: Domain) -> bool:
    """Whether fewer than `privacy.min_cell` people can be told from the number.

    It looks at a group or a version, so that it tells of their sizes; it is the value of a row beyond which few lie; or
    it speaks of few rows, or of all but a few: what it says of all is then theirs by subtraction.
    """
    few = range(1, spec.privacy.min_cell)
    told = {spec.columns.version, *(column for group in spec.groups for column in group)}
    if domain.columns & told:
        return True
    q = float(dict(metric.slice).get("quantile") or _QUANTILES.get(expectation.type, -1.0))
    if q >= 0 and min(q, 1 - q) * (metric.n or 0) < spec.privacy.min_cell:
        return True
    if not domain.some_rows:
        return False
    return domain.rows in few or domain.values in few or (domain.all_rows or 0) - (domain.rows or 0) in few
