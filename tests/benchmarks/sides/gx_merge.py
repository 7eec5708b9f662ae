"""Ours: the suite judged on the states of files, merged over all of them, and on the merged ones that were kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import retroaudit.measures.hash_kernels  # noqa: F401  compiled code is loaded before the clock runs, as pandas is
from retroaudit.checks.quality.gx.batch import of_states
from retroaudit.checks.quality.gx.validate import Outcome, validate
from retroaudit.measures import distinct
from retroaudit.measures.fold import fold
from retroaudit.measures.measure import Need, State
from retroaudit.measures.run import measure
from retroaudit.measures.store import StateKey
from tests.benchmarks.sides.gx_kept import DISTINCT, HASHES, Orders, key
from tests.benchmarks.sides.gx_outcomes import outcome
from tests.benchmarks.sides.say import asked, say, timed, versions


def main() -> None:
    """Merge and validate; and once more, as whoever audits the same window again."""
    orders = Orders(asked())
    needs = orders.needs()
    states, merging = timed(lambda: merged(orders, needs))
    keys = {need: key("merged-all", need) for need in needs if need.measure != HASHES}
    orders.store.put({keys[need]: states[need] for need in keys})
    _, again = timed(lambda: validate(orders.suite, of_states(_taken(orders, keys), orders.columns)))
    found, validating = timed(lambda: validate(orders.suite, of_states(states, orders.columns)))
    judged = [outcome(*each) for each in zip(orders.suite, *_parts(found), strict=True)]
    versioned = versions("retroaudit", "great-expectations", "polars", "numpy")
    say(merging=merging, validating=validating, again=again, outcomes=sorted(judged), versions=versioned)


def merged(orders: Orders, needs: list[Need]) -> dict[Need, State]:
    """The states of all files together."""
    mergeable = [need for need in needs if need.measure not in {HASHES, DISTINCT}]
    found = fold(measure((), mergeable), _kept(orders, mergeable))
    with tempfile.TemporaryDirectory() as spool:
        for need in needs:
            if need.measure == DISTINCT:
                hashes = replace(need, measure=HASHES)
                found[need] = distinct.reduce((each[hashes] for each in _kept(orders, [hashes])), Path(spool))
    return found


def _kept(orders: Orders, needs: list[Need]) -> Iterator[dict[Need, State]]:
    for file in orders.files:
        yield _taken(orders, {need: key(file.name, need) for need in needs})


def _taken(orders: Orders, keys: dict[Need, StateKey]) -> dict[Need, State]:
    states = orders.store.get(orders.store.find(keys.values()))
    return {need: states[own] for need, own in keys.items()}


def _parts(found: tuple[Outcome, ...]) -> tuple[list[bool | None], list[dict[str, object]]]:
    return [each.success for each in found], [dict(each.result) for each in found]


if __name__ == "__main__":
    main()
