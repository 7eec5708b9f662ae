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
SMALL = [(name, size) for name, size in CALLS if size < LEVEL]
LARGE = {"seal": ("blob", "manifest", "commit", "tile"), "record": ("entry",), "rotate": ("key entry",)}
each_way = pytest.mark.parametrize("how", How, ids=[how.value for how in How])


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


def last_of(name: str, size: int, kind: str) -> int:
    """The number of the call's last PUT of a kind."""
    kinds = [kind_of_put(key) for key in puts(name, size)]
    return len(kinds) - 1 - kinds[::-1].index(kind)


def again_until_done(storage: Storage, run: Run) -> Sequence[Acknowledged]:
    """As a user would: the same call again, a little later."""
    for attempt in range(5):
        try:
            return run(storage, 2 + attempt)
        except BadInput:
            continue
    raise AssertionError("five attempts were not enough")


def strike(name: str, size: int, how: How, number: int, *, goes_on: bool = False) -> None:
    """Fail one PUT of a call, call again, and look."""
    storage = grown(size).copy()
    faulty = Faulty(storage, number, how, lambda: rival(storage), goes_on)
    acknowledged = again_until_done(faulty, CALLS[name, size])
    assert CALLS[name, size](storage, 9) == acknowledged  # whoever asks once more is told the same
    found = count(storage, acknowledged, log_only=size == LEVEL)
    found.require_zero()
    rivals = how in {How.CONFLICT, How.SLOW}
    assert found.leaves == size + len(acknowledged) + rivals + (size == EMPTY)  # and the first key's
    if size == LEVEL and name == "seal":
        assert not verify(storage, KEEPER.public, str(report_of(0))).problems


@each_way
@pytest.mark.parametrize(("name", "size"), SMALL, ids=[f"{name} at {size}" for name, size in SMALL])
def test_each_put_of_each_call(name: str, size: int, how: How) -> None:
    numbers = range(len(puts(name, size)))
    for number in numbers:
        strike(name, size, how, number)
        strike(name, size, how, number, goes_on=True)
    figures.note("fault matrix", "memory", faults=2 * len(numbers), lost=0, doubles=0, forks=0, problems=0)


@pytest.mark.slow
@pytest.mark.xdist_group("level")
@each_way
def test_each_kind_of_put_where_the_tree_grows_a_level(how: How) -> None:
    for name, kinds in LARGE.items():
        for kind in kinds:
            strike(name, LEVEL, how, last_of(name, LEVEL, kind))
    figures.note("fault matrix", "memory", faults=6, lost=0, doubles=0, forks=0, problems=0)


@pytest.mark.long
@pytest.mark.xdist_group("level")
@each_way
@pytest.mark.parametrize("name", LARGE)
def test_each_put_where_the_tree_grows_a_level(name: str, how: How) -> None:
    numbers = range(len(puts(name, LEVEL)))
    for number in numbers:
        strike(name, LEVEL, how, number)
    figures.note("fault matrix", "memory", nightly=True, faults=len(numbers), lost=0, doubles=0, forks=0, problems=0)


def test_every_kind_of_put_is_hit() -> None:
    everywhere = {"blob", "manifest", "entry", "commit", "tile", "key entry"}
    for size in (EMPTY, TILE):
        assert {kind_of_put(key) for name, at in SMALL if at == size for key in puts(name, at)} == everywhere
    assert {kind for kinds in LARGE.values() for kind in kinds} == everywhere


@pytest.mark.slow
@pytest.mark.xdist_group("level")
def test_the_third_level_of_tiles_begins_there() -> None:
    assert {key.split("/")[2] for key in puts("seal", LEVEL) if kind_of_put(key) == "tile"} == {"0", "1", "2"}
