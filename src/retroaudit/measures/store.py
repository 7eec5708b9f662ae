"""The state store: Parquet objects found by what was measured and how.

States hold nearly raw values. They live here and nowhere else, under rights and retention of their own: what is lost
here is measured again, and what is erased here is gone.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.measures.bundle import decode, digest, encode
from retroaudit.measures.measure import State
from retroaudit.storage.protocol import Erasable, ObjectInfo

__all__ = ["ROOT", "StateKey", "StateStore", "digest"]

ROOT = "states/"
ALONE = 2**16  # lines from which a state is an object of its own
_REMEDY = (
    "Run again: what is damaged is measured anew. If this comes back, `retroaudit states prune --damaged` removes it."
)


@dataclass(frozen=True)
class StateKey:
    """What decides a state: the rows' content (a digest), the measure and its version, columns and parameters."""

    content: str
    measure: str
    version: int
    columns: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the key as canonical text."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @cached_property
    def folder(self) -> str:
        """Where the states of one content and measure lie below the store's root: one listing finds them."""
        return f"{ROOT}{self.content}/{self.measure}-v{self.version}/"


class StateStore:
    """States in a storage. What is damaged, or has another digest than is expected, counts as absent.

    Small states of one content and measure lie together; a large one lies alone, with its key and digest in its name,
    so that it is read only where it is wanted. A large one that is damaged is found when it is read.
    """

    def __init__(self, storage: Erasable) -> None:
        self._storage = storage

    def put(self, states: Mapping[StateKey, State]) -> dict[StateKey, str]:
        """Keep states and return their digests, those of one content, measure and schema as one object.

        Nothing happens where the same object is there already, and a damaged one is replaced. Raises
        `IntegrityBroken` where whole states with other digests are there: a key decides its state.
        """
        together: dict[tuple[str, str], dict[StateKey, State]] = defaultdict(dict)
        found: dict[StateKey, str] = {}
        for key, state in states.items():
            if len(state) >= ALONE:
                found |= self._put_alone(key, state)
            else:
                together[key.folder, str(state.schema)][key] = state
        for (folder, _), members in together.items():
            found |= self._put(folder, members)
        return found

    def find(self, keys: Iterable[StateKey]) -> dict[StateKey, str]:
        """The digests of the states that are there and whole (large ones: that are there)."""
        found: dict[StateKey, str] = {}
        for info, wanted in self._objects(keys):
            if (named := _alone(info.key)) is not None:
                found |= {wanted.pop(name): digest for name, digest in [named] if name in wanted}
            elif bundle := decode(self._storage.read(info.key)) if wanted else None:
                found |= {wanted.pop(name): bundle.members[name].digest for name in [*wanted] if name in bundle.members}
        return found

    def get(self, wanted: Mapping[StateKey, str]) -> dict[StateKey, State]:
        """The states with these digests, as they were put.

        Raises `IntegrityBroken` where one is not there, damaged, or another than is wanted.
        """
        states: dict[StateKey, State] = {}
        for info, due in self._objects(wanted):
            named = _alone(info.key)
            if not due or (named is not None and (named[0] not in due or wanted[due[named[0]]] != named[1])):
                continue
            for name, state in self._states(info.key, due, wanted).items():
                states[due.pop(name)] = state
        for key in wanted:
            if key not in states:
                what = f"state {key.folder}{key.digest}"
                raise IntegrityBroken(Fault(what, "nothing, or a damaged object", "the state put there", _REMEDY))
        return states

    def _put(self, folder: str, states: Mapping[StateKey, State]) -> dict[StateKey, str]:
        data, digests = encode({key.digest: state for key, state in states.items()})
        path = f"{folder}{hashlib.sha256(''.join(digests).encode()).hexdigest()}.parquet"
        if not self._storage.put_if_absent(path, data):
            self._settle(path, data, digests)
        return {key: digests[key.digest] for key in states}

    def _put_alone(self, key: StateKey, state: State) -> dict[StateKey, str]:
        data, digests = encode({key.digest: state})
        path = f"{key.folder}{key.digest}-{digests[key.digest]}.parquet"
        for other in self._storage.list(f"{key.folder}{key.digest}-"):
            if other.key != path:
                raise IntegrityBroken(_another(f"{self._storage.url}: {other.key}"))
        if not self._storage.put_if_absent(path, data):
            self._settle(path, data, digests)
        return {key: digests[key.digest]}

    def _settle(self, path: str, data: bytes, digests: Mapping[str, str]) -> None:
        """What is there holds the same states, or is damaged and gives way."""
        there = decode(self._storage.read(path))
        if there is None:
            self._storage.erase(path)
            self._storage.put_if_absent(path, data)
            return
        found = {name: member.digest for name, member in there.members.items()}
        if found != dict(digests):
            raise IntegrityBroken(_another(f"{self._storage.url}: {path}"))

    def _objects(self, keys: Iterable[StateKey]) -> Iterator[tuple[ObjectInfo, dict[str, StateKey]]]:
        """Each object in the folders of these keys, with the keys that are still due there, by their digest."""
        contents: dict[str, dict[str, dict[str, StateKey]]] = defaultdict(lambda: defaultdict(dict))
        for key in keys:
            contents[key.content][key.folder][key.digest] = key
        for content, folders in contents.items():
            for info in self._storage.list(f"{ROOT}{content}/"):
                due = folders.get(f"{info.key.rpartition('/')[0]}/")
                if due:
                    yield info, due

    def _states(self, path: str, due: Mapping[str, StateKey], wanted: Mapping[StateKey, str]) -> dict[str, State]:
        """The states of an object that are due and are what is wanted; none of a damaged object."""
        bundle = decode(self._storage.read(path))
        members = bundle.members if bundle else {}
        own = [name for name, key in due.items() if name in members and members[name].digest == wanted[key]]
        found = bundle.states(own) if bundle and own else {}
        return {name: state for name, state in found.items() if digest(state) == wanted[due[name]]}


def _another(place: str) -> Fault:
    remedy = "The same rows gave another state: a measure changed without its version, or a state was replaced."
    return Fault(place, "states of other digests", "the same", remedy)


def _alone(path: str) -> tuple[str, str] | None:
    """The digests of key and state in the name of an object of one large state."""
    key, dash, state = path.rpartition("/")[2].removesuffix(".parquet").partition("-")
    return (key, state) if dash else None
