"""One report with everything that proves it, for somebody who has no access to the store: see FORMAT.md, "Bundles"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from retroaudit.faults import Fault, IntegrityBroken
from retroaudit.ledger import checkpoint, read
from retroaudit.ledger._bundle_readme import readme
from retroaudit.ledger._evidence import Evidence, gather
from retroaudit.ledger._standing import Log
from retroaudit.ledger.checkpoint import Proof
from retroaudit.ledger.coordinates import ANCHORS, blob_key, commit_key
from retroaudit.ledger.envelope import canonical, canonical_plain
from retroaudit.ledger.genuine import content
from retroaudit.ledger.head import leaf_hashes
from retroaudit.ledger.manifest import Manifest
from retroaudit.ledger.signing import PublicKey
from retroaudit.ledger.statement import File
from retroaudit.ledger.tiles import Tiles
from retroaudit.ledger.verify import verify
from retroaudit.storage.protocol import Storage

BUNDLE = "bundle.json"
PUBLIC = "public.pem"
INPUTS = "inputs.json"
README = "README.md"
VERIFIER = "verify.py"
_FORMAT = "https://retroaudit.dev/bundle/v1"
_STAMP = ".tsr"


def bundle(storage: Storage, report: str, key: PublicKey) -> Mapping[str, bytes]:
    """The files of the bundle of a report (its id, or without revision the newest), by their paths in it.

    Reading rights are enough. The report is verified first, and every proof and signature once more when the bundle
    is made. Raises `BadInput` where there is no such report, and `IntegrityBroken`, with every problem, where
    anything is not what was sealed.
    """
    entry = read.find(storage, report)
    _refuse_broken(storage, str(entry.report), key)
    log = Log(storage)
    found = gather(log, entry.report)
    made = {each.leaf.key: each.data for each in found.standing}
    made |= {commit_key(number): storage.read(commit_key(number)) for number in found.handing}
    made |= dict(_blobs(storage, found))
    made |= dict(_anchors(storage, found.last.body.size))
    made[BUNDLE] = canonical(_proofs(log, found), BUNDLE)
    made[PUBLIC] = found.public.pem
    made[INPUTS] = _inputs(found.report.manifest)
    made[VERIFIER] = verifier()
    made[README] = readme(found, made).encode()
    return dict(sorted(made.items()))


def verifier() -> bytes:
    """The stand-alone verifier: one file that needs Python and `cryptography` alone."""
    return (resources.files("retroaudit.ledger") / "standalone" / VERIFIER).read_bytes()


def _refuse_broken(storage: Storage, report: str, key: PublicKey) -> None:
    problems = verify(storage, key, report).problems
    if problems:
        raise IntegrityBroken(Fault(each.object, each.found, each.expected, each.meaning) for each in problems)


def _proofs(log: Log, found: Evidence) -> dict[str, Any]:
    last = found.last
    size = last.body.size
    tiles = Tiles(log.storage, size, lambda start, end: leaf_hashes(log.storage, last, start, end))
    proofs = {}
    for each in found.standing:
        proof = Proof(each.index, tiles.inclusion(each.index), last.note)
        if not checkpoint.holds(proof, each.leaf.hash, found.public):
            remedy = "A tile or commit is not what it was: run verify on the whole store."
            raise IntegrityBroken(Fault(each.leaf.key, "a proof that does not hold", "one that does", remedy))
        proofs[each.leaf.key] = checkpoint.proof_text(proof)
    report = str(found.report.manifest.report)
    return {"format": _FORMAT, "report": report, "checkpoint": last.body.note, "proofs": proofs}


def _blobs(storage: Storage, found: Evidence) -> Iterator[tuple[str, bytes]]:
    """The report's files, and those of the plans."""
    files = [*found.report.manifest.files, *(file for plan in found.plans for file in plan.entry.files)]
    for file in files:
        data = storage.read(blob_key(file.sha256), length=file.size + 1)
        if File.of(file.name, data) != file:
            raise IntegrityBroken(Fault(blob_key(file.sha256), "other bytes", f"{file.size} bytes", "Run verify."))
        yield blob_key(file.sha256), data


def _anchors(storage: Storage, size: int) -> Iterator[tuple[str, bytes]]:
    """Time-stamps of checkpoints up to this size."""
    for info in storage.list(ANCHORS):
        name = info.key.removeprefix(ANCHORS)
        number = name.removesuffix(_STAMP)
        if number.isdecimal() and number.isascii() and name == f"{int(number):012d}{_STAMP}" and int(number) <= size:
            data = content(storage, info)
            if data is not None:
                yield f"anchors/{name}", data


def _inputs(sealed: Manifest) -> bytes:
    definition = sealed.predicate.get("buildDefinition")
    found = definition.get("resolvedDependencies") if isinstance(definition, Mapping) else None
    return canonical_plain(found or [])
