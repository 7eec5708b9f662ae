"""Specs and profiles for the tests of checks: measured for real from small frames, without an archive."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from retroaudit.archive.inputs import Accounting, SchemaChange
from retroaudit.checks.all import CHECKS
from retroaudit.checks.metric import Metric, Slice
from retroaudit.measures import categories
from retroaudit.measures.measure import LABEL, PREDICTION, VERSION
from retroaudit.measures.profile import Profile
from retroaudit.measures.run import measure
from retroaudit.spec.model import Spec

Rows = Mapping[str, Sequence[Any]]
Days = Mapping[str, Mapping[str | None, int]]


def spec(**document: Any) -> Spec:
    """A spec with what every spec needs, and this."""
    base: dict[str, Any] = {"model": "model", "owner": "owner@example.com", "logs": {"path": "logs/*.parquet"}}
    return Spec.model_validate({**base, "columns": {}, **document})


def profile(
    told: Spec,
    rows: Rows | None = None,
    *,
    days: Days | None = None,
    accounting: tuple[Accounting, ...] = (),
    missing: tuple[str, ...] = (),
    schema_changes: tuple[SchemaChange, ...] = (),
) -> Profile:
    """What the measures make of these rows; `days` are the rows by version of each partition."""
    frame = pl.DataFrame(rows or {}).with_columns(
        pl.lit(None, kind).alias(name)
        for name, kind in ((VERSION, pl.String), (PREDICTION, pl.Int8), (LABEL, pl.Int8))
        if name not in (rows or {})
    )
    needs = frozenset().union(*(check.needs(told, {}) for check in CHECKS))
    versions = {day: _served(served) for day, served in (days or {}).items()}
    return Profile(measure([frame], needs), versions, accounting, missing, schema_changes)


def _served(served: Mapping[str | None, int]) -> pl.DataFrame:
    names = [name for name, count in served.items() for _ in range(count)]
    return categories.partial(pl.LazyFrame({VERSION: names}, schema={VERSION: pl.String}), (VERSION,))


def only(metrics: Sequence[Metric], metric: str, where: Slice | None = (), subject: str | None = None) -> Metric:
    """The one metric of this name and slice (and subject)."""
    found = [m for m in metrics if m.metric == metric and m.slice == where and subject in {None, m.subject}]
    assert len(found) == 1, found
    return found[0]
