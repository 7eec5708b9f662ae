"""Ours: the states of each file of orders, measured and kept, for `gx_merge`."""

from __future__ import annotations

from retroaudit.checks.quality.gx.batch import of_files
from tests.benchmarks.sides.gx_kept import DISTINCT, Orders, key
from tests.benchmarks.sides.say import asked, say, timed


def main() -> None:
    """Measure file by file."""
    orders = Orders(asked())
    needs = [need for need in orders.needs() if need.measure != DISTINCT]

    def measure() -> None:
        for file in orders.files:
            states = of_files([file]).states(needs)
            orders.store.put({key(file.name, need): states[need] for need in needs})

    _, measuring = timed(measure)
    say(measuring=measuring)


if __name__ == "__main__":
    main()
