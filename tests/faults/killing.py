"""Processes that kill themselves, or are killed, while they write. Each begins as a copy of a warm one.

They begin in a process that has no threads (multiprocessing's fork server), since a fork of one that has may hang.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from retroaudit.storage.local import LocalStorage
from retroaudit.storage.protocol import ObjectInfo, Storage
from tests.faults.actions import ACTIONS, Acknowledged

T = TypeVar("T")
_WARM = ["tests.faults.working", "retroaudit.storage.s3"]


def start(work: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """A process that does this work. It does not run pytest's own program first, which multiprocessing would do."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_WARM)
    process = context.Process(target=work, args=arguments, daemon=True)
    with patch.object(sys.modules["__main__"], "__file__", None, create=True):
        process.start()
    return process


def finish(process: ForkServerProcess) -> int:
    """Wait, and give how it ended: 0, or minus the signal."""
    process.join(120)
    assert process.exitcode is not None, "a process that does not end"
    return process.exitcode


def acknowledge(path: Path, found: Acknowledged) -> None:
    """Write down what was acknowledged: it counts once this one write was done."""
    line = json.dumps([found.key, found.sha256, found.commit])
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def acknowledged(path: Path) -> list[Acknowledged]:
    """What was written down so far."""
    return [Acknowledged(*json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


@dataclass(eq=False)  # a storage is itself alone, and a key of weak dictionaries
class Deadly:
    """Kills its process at its call number `last`, from 0: before it is made, or after.

    Of what is put at once each object is a call, and those before the last are there by then.
    """

    storage: Storage
    last: int = -1
    after: bool = False
    calls: int = 0

    @property
    def url(self) -> str:
        return self.storage.url

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        return self._call(lambda: iter([*self.storage.list(prefix)]))

    def head(self, key: str) -> ObjectInfo | None:
        return self._call(lambda: self.storage.head(key))

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        return self._call(lambda: self.storage.read(key, version=version, start=start, length=length))

    def fetch(self, info: ObjectInfo, spool: Path) -> Path:
        return self._call(lambda: self.storage.fetch(info, spool))

    def put_if_absent(self, key: str, data: bytes, *, retain_until: datetime | None = None) -> bool:
        return self._call(lambda: self.storage.put_if_absent(key, data, retain_until=retain_until))

    def put_all(self, objects: Mapping[str, bytes], *, retain_until: datetime | None = None) -> Mapping[str, bool]:
        left = self.last - self.calls
        if 0 <= left < len(objects):
            first = list(objects.items())[: left + self.after]
            self.storage.put_all(dict(first), retain_until=retain_until)
            _die()
        self.calls += len(objects)
        return self.storage.put_all(objects, retain_until=retain_until)

    def _call(self, call: Callable[[], T]) -> T:
        number = self.calls
        self.calls += 1
        if number == self.last and not self.after:
            _die()
        found = call()
        if number == self.last:
            _die()
        return found


def act(name: str, root: Path, told: Path, hour: float, last: int, after: bool) -> None:
    """One of `ACTIONS`, killed at a call (-1: not at all), and what it acknowledged written down."""
    storage = Deadly(LocalStorage(root, durable=False), last, after)
    for found in ACTIONS[name].run(storage, hour):
        acknowledge(told, found)


def calls_of(name: str, root: Path) -> int:
    """How many calls an action makes on the store at `root`, where it ends up done."""
    storage = Deadly(LocalStorage(root, durable=False))
    ACTIONS[name].run(storage, 2)
    return storage.calls


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
