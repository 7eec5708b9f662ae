"""Ours: one whole audit in process, from the archive to the ledger, timed stage by stage."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from retroaudit.artefacts import Run
from retroaudit.audit import audit
from retroaudit.intake import places, request
from retroaudit.ledger.signing import load_signer
from retroaudit.progress import Step
from tests.benchmarks.sides.say import asked, say, timed, versions


class Stages:
    """The seconds of each stage, from what an audit tells of its progress."""

    def __init__(self) -> None:
        self._begun: dict[str, float] = {}

    def __call__(self, step: Step) -> None:
        self._begun.setdefault(step.stage, time.perf_counter())

    def seconds(self) -> dict[str, float]:
        """From each stage's begin to the next one's, the last until now."""
        ends = [*self._begun.items(), ("end", time.perf_counter())]
        return {name: round(end - begun, 4) for (name, begun), (_, end) in pairwise(ends)}


def main() -> None:
    """Audit the window with the states, and into the store, that are named."""
    wanted = asked()
    root, now = Path(wanted["root"]), datetime.now(UTC)
    signer = load_signer(root / "keys" / "signing.pem")
    store, states = ((root / wanted[name]).as_uri() for name in ("store", "states"))
    with tempfile.TemporaryDirectory() as spool:
        where = places((root / "archive").as_uri(), store, states, Path(spool))
        asked_for, stages = request(root / "spec.yaml", wanted["window"], now), Stages()
        sealed, auditing = timed(lambda: audit(asked_for, where, signer, Run(now, {}), stages))
    say(
        auditing=auditing,
        stages=stages.seconds(),
        rows_read=sealed.rows_read,
        reused=sealed.reused,
        report=sealed.report_json_sha256,
        versions=versions("retroaudit", "polars", "pyarrow", "numpy"),
    )


if __name__ == "__main__":
    main()
