"""The report in the log."""

from __future__ import annotations

import hashlib

from retroaudit.artefacts import Judged, Merged, Pinned, Places, Run, Sealed, Written
from retroaudit.ledger.seal import Sealing
from retroaudit.ledger.seal import seal as seal_in_ledger
from retroaudit.ledger.settings import retain_until
from retroaudit.ledger.signing import Signer
from retroaudit.sealing.predicate import predicate


def seal(
    pinned: Pinned, merged: Merged, judged: Judged, written: Written, places: Places, signer: Signer, run: Run
) -> Sealed:
    """Sign and commit the report; the same bytes under the same id are found sealed."""
    at = run.clock()
    said = predicate(pinned, merged, judged, written, places, run, at)
    wanted = Sealing(written.report, written.files, said, written.run_key)
    until = retain_until(places.store, pinned.spec.tier, at)
    receipt = seal_in_ledger(places.store, wanted, signer, at, retain_until=until)
    return Sealed(
        report=receipt.report,
        verdict=judged.verdict,
        findings=judged.findings,
        manifest=receipt.manifest_key,
        manifest_sha256=receipt.manifest_sha256,
        report_json_sha256=hashlib.sha256(written.files["report.json"]).hexdigest(),
        commit=receipt.commit,
        created=receipt.created,
        rows_read=merged.rows_read,
        reused=merged.reused,
    )
