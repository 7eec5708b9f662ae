"""A writer that seals one report after the other, in a process of its own, until it is told to stop or is killed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.seal import Sealing, seal
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.open import open_store
from retroaudit.storage.protocol import Storage
from tests.faults import killing
from tests.faults.actions import Acknowledged
from tests.faults.standard import KEEPER, hours


def start(root: Path | str, writer: int, told: Path, stop: Path, most: int | None = None) -> ForkServerProcess:
    """A process that goes on where the writer's acknowledged reports end, until there is a file `stop`, or `most`.

    `root` is a directory, or the address of a store in a bucket.
    """
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return killing.start(_work, root, writer, told, stop, most, environment)


def report(writer: int, number: int) -> Sealing:
    """A small report of a writer's own series of windows."""
    name = ReportId(f"model-{writer}", f"window-{number}", "day", "main", 1)
    return Sealing(name, {"report.json": f"{name}".encode()}, {"verdict": "passed"}, {"run": f"{name}"})


def seal_one(storage: Storage, writer: int, number: int) -> Acknowledged:
    """Seal it; the clocks of writers differ by minutes."""
    receipt = seal(storage, report(writer, number), KEEPER, hours(1 + writer / 60))
    return Acknowledged(receipt.manifest_key, receipt.manifest_sha256, receipt.commit)


def _work(
    root: Path | str, writer: int, told: Path, stop: Path, most: int | None, environment: Mapping[str, str]
) -> None:
    os.environ.update(environment)  # the process that began this one may know another server
    storage = open_store(root) if isinstance(root, str) else LocalStorage(root, durable=False)  # no power is cut
    number = len(killing.acknowledged(told))
    while True:
        killing.acknowledge(told, seal_one(storage, writer, number))
        number += 1
        if number == most or stop.exists():
            return
