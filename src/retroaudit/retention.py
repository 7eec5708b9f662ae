"""The state store's own life: what is in it, what may go, and what must.

States hold nearly raw values. Whoever has to erase people's data erases the archive's objects and, here, the states
that were made of them. Reports stay: they hold aggregates.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from retroaudit import identity
from retroaudit.archive import hashing
from retroaudit.artefacts import ARTEFACTS, Work
from retroaudit.identity import MERGED
from retroaudit.measures import account, arrivals
from retroaudit.measures.all import MEASURES
from retroaudit.measures.bundle import decode
from retroaudit.measures.store import ROOT
from retroaudit.progress import Progress, Step
from retroaudit.storage.protocol import Erasable, Inspectable, ObjectInfo

_STATE = re.compile(rf"{ROOT}(?P<content>[^/]+)/(?P<measure>[a-z]+-v[0-9]+)/[^/]+\.parquet")
_BESIDE = {ARTEFACTS: "artefacts of tasks", hashing.ROOT: "digests of objects"}
_NOT_OURS = "something else"


@dataclass(frozen=True)
class Holding:
    """What the store has of one kind: of a measure and version, merged or not, or of something else."""

    kind: str
    objects: int
    bytes: int
    contents: int  # partitions' contents that it is about
    oldest: datetime
    newest: datetime

    def summary(self) -> dict[str, Any]:
        """The line as plain values, for JSON."""
        return {**vars(self), "oldest": self.oldest.isoformat(), "newest": self.newest.isoformat()}


def holdings(states: Erasable) -> tuple[Holding, ...]:
    """Everything in the state store by kind, in the order of the names."""
    return by_kind(states.list())


def by_kind(objects: Iterable[ObjectInfo]) -> tuple[Holding, ...]:
    """These objects of a state store by kind, in the order of the names."""
    kinds: dict[str, list[ObjectInfo]] = defaultdict(list)
    for info in objects:
        kinds[_kind(info.key)].append(info)
    return tuple(_holding(kind, kinds[kind]) for kind in sorted(kinds))


def damaged(states: Erasable) -> tuple[ObjectInfo, ...]:
    """States whose bytes are not as they were written, all of which are read; they count as absent."""
    return tuple(info for info, _ in _states(states) if decode(states.read(info.key)) is None)


def expired(states: Erasable, now: datetime, older_than: timedelta) -> tuple[ObjectInfo, ...]:
    """What was put there longer ago than that, of every kind of ours: a wrong address must not lose its objects."""
    everything = (*(info for info in states.list() if _kind(info.key) != _NOT_OURS), *_left_behind(states))
    return tuple(info for info in everything if now - info.modified > older_than)


def outdated(states: Erasable) -> tuple[ObjectInfo, ...]:
    """States of measures, or of versions of them, that this retroaudit does not have: nothing reads them any more."""
    ours = {f"{name}-v{measure.version}" for name, measure in MEASURES.items()}
    ours |= {f"{each.NAME}-v{each.VERSION}" for each in (account, arrivals)}
    return tuple(info for info, found in _states(states) if found["measure"] not in ours)


def of_work(states: Erasable, work: Iterable[Work]) -> tuple[ObjectInfo, ...]:
    """Every object that may hold values of these partitions.

    Their own states, all merged states (they can be merged again), all artefacts that passed between tasks, and what a
    killed writer left half written.
    """
    contents = {content for each in work for content in identity.contents(each.partition)}
    own = (info for info, found in _states(states) if found["content"] in contents or _is_merged(found))
    return (*states.list(ARTEFACTS), *own, *_left_behind(states))


def erase(states: Erasable, objects: Sequence[ObjectInfo], progress: Progress) -> int:
    """Remove them; gives how many were there."""
    gone = 0
    for number, info in enumerate(objects):
        progress(Step("objects", number, len(objects)))
        gone += states.erase(info.key)
    return gone


def _holding(kind: str, objects: list[ObjectInfo]) -> Holding:
    times = [info.modified for info in objects]
    contents = {found["content"] for info in objects if (found := _STATE.fullmatch(info.key))}
    return Holding(kind, len(objects), sum(info.size for info in objects), len(contents), min(times), max(times))


def _states(states: Erasable) -> Iterator[tuple[ObjectInfo, re.Match[str]]]:
    return ((info, found) for info in states.list(ROOT) if (found := _STATE.fullmatch(info.key)))


def _left_behind(states: Erasable) -> Iterator[ObjectInfo]:
    """Files that were being written when their writer was killed: listings pass over them."""
    strays = states.strays() if isinstance(states, Inspectable) else ()
    return (info for key in strays if not key.endswith("/") and (info := states.head(key)))


def _is_merged(found: re.Match[str]) -> bool:
    return found["content"].startswith(MERGED)


def _kind(key: str) -> str:
    if found := _STATE.fullmatch(key):
        return found["measure"] + (" merged" if _is_merged(found) else "")
    return next((name for prefix, name in _BESIDE.items() if key.startswith(prefix)), _NOT_OURS)
