"""A year of many models sealed night by night, each night one commit; or, with `plain`, the same files just written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.seal import Sealing, seal_all
from retroaudit.ledger.signing import load_signer, write_keys
from retroaudit.storage.open import open_storage
from tests.benchmarks.sides.say import asked, say, timed, versions

FIRST = datetime(2025, 7, 1, tzinfo=UTC)


def main() -> None:
    """Two files a report, as small as can be: what is timed is the sealing."""
    wanted = asked()
    root = Path(wanted["root"])
    nights = list(_nights(wanted["models"], wanted["days"]))
    if wanted.get("plain"):
        _, seconds = timed(lambda: _write(root / "plain", nights))
    else:
        signer = load_signer(write_keys(root / "keys").signing)
        storage = open_storage((root / "store").as_uri(), create=True)

        def seal() -> None:
            for night, reports in enumerate(nights):
                seal_all(storage, reports, signer, FIRST + timedelta(days=night))

        _, seconds = timed(seal)
    say(sealing=seconds, reports=wanted["models"] * wanted["days"], versions=versions("retroaudit"))


def _nights(models: int, days: int) -> Iterator[list[Sealing]]:
    for day in range(days):
        window = f"{FIRST + timedelta(days=day):%Y-%m-%d}"
        yield [_report(f"model-{model:03d}", window) for model in range(models)]


def _report(model: str, window: str) -> Sealing:
    files = {name: f"{name} of {model} {window}".encode() for name in ("report.json", "report.html")}
    return Sealing(
        ReportId(model, window, "day", "main", 1), files, {"verdict": "passed"}, {"inputs": f"{model} {window}"}
    )


def _write(root: Path, nights: list[list[Sealing]]) -> None:
    """Files with the same contents, made durable night by night."""
    for night, reports in enumerate(nights):
        for each in reports:
            folder = root / str(night) / each.report.model
            folder.mkdir(parents=True)
            for name, data in each.files.items():
                (folder / name).write_bytes(data)
        os.sync()


if __name__ == "__main__":
    main()
