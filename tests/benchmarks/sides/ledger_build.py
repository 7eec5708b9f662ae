"""A log of many leaves, in commits of a hundred, with one real report in its middle; and its newest checkpoint."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from retroaudit.ledger import commits
from retroaudit.ledger.appending import append, read_head
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.head import head
from retroaudit.ledger.seal import Sealing, seal
from retroaudit.ledger.signing import load_signer, write_keys
from retroaudit.storage.open import open_storage
from tests.benchmarks.sides.say import asked, say, timed, versions

A_COMMIT = 100
NOW = datetime(2026, 7, 1, tzinfo=UTC)
REPORT = ReportId("lending", "2026-07-01", "day", "main", 1)


def main() -> None:
    """Append leaves of reports that are not there: what a verifier of the log alone reads."""
    wanted = asked()
    root, leaves = Path(wanted["root"]), wanted["leaves"]
    signer = load_signer(write_keys(root / "keys").signing)
    storage = open_storage((root / "store").as_uri(), create=True, durable=False)

    def fill(first: int, last: int) -> None:
        for start in range(first, last, A_COMMIT):
            added = [leaf(number) for number in range(start, min(start + A_COMMIT, last))]
            append(storage, added, signer, read_head(storage, signer, NOW), NOW)

    def build() -> None:
        fill(0, leaves // 2)
        seal(storage, Sealing(REPORT, {"report.json": b"{}"}, {"verdict": "passed"}, {"inputs": "a"}), signer, NOW)
        fill(leaves // 2, leaves)

    _, seconds = timed(build)
    newest = commits.read(storage, head(storage)).body
    (root / "checkpoint").write_text(newest.note)
    say(building=seconds, commits=newest.number, leaves=newest.size, versions=versions("retroaudit", "cryptography"))


def leaf(number: int) -> Leaf:
    """The leaf of one night's report of one of 300 models."""
    model, night = f"model-{number % 300:03d}", f"{number // 300:06d}"
    key = f"reports/v1/model={model}/window={night}/audit=day/part=main/rev=000001/manifest.dsse.json"
    return Leaf(key, f"{number:064x}")


if __name__ == "__main__":
    main()
