"""Whether a server keeps its word on put-if-absent: without it two writers would both believe that they won."""

from __future__ import annotations

import re
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from retroaudit.faults import BadInput, Fault
from retroaudit.storage.protocol import WORKSHOP, Storage

_PROBE: Final = f"{WORKSHOP}/put-if-absent"
_FIRST: Final = b"first"
_RACE: Final = f"{WORKSHOP}/race-"
_RACERS: Final = 8
_OWN: Final = re.compile(rf"{re.escape(_PROBE)}|{re.escape(_RACE)}[0-9a-f]{{16}}")


def is_probe(key: str) -> bool:
    """Whether a key is one of this module's: a verifier need not wonder what it hides."""
    return _OWN.fullmatch(key) is not None


def require_put_if_absent(storage: Storage) -> None:
    """Raise `BadInput` where the server breaks put-if-absent: one commit would overwrite another.

    It must keep what was there first, refuse what comes second, and refuse nothing that is absent. One key, put by
    whoever comes first and kept for good, so that locked stores do not fill with probes.
    """
    storage.put_if_absent(_PROBE, _FIRST)
    if storage.put_if_absent(_PROBE, b"second"):
        raise _unsafe(storage, "a server that overwrites in spite of If-None-Match")
    if storage.head(_PROBE) is None:
        raise _unsafe(storage, "a server that refuses If-None-Match for an absent key")
    if storage.read(_PROBE) != _FIRST:
        raise _unsafe(storage, "a server that does not keep what was put first")


def require_one_winner(storage: Storage) -> None:
    """Eight writers at once on one new key: raise `BadInput` unless one wins, and its bytes stay.

    Leaves an object of one byte, which a locked store keeps.
    """
    key, start = f"{_RACE}{secrets.token_hex(8)}", threading.Barrier(_RACERS)

    def put(number: int) -> bool:
        start.wait()
        return storage.put_if_absent(key, str(number).encode())

    with ThreadPoolExecutor(_RACERS) as threads:
        won = list(threads.map(put, range(_RACERS)))
    if won.count(True) != 1:
        raise _unsafe(storage, f"{won.count(True)} of {_RACERS} racing writers who won")
    if storage.read(key) != str(won.index(True)).encode():
        raise _unsafe(storage, "other bytes than the winner's")


def _unsafe(storage: Storage, found: str) -> BadInput:
    return BadInput(Fault(storage.url, found, "put-if-absent that holds", "Use another server: a log would fork here."))
