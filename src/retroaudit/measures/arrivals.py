"""When the last label of a partition arrived: from then on every later cut-off sees the same labels.

State: one row of `last` (Int64, microseconds since 1970 in UTC; `NEVER` where no label says when it arrived).
"""

from __future__ import annotations

import polars as pl

from retroaudit.measures.measure import State

NAME, VERSION = "arrivals", 1


def state(last: int) -> State:
    """The state of one partition's labels."""
    return pl.DataFrame({"last": [last]}, schema={"last": pl.Int64})


def finish(lines: State) -> int:
    """When the last label arrived."""
    return int(lines["last"][0])
