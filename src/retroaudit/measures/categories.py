"""Rows by a column's value: every value while there are few, buckets of their hashes once there are many.

Up to 10,000 different values are counted by their text (`values.text`). Beyond that, values are replaced by a 64-bit
hash of their text (`hashes`), which no version of an engine changes, and the hash loses low bits until at most 10,000
buckets are left (`nested`). The null category is kept apart and never counts towards the cap.

State: `dropped` (Int8, one value: how many bits the hash lost, 0 while values are exact), `bucket` (UInt64, null while
exact), `value` (String, null once coarsened), `count` (Int64). The null category has neither bucket nor value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from retroaudit.measures.hashes import hash64
from retroaudit.measures.measure import State
from retroaudit.measures.nested import finest_shift, first_shift
from retroaudit.measures.values import Readable, has_text, read, text

CAP = 10_000
_SCHEMA = {"dropped": pl.Int8, "bucket": pl.UInt64, "value": pl.String, "count": pl.Int64}
_KEY = ["dropped", "bucket", "value"]
_NULL = pl.col("bucket").is_null() & pl.col("value").is_null()


@dataclass(frozen=True)
class Categories:
    """Rows by category; None is null. Where not `exact`, a key is "#" and a hash prefix: many values share it."""

    counts: Mapping[str | None, int]
    exact: bool


def partial(rows: Readable, columns: tuple[str, ...], *, cap: int = CAP) -> State:
    """Count one column's rows by value. A column of lists, structs or objects has no categories."""
    (values,) = read(rows, columns)
    if not has_text(values.dtype):
        return pl.DataFrame(schema=_SCHEMA)
    distinct = _distinct(values)
    texts = text(distinct["value"])  # of what is distinct: text is made only once
    lines = distinct.select(
        pl.lit(0, pl.Int8).alias("dropped"), pl.lit(None, pl.UInt64).alias("bucket"), texts.alias("value"), "count"
    )
    apart = values.dtype == pl.String and texts.equals(distinct["value"])  # else two values may have one text
    return _within(lines if apart else _summed(lines), cap)


def _distinct(values: pl.Series) -> pl.DataFrame:
    """Different values and how often each occurs; of coded text by its codes, without looking at a row's text."""
    if not isinstance(values.dtype, pl.Categorical):
        return values.to_frame("value").group_by("value").agg(count=pl.len().cast(pl.Int64))
    codes = values.to_physical()
    count = np.bincount(codes.drop_nulls().to_numpy())
    known = np.flatnonzero(count)
    texts = values.dtype.categories.to_series().gather(known)
    lines = pl.DataFrame({"value": texts, "count": count[known]})
    nulls = pl.DataFrame({"value": [None], "count": [codes.null_count()]}, schema=lines.schema)
    return pl.concat([lines, nulls.head(codes.null_count())])


def merge(states: Sequence[State], *, cap: int = CAP) -> State:
    """Sum counts by value, or by bucket at the coarsest level among the states, then coarsen to at most `cap`."""
    lines = pl.concat(states)
    return _within(_summed(_coarsened(lines, _dropped(lines))), cap)


def finish(state: State) -> Categories:
    """Rows by category, and whether the categories are the values themselves."""
    exact = _dropped(state) == 0
    rows = state.select("bucket", "value", "count").iter_rows()
    return Categories({value if bucket is None else f"#{bucket:x}": count for bucket, value, count in rows}, exact)


def align(a: State, b: State) -> tuple[Categories, Categories]:
    """Both at the coarser of the two levels: only then does an equal key mean an equal category."""
    dropped = max(_dropped(a), _dropped(b))
    first, second = (finish(_summed(_coarsened(state, dropped)).sort(_KEY)) for state in (a, b))
    exact = dropped == 0
    return Categories(first.counts, exact), Categories(second.counts, exact)


def _within(lines: State, cap: int) -> State:
    """Where more than `cap` different categories are left, coarsen to the finest level with at most `cap`."""
    if len(lines) - int(lines.select(_NULL.sum()).item()) > cap:
        lines = _coarsened(lines, max(_dropped(lines), 1))
        for more in (first_shift, finest_shift):  # the first leaves so few that sorting them takes no time
            buckets = lines["bucket"].drop_nulls().to_numpy()
            buckets = buckets if more is first_shift else np.sort(buckets)
            lines = _summed(_coarsened(lines, _dropped(lines) + more(buckets, cap)))
    return lines.sort(_KEY)


def _summed(lines: State) -> State:
    return lines.group_by(_KEY).agg(pl.col("count").sum())


def _dropped(lines: State) -> int:
    return int(lines["dropped"].to_numpy().max(initial=0))


def _coarsened(lines: State, dropped: int) -> State:
    """The same counts at a level that drops this many bits and is no finer than theirs; equal keys may repeat."""
    if dropped == 0:
        return lines
    known, values = lines["bucket"], lines["value"]
    hashed = known.zip_with(values.is_null(), pl.Series(hash64(values)))
    more = (dropped - lines["dropped"].to_numpy().astype(np.int64)).astype(np.uint64)
    bucket = hashed.to_frame("bucket").select(pl.col("bucket") // pl.Series(np.uint64(1) << more)).to_series()
    return pl.DataFrame(
        {
            "dropped": pl.repeat(dropped, len(lines), dtype=pl.Int8, eager=True),
            "bucket": bucket,
            "value": pl.repeat(None, len(lines), dtype=pl.String, eager=True),
            "count": lines["count"],
        }
    )
