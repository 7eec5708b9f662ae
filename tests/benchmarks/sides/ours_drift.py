"""Ours: both sides measured and scored in process, hashing apart."""

from __future__ import annotations

import retroaudit.measures.kernels  # noqa: F401  compiled code is loaded before the clock runs, as Evidently is
from retroaudit.checks.drift import check as drift
from tests.benchmarks.sides.ours import drift_scores, hash_all, measured, opened, partition
from tests.benchmarks.sides.say import asked, say, timed, versions


def main() -> None:
    """Measure the window and the reference for drift alone, and score them."""
    spec, storage = opened(asked()["root"])
    parts = [partition(storage, prefix) for prefix in ("logs/", "reference/")]
    needs = drift.needs(spec)
    states, measuring = timed(lambda: [measured(spec, storage, part, needs) for part in parts])
    _, again = timed(lambda: [measured(spec, storage, part, needs) for part in parts])
    scores, scoring = timed(lambda: drift_scores(spec, *states))
    _, hashing = timed(lambda: hash_all(storage, parts))
    say(
        measuring=measuring,
        measuring_again=again,
        scoring=scoring,
        hashing=hashing,
        scores=scores,
        versions=versions("retroaudit", "polars", "pyarrow", "numpy"),
    )


if __name__ == "__main__":
    main()
