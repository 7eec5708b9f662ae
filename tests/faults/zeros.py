"""What must be zero after every fault: acknowledged leaves lost, doubles, forks, and a verifier's problems."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.verify import Options, verify
from retroaudit.storage.protocol import Storage
from tests.faults.actions import Acknowledged
from tests.faults.standard import KEEPER, hours


@dataclass(frozen=True)
class Counted:
    """The four counts, and how large the log was that was looked at."""

    leaves: int
    lost: int
    doubles: int
    forks: int
    problems: Sequence[str]

    def require_zero(self) -> None:
        assert (self.lost, self.doubles, self.forks, self.problems) == (0, 0, 0, [])


def count(
    storage: Storage, acknowledged: Sequence[Acknowledged], *, log_only: bool = False, hour: float = 20
) -> Counted:
    """The counts of a store, of which the given leaves were acknowledged; lost is what the named commit lacks.

    The log is read here with `json` and `hashlib` alone, so that our own reader cannot hide what it missed.
    """
    leaves: list[list[tuple[str, str]]] = []
    forks, previous = 0, None
    for data, body in _commits(storage):
        leaves.append([(leaf["key"], leaf["sha256"]) for leaf in body["leaves"]])
        forks += body["previous"] != previous or body["number"] != len(leaves)
        previous = hashlib.sha256(data).hexdigest()
    sets = [set(each) for each in leaves]
    lost = sum(
        not (each.commit <= len(sets) and (each.key, each.sha256) in sets[each.commit - 1]) for each in acknowledged
    )
    keys = Counter(key for commit in leaves for key, _ in commit)
    doubles = sum(times - 1 for times in keys.values())
    found = verify(storage, KEEPER.public, options=Options(at=hours(hour), log_only=log_only))
    return Counted(keys.total(), lost, doubles, forks, [f"{each.object}: {each.meaning}" for each in found.problems])


def _commits(storage: Storage) -> Iterator[tuple[bytes, Any]]:
    number = 1
    while storage.head(commit_key(number)) is not None:
        data = storage.read(commit_key(number))
        yield data, json.loads(base64.b64decode(json.loads(data)["payload"]))
        number += 1
