"""Sixteen processes that append to one log, each request of theirs 50 ms away; or, with `one`, a single one."""

from __future__ import annotations

import multiprocessing
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.head import head
from retroaudit.ledger.read import leaves
from retroaudit.ledger.seal import Sealing, seal
from retroaudit.ledger.signing import load_signer, write_keys
from retroaudit.storage.open import open_storage
from tests.benchmarks.sides.say import asked, say, versions

NOW = datetime(2026, 7, 1, tzinfo=UTC)


class Far:
    """A storage whose requests take their time."""

    def __init__(self, storage: Any, seconds: float) -> None:
        self._storage, self._seconds = storage, seconds
        self.url = storage.url

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._storage, name)

        def call(*args: Any, **named: Any) -> Any:
            time.sleep(self._seconds)
            return found(*args, **named)

        return call


def write(root: str, writer: int, reports: int, latency: float) -> None:
    """Seal so many reports, one commit each."""
    storage: Any = Far(open_storage((Path(root) / "store").as_uri(), durable=False), latency)
    signer = load_signer(Path(root) / "keys" / "signing.pem")
    for number in range(reports):
        report = ReportId(f"model-{writer}", f"{number}", "day", "main", 1)
        seal(storage, Sealing(report, {"report.json": b"%d" % number}, {"verdict": "passed"}, {"a": "b"}), signer, NOW)


def main() -> None:
    """Start them, and count commits a second from the first to the last."""
    wanted = asked()
    root, writers = Path(wanted["root"]) / f"writers-{wanted['writers']}", wanted["writers"]
    write_keys(root / "keys")
    storage = open_storage((root / "store").as_uri(), create=True, durable=False)
    write(str(root), writers, 1, 0)  # the log is begun, and this process warm
    fork = multiprocessing.get_context("fork")
    begun, before = time.perf_counter(), head(storage)
    processes = [
        fork.Process(target=write, args=(str(root), writer, wanted["reports"], wanted["latency"]))
        for writer in range(writers)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise RuntimeError("a writer failed")
    seconds = time.perf_counter() - begun
    commits = head(storage) - before
    found = sum(1 for _ in leaves(storage)) - 2  # without the key and the first report
    say(writing=seconds, commits=commits, lost=writers * wanted["reports"] - found, versions=versions("retroaudit"))


if __name__ == "__main__":
    main()
