"""Rows by the reason why they are excluded: the measure that sees every row (law 2, accounting).

State: `reason` (String, null: the row counts), `count` (Int64); one row a reason, null first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from retroaudit.measures.measure import EXCLUDED, State
from retroaudit.measures.values import Readable, read, text

_SCHEMA = {"reason": pl.String, "count": pl.Int64}


def partial(rows: Readable, columns: tuple[str, ...] = ()) -> State:  # noqa: ARG001  # the protocol's signature
    """Count rows by `@excluded`; `columns` is empty. No rows give no lines."""
    (reasons,) = read(rows, (EXCLUDED,))
    if reasons.null_count() == len(reasons):
        count = [len(reasons)] if len(reasons) else []
        return pl.DataFrame({"reason": [None] * len(count), "count": count}, schema=_SCHEMA)
    return _sums(
        pl.DataFrame({"reason": text(reasons), "count": pl.repeat(1, len(reasons), dtype=pl.Int64, eager=True)})
    )


def merge(states: Sequence[State]) -> State:
    """Sum the counts by reason."""
    return _sums(pl.concat(states))


def finish(state: State) -> Mapping[str | None, int]:
    """Rows by reason; None is the reason of the rows that count."""
    return dict(state.iter_rows())


def _sums(lines: pl.DataFrame) -> State:
    return lines.group_by("reason").agg(pl.col("count").sum()).sort("reason")
