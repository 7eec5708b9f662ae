"""A whole audit of a local archive: how long it took, how much of it was sealing plan and report, and its requests."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from retroaudit.artefacts import Run
from retroaudit.audit import audit
from retroaudit.intake import places, request
from retroaudit.ledger.signing import load_signer
from tests.benchmarks.sides.requests import Counted
from tests.benchmarks.sides.say import asked, say, versions
from tests.benchmarks.windows import FIRST


class Timed:
    """A storage that adds up the seconds of its calls."""

    def __init__(self, storage: Any) -> None:
        self._storage, self.seconds = storage, 0.0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._storage, name)
        if not callable(found):
            return found

        def call(*args: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            try:
                return found(*args, **named)
            finally:
                self.seconds += time.perf_counter() - begun

        return call


def main() -> None:
    """One day from its rows; what sealing took is what its store took, and what it took to sign and check."""
    wanted, now, calls = asked(), datetime.now(UTC), Counter[str]()
    root = Path(wanted["root"])
    with tempfile.TemporaryDirectory() as spool:
        own = {name: (Path(spool) / name).as_uri() for name in ("store", "states")}
        where = places((root / "archive").as_uri(), own["store"], own["states"], Path(spool))
        store: Any = Timed(Counted("store", where.store, calls))
        signer = load_signer(root / "keys" / "signing.pem")
        begun = time.perf_counter()
        audit(
            request(root / "spec.yaml", f"{FIRST}", now),
            replace(where, store=store),
            signer,
            Run(now, {}),
            lambda *_: None,
        )
        seconds = time.perf_counter() - begun
    requests = {name: count for name, count in calls.items() if not name.endswith("bytes")}
    say(auditing=seconds, storing=store.seconds, requests=requests, versions=versions("retroaudit"))


if __name__ == "__main__":
    main()
