"""Single-bit flips of every object in a store of 50 reports, and in the evidence kept elsewhere: all must be found.

Objects are damaged side by side where one cannot hide another: files, entries, tiles, and commits three apart. One bit
flips in each of them, and each must be named. What signs or anchors others is damaged alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from retroaudit.ledger import anchors
from retroaudit.ledger.coordinates import BLOBS, COMMITS, TILES, commit_number, entry_kind
from retroaudit.ledger.statement import File
from retroaudit.ledger.verify import Options, Problem, Verification, verify
from tests.faults import figures
from tests.faults.ram import Ram
from tests.faults.standard import KEEPER, build, chance, hours

_REPORTS = 50
_SAMPLE = 10_000
_APART = 3
_AT = hours(20)


@dataclass(frozen=True)
class Target:
    """An untouched store and the second place of its checkpoints."""

    store: Ram = field(default_factory=Ram)
    place: Ram = field(default_factory=Ram)

    def problems(self, flipped: Mapping[str, int], *, log_only: bool = False) -> Sequence[Problem]:
        """What verify finds wrong where these bits of these objects are flipped."""
        return self.verified(flipped, log_only=log_only).problems

    def verified(self, flipped: Mapping[str, int], *, log_only: bool = False) -> Verification:
        """What verify says where these bits of these objects are flipped; the second place's are `place:…`."""
        store, place = self.store.copy(), self.place.copy()
        for name, bit in flipped.items():
            there, key = (place, name.removeprefix("place:")) if name.startswith("place:") else (store, name)
            data = bytearray(there.objects[key])
            data[bit // 8] ^= 1 << bit % 8
            there.objects[key] = bytes(data)
        options = Options(at=_AT, anchors=place, log_only=log_only)
        return verify(store, KEEPER.public, options=options)

    def bits(self, name: str) -> int:
        """How many an object has."""
        own = self.place if name.startswith("place:") else self.store
        return 8 * len(own.objects[name.removeprefix("place:")])


@pytest.fixture(scope="module")
def target() -> Target:
    found = Target()
    evidence = build(found.store, _REPORTS)
    for note in (evidence.half, evidence.whole):
        anchors.publish(note.text, found.place)
    assert not found.problems({})
    return found


def kind_of(key: str) -> str:
    """How an object is damaged: see `GROUPS`."""
    for prefix, kind in ((BLOBS, "blobs"), (TILES, "tiles"), ("place:", "checkpoints in a second place")):
        if key.startswith(prefix):
            return kind
    if key.startswith(COMMITS):
        return f"commits {(commit_number(key) or 0) % _APART}"
    return {"key": "keys", "report": "manifests"}.get(entry_kind(key) or "", "entries")


GROUPS = ("blobs", "manifests", "entries", "tiles", "keys", *(f"commits {each}" for each in range(_APART)))
GROUPS += ("checkpoints in a second place",)
ALONE = {"keys", "checkpoints in a second place"}


def group_of(target: Target, kind: str) -> Sequence[str]:
    """The objects of a kind."""
    names = [*target.store.objects, *(f"place:{key}" for key in target.place.objects)]
    return [name for name in names if kind_of(name) == kind]


def unnamed(target: Target, kind: str, flipped: Mapping[str, int]) -> list[str]:
    """The damaged objects that no problem names."""
    log = kind == "tiles" or kind.startswith("commits")
    if kind == "checkpoints in a second place":  # what nobody signed there is noted, and counts for nothing
        said = target.verified(flipped)
        told = "\n".join([*(each.object for each in said.problems), *said.notes])
        return [name for name in flipped if name.removeprefix("place:") not in told]
    found = target.problems(flipped, log_only=log)
    if kind in ALONE:
        return [] if found else list(flipped)
    if kind == "tiles":
        counted = sum(1 + int(more[1]) if (more := _MORE.search(each.object)) else 1 for each in found)
        return list(flipped) if counted != len(flipped) else []
    if kind.startswith("commits"):
        objects = {each.object for each in found}
        return [name for name in flipped if f"commit {commit_number(name)}" not in objects]
    expected = " ".join(each.expected for each in found)
    return [name for name in flipped if File.of("", target.store.objects[name]).sha256 not in expected]


def rounds(target: Target, kind: str, orders: Callable[[str], Iterator[int]]) -> Iterator[dict[str, int]]:
    """One bit of each object of a kind after another, those that are damaged alone one by one."""
    left = {name: orders(name) for name in group_of(target, kind)}
    while left:
        flipped = {name: bit for name, order in left.items() if (bit := next(order, None)) is not None}
        left = {name: order for name, order in left.items() if name in flipped}
        if kind in ALONE:
            yield from ({name: bit} for name, bit in flipped.items())
        elif flipped:
            yield flipped


@pytest.mark.slow
@pytest.mark.parametrize("kind", GROUPS)
def test_sampled_bits(target: Target, kind: str) -> None:
    share = sum(target.bits(name) for name in group_of(target, kind))
    total = sum(target.bits(name) for each in GROUPS for name in group_of(target, each))
    wanted, flips = max(200, _SAMPLE * share // total), 0

    def shuffled(name: str) -> Iterator[int]:
        return iter(chance(name).sample(range(target.bits(name)), min(target.bits(name), 1000)))

    for flipped in rounds(target, kind, shuffled):
        assert unnamed(target, kind, flipped) == []
        flips += len(flipped)
        if flips >= wanted:
            break
    figures.note("bit flips", f"memory, {kind.rstrip(' 012')}", flips=flips, unseen=0)


@pytest.mark.slow
def test_the_log_alone_sees_what_the_whole_check_sees(target: Target) -> None:
    names = [
        name for kind in GROUPS if kind == "tiles" or kind.startswith("commits") for name in group_of(target, kind)
    ]
    for name in chance(7).sample(names, 20):
        flipped = {name: chance(name).randrange(target.bits(name))}
        alone, whole = target.problems(flipped, log_only=True), target.problems(flipped)
        assert {each.object for each in alone} <= {each.object for each in whole}


@pytest.mark.long
@pytest.mark.parametrize("eighth", range(8))
@pytest.mark.parametrize("kind", GROUPS)
def test_every_bit(target: Target, kind: str, eighth: int) -> None:
    flips = 0
    for flipped in rounds(target, kind, lambda name: iter(range(eighth, target.bits(name), 8))):
        assert unnamed(target, kind, flipped) == []
        flips += len(flipped)
    figures.note("bit flips", f"memory, {kind.rstrip(' 012')}", nightly=True, flips=flips, unseen=0)


def test_every_object_is_in_a_group(target: Target) -> None:
    names = {*target.store.objects, *(f"place:{key}" for key in target.place.objects)}
    assert {name for kind in GROUPS for name in group_of(target, kind)} == names
    assert all(group_of(target, kind) for kind in GROUPS)


_MORE = re.compile(r" and (\d+) more$")
