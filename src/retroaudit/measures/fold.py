"""Merging the states of many partitions in memory that does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice

from retroaudit.measures.all import MEASURES
from retroaudit.measures.measure import Need, State

TOGETHER = 8  # parts merged in one go: fewer merges, and no more than so many parts in memory


def fold(start: Mapping[Need, State], parts: Iterable[Mapping[Need, State]]) -> dict[Need, State]:
    """`start` with all parts merged into it, need by need; a part need not have every need.

    Merging is associative and commutative, so neither the order of the parts nor how many are taken together shows.
    """
    states = dict(start)
    rest = iter(parts)
    with ThreadPoolExecutor() as pool:
        while batch := list(islice(rest, TOGETHER)):
            merged = pool.map(partial(_merged, batch), states.items())
            states = dict(zip(states, list(merged), strict=True))
            batch.clear()  # let go before the next are taken
    return states


def _merged(parts: Sequence[Mapping[Need, State]], kept: tuple[Need, State]) -> State:
    need, state = kept
    return MEASURES[need.measure].merge([state, *(part[need] for part in parts if need in part)])
