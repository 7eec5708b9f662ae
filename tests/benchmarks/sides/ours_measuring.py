"""Ours: one partition read and measured for all that an audit asks, hashing apart."""

from __future__ import annotations

from tests.benchmarks.sides.ours import all_needs, hash_all, measured, opened, partition
from tests.benchmarks.sides.say import asked, say, timed, versions


def main() -> None:
    """Measure all of `logs/`."""
    spec, storage = opened(asked()["root"])
    part = partition(storage, "logs/")
    needs = all_needs(spec)
    _, measuring = timed(lambda: measured(spec, storage, part, needs))
    _, hashing = timed(lambda: hash_all(storage, [part]))
    say(
        measuring=measuring,
        hashing=hashing,
        columns=len({column for need in needs for column in need.columns}),
        states=len(needs),
        versions=versions("retroaudit", "polars", "pyarrow", "numpy"),
    )


if __name__ == "__main__":
    main()
