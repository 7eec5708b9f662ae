"""The demo, whole: every night and the whole window audited, and what was found held against what was planted."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from retroaudit import provenance
from retroaudit.artefacts import Places, Run, Sealed, utc_now
from retroaudit.audit import audit
from retroaudit.declaring.due import due_lists, heartbeat
from retroaudit.declaring.writing import declare
from retroaudit.demo.archive import FIRST, write_archive
from retroaudit.demo.compare import FoundMetric, Row, compare
from retroaudit.demo.incidents import INCIDENTS
from retroaudit.demo.spec import spec_text, suite_bytes
from retroaudit.faults import BadInput, Fault
from retroaudit.intake import places, request
from retroaudit.ledger.read import find, read_file
from retroaudit.ledger.signing import Signer, load_public, load_signer, write_keys
from retroaudit.ledger.verify import Options, Verification, verify
from retroaudit.progress import Progress, Step, silent
from retroaudit.spec.load import load
from retroaudit.spec.window import Window, parse_window

_GRACE, _NEXT = timedelta(days=2), timedelta(days=1)


@dataclass(frozen=True)
class Outcome:
    """What the demo found, night by night, and what an auditor may check."""

    place: Path
    nights: tuple[Sealed, ...]
    whole: Sealed
    incidents: tuple[Row, ...]
    verification: Verification

    @property
    def as_planted(self) -> bool:
        """Every incident on its nights, nothing else failed, and the ledger holds."""
        return all(row.as_planted for row in self.incidents) and not self.verification.problems

    def summary(self) -> dict[str, Any]:
        """The outcome as JSON; `outcome.json` in the demo's directory."""
        last = self.nights[-1]
        return {
            "as_planted": self.as_planted,
            "incidents": [row.summary() for row in self.incidents],
            "nights": len(self.nights),
            "whole_window": self.whole.summary(),
            "page": str(self.page),
            "last_night": last.report.window,
            "last_report_sha256": last.report_json_sha256,
            "verify": self.verification.summary(),
        }

    @property
    def page(self) -> Path:
        """The page to open."""
        return self.place / "report.html"


def run_demo(out: Path, *, days: int, rows: int, seed: int, incidents: bool, progress: Progress) -> Outcome:
    """Build the archive below `out`, audit it, verify the ledger, and compare with the planted truth.

    The ledger knows which nights were owed before the first is audited, so that one left out would be found.
    """
    _refuse_occupied(out)
    write_archive(out / "archive", seed=seed, days=days, rows=rows, incidents=incidents, progress=progress)
    (out / "lending.yaml").write_text(spec_text())
    (out / "expectations").mkdir()
    (out / "expectations" / "lending.json").write_bytes(suite_bytes())
    keys = write_keys(out / "keys")
    signer = load_signer(keys.signing)
    with tempfile.TemporaryDirectory(prefix="retroaudit-") as spool:
        addresses = [(out.absolute() / name).as_uri() for name in ("archive", "store", "states")]
        where = places(addresses[0], addresses[1], addresses[2], Path(spool))
        owed = due_lists(load(out / "lending.yaml"), _whole(days).key, _GRACE)
        declare(where.store, owed, signer, utc_now())
        *nights, whole = _audits(out, (*_nights(days), _whole(days).key), where, signer, progress)
        now = utc_now()
        declare(where.store, [heartbeat(now, _NEXT)], signer, now)
    verification = verify(where.store, load_public(keys.public), None, progress, Options(at=now))
    found = {number: tuple(_found(night)) for number, night in enumerate(nights, 1)}
    outcome = Outcome(
        out, tuple(nights), whole, compare(found, INCIDENTS if incidents else (), days=days), verification
    )
    outcome.page.write_bytes(read_file(where.store, find(where.store, str(whole.report)), "report.html"))
    (out / "outcome.json").write_text(json.dumps(outcome.summary(), indent=2))
    return outcome


def _refuse_occupied(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(
            Fault(str(out), "something in it", "a new or empty directory", "Remove it, or name another --out.")
        )


def _nights(days: int) -> tuple[str, ...]:
    return tuple(str(FIRST + timedelta(days=number)) for number in range(days))


def _whole(days: int) -> Window:
    return parse_window(f"{FIRST}/{FIRST + timedelta(days=days)}", "UTC")


def _audits(out: Path, windows: Sequence[str], where: Places, signer: Signer, progress: Progress) -> Iterator[Sealed]:
    rows, facts = 0, provenance.facts()
    for done, window in enumerate(windows):
        progress(Step("audit", done, len(windows), rows))
        now = utc_now()
        run = Run(now, facts)
        sealed = audit(request(out / "lending.yaml", window, now), where, signer, run, silent)
        rows += sealed.rows_read
        yield sealed


def _found(night: Sealed) -> list[FoundMetric]:
    return [FoundMetric(f.metric.check, f.metric.metric, f.metric.subject, f.metric.slice) for f in night.findings]
