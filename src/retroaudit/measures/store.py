"""The state store: Parquet objects found by what was measured and how.

States hold nearly raw values. They live here and nowhere else, under rights and retention of their own: what is lost
here is measured again, and what is erased here is gone.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.measures.bundle import Bundle, Member, decode, digest, encode
from retroaudit.measures.measure import State
from retroaudit.storage.protocol import Erasable

__all__ = ["ROOT", "StateKey", "StateStore", "digest"]

ROOT = "states/"
_REMEDY = "Run again: what is damaged is measured anew. If this comes back, the object is no state of ours: delete it."


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
    """States in a storage. What is damaged, or has another digest than is expected, counts as absent."""

    def __init__(self, storage: Erasable) -> None:
        self._storage = storage

    def put(self, states: Mapping[StateKey, State]) -> dict[StateKey, str]:
        """Keep states and return their digests, those of one content, measure and schema as one object.

        Nothing happens where the same object is there already, and a damaged one is replaced. Raises
        `IntegrityBroken` where whole states with other digests are there: a key decides its state.
        """
        together: dict[tuple[str, str], dict[StateKey, State]] = defaultdict(dict)
        for key, state in states.items():
            together[key.folder, str(state.schema)][key] = state
        found: dict[StateKey, str] = {}
        for (folder, _), members in together.items():
            found |= self._put(folder, members)
        return found

    def find(self, keys: Iterable[StateKey]) -> dict[StateKey, str]:
        """The digests of the states that are there and whole."""
        return {
            key: bundle.members[name].digest
            for bundle, own in self._bundles(keys, lambda *_: True)
            for name, key in own.items()
        }

    def get(self, wanted: Mapping[StateKey, str]) -> dict[StateKey, State]:
        """The states with these digests, as they were put.

        Raises `IntegrityBroken` where one is not there, damaged, or another than is wanted.
        """
        states: dict[StateKey, State] = {}
        for bundle, own in self._bundles(wanted, lambda key, member: member.digest == wanted[key]):
            found = bundle.states(list(own))
            states |= {key: found[name] for name, key in own.items() if digest(found[name]) == wanted[key]}
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

    def _settle(self, path: str, data: bytes, digests: Mapping[str, str]) -> None:
        """What is there holds the same states, or is damaged and gives way."""
        there = decode(self._storage.read(path))
        if there is None:
            self._storage.erase(path)
            self._storage.put_if_absent(path, data)
            return
        found = {name: member.digest for name, member in there.members.items()}
        if found != dict(digests):
            remedy = "The same rows gave another state: a measure changed without its version, or a state was replaced."
            raise IntegrityBroken(Fault(f"{self._storage.url}: {path}", "states of other digests", "the same", remedy))

    def _bundles(
        self, keys: Iterable[StateKey], fits: Callable[[StateKey, Member], bool]
    ) -> Iterator[tuple[Bundle, dict[str, StateKey]]]:
        """Each whole object that holds fitting states of some keys, with those that no object before it holds."""
        contents: dict[str, dict[str, dict[str, StateKey]]] = defaultdict(lambda: defaultdict(dict))
        for key in keys:
            contents[key.content][key.folder][key.digest] = key
        for content, folders in contents.items():
            for info in self._storage.list(f"{ROOT}{content}/"):
                wanted = folders.get(f"{info.key.rpartition('/')[0]}/")
                bundle = decode(self._storage.read(info.key)) if wanted else None
                if wanted and bundle:
                    there = {name: bundle.members[name] for name in wanted if name in bundle.members}
                    own = {name: wanted.pop(name) for name, member in there.items() if fits(wanted[name], member)}
                    if own:
                        yield bundle, own
