"""The fault matrix: each PUT of each call, each way to fail, where the tree's tiles begin, fill up and grow a level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import pytest

from retroaudit.faults import BadInput
from retroaudit.ledger.verify import verify
from retroaudit.storage.protocol import Storage
from tests.faults import figures
from tests.faults.actions import (
    Acknowledged,
    grow_to,
    hand_over,
    record_two,
    rival,
    seal_two,
    seal_two_unplanned,
)
from tests.faults.faulty import Faulty, How, kind_of_put
from tests.faults.ram import Ram
from tests.faults.standard import KEEPER, report_of
from tests.faults.zeros import count

Run = Callable[[Storage, float], Sequence[Acknowledged]]
EMPTY, TILE, LEVEL = 0, 255, 65_535
CALLS: dict[tuple[str, int], Run] = {
    ("seal", EMPTY): seal_two_unplanned,
    ("record", EMPTY): record_two,
    **{
        (name, size): run
        for size in (TILE, LEVEL)
        for name, run in (("seal", seal_two), ("record", record_two), ("rotate", hand_over))
    },
}
CASES = [
    pytest.param(name, size, how, id=f"{name} at {size}, {how.value}", marks=[pytest.mark.slow] if size == LEVEL else [])
    for name, size in CALLS
    for how in How
]


@cache
def grown(size: int) -> Ram:
    """A log of this size; made once, and copied."""
    storage = Ram()
    grow_to(storage, size)
    return storage


@cache
def puts(name: str, size: int) -> Sequence[str]:
    """The keys that a call puts, in order, where nothing fails."""
    watched = Faulty(grown(size).copy())
    CALLS[name, size](watched, 2)
    return tuple(watched.puts)


def strikes(name: str, size: int) -> Sequence[int]:
    """Every PUT; in the large log, whose check takes a second, the first and the last of each kind."""
    found = puts(name, size)
    if size < LEVEL:
        return range(len(found))
    kinds = [kind_of_put(key) for key in found]
    last = len(kinds) - 1
    return sorted({kinds.index(kind) for kind in kinds} | {last - kinds[::-1].index(kind) for kind in kinds})


def again_until_done(storage: Storage, run: Run) -> Sequence[Acknowledged]:
    """As a user would: the same call again, a little later."""
    for attempt in range(5):
        try:
            return run(storage, 2 + attempt)
        except BadInput:
            continue
    raise AssertionError("five attempts were not enough")


@pytest.mark.parametrize(("name", "size", "how"), CASES)
def test_nothing_is_lost_doubled_or_forked(name: str, size: int, how: How) -> None:
    tried = 0
    for strike in strikes(name, size):
        for goes_on in (False, True) if size < LEVEL else (False,):
            storage = grown(size).copy()
            faulty = Faulty(storage, strike, how, lambda there=storage: rival(there), goes_on)
            acknowledged = again_until_done(faulty, CALLS[name, size])
            found = count(storage, acknowledged, log_only=size == LEVEL)
            found.require_zero()
            rivals = how in {How.CONFLICT, How.SLOW}
            assert found.leaves == size + len(acknowledged) + rivals + (size == EMPTY)  # and the first key's
            if size == LEVEL and name == "seal":
                assert not verify(storage, KEEPER.public, str(report_of(0))).problems
            tried += 1
    figures.note("fault matrix", "memory", faults=tried, lost=0, doubles=0, forks=0, problems=0)


def test_every_kind_of_put_is_hit() -> None:
    hit = {(size, kind_of_put(puts(name, size)[strike])) for name, size in CALLS for strike in strikes(name, size)}
    everywhere = {"blob", "manifest", "entry", "commit", "tile", "key entry"}
    assert {size: {kind for at, kind in hit if at == size} for size in (EMPTY, TILE, LEVEL)} == dict.fromkeys(
        (EMPTY, TILE, LEVEL), everywhere
    )
    levels = {key.split("/")[2] for name, size in CALLS if size == LEVEL for key in puts(name, size) if "tile" in key}
    assert levels == {"0", "1", "2"}  # at 65,536 leaves the tree gets its third level of tiles
