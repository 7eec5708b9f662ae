"""Writes the test vectors beside this file: a store, a second place, keys, and the values in between.

    python -m tests.ledger.vectors.make

Seeds and clock are fixed, so it gives the same bytes each time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from retroaudit.ledger import anchors, checkpoint, commits, entries, tree
from retroaudit.ledger.checkpoint import Checkpoint
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.entries import Entry
from retroaudit.ledger.head import head
from retroaudit.ledger.kinds import DueList
from retroaudit.ledger.recording import record, rotate
from retroaudit.ledger.seal import Sealing, seal_all
from retroaudit.ledger.signing import Signer, load_signer, lower_s, public_from_der
from retroaudit.storage.keys import encode
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.protocol import WORKSHOP
from tests.ledger.vectors import story
from tests.ledger.vectors.story import AWKWARD, LONG, MOMENT, PART, Planned, moment, text

HERE = Path(__file__).parent
SEEDS = {"first": bytes(range(32)), "second": bytes(range(32, 64))}
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256: SP 800-186, 3.2.1.3
MESSAGE = "a message"
TEXTS = ("lending", "Lending v1.4", AWKWARD, LONG, PART, "..", "a~b", "%41", "é" * 33, "é" * 34, "x" * 200, "X" * 67)


def write(folder: Path) -> None:
    """Put the vectors into a folder; what stood there before goes."""
    for name in ("keys", "store", "place"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    first, second = (_keys(folder / "keys", name) for name in SEEDS)
    store, place = (LocalStorage((folder / name).resolve(), durable=False) for name in ("store", "place"))
    published = _tell(_Log(store), first, second)
    anchors.publish(published, place)
    for each in (store, place):
        (each.root / WORKSHOP).rmdir()
    values = json.dumps(_values(store, first, second), indent=1, ensure_ascii=False, sort_keys=True)
    (folder / "vectors.json").write_text(f"{values}\n")


@dataclass(frozen=True)
class _Log:
    storage: LocalStorage

    def put(self, *entries: Entry, by: Signer, at: datetime) -> None:
        record(self.storage, entries, {}, by, at)

    def plan(self, planned: Planned, by: Signer, at: datetime) -> None:
        files = {hashlib.sha256(data).hexdigest(): data for data in planned.files.values()}
        record(self.storage, [planned.entry], files, by, at)

    def seal(self, *wanted: Sealing, by: Signer, at: datetime) -> None:
        seal_all(self.storage, wanted, by, at)

    def note(self) -> str:
        return commits.read(self.storage, head(self.storage)).body.note


def _tell(log: _Log, first: Signer, second: Signer) -> str:
    """The story; gives the checkpoint that was published halfway."""
    main = ReportId(AWKWARD, "2026-06-30", "day", "main", 1)
    long = ReportId(LONG, "2026-06-29_2026-07-05", "week", PART, 1)
    promised = [Entry(body) for body in story.before_first_report(main, long)]
    log.put(*promised[:1], by=first, at=moment(0))
    log.put(*promised[1:], by=first, at=moment(0))
    planned = story.plan(main, text(0))
    log.plan(planned, first, moment(1))
    log.seal(story.audit(main, planned, [], 1.1, rows=1000), by=first, at=moment(1.1))

    candidate = story.plan(ReportId(AWKWARD, "2026-06-30", "day", PART, 1), None)
    log.plan(candidate, first, moment(2))
    published = log.note()
    erased = Entry(story.erasure(main))
    log.put(erased, by=first, at=moment(2.5))
    rotate(log.storage, first, second, story.BY, "yearly", moment(365), moment(3))

    again, weekly = story.plan(main, text(4)), story.plan(long, None)
    log.plan(again, second, moment(4))
    log.plan(weekly, second, moment(4.1))
    changed = {
        "check": "drift",
        "metric": "psi",
        "subject": "amount",
        "slice": {},
        "before": "passed",
        "after": "failed",
    }
    revised = story.audit(
        ReportId.parse(f"{main.series}/2"),
        again,
        [planned, candidate],
        4.2,
        rows=997,
        verdict="failed",
        changed=[changed],
        explained_by=[erased.key],
    )
    log.seal(revised, story.audit(long, weekly, [], 4.2, rows=7000), by=second, at=moment(4.2))
    mistake = next(each for each in promised if isinstance(each.body, DueList) and each.body.model == "no such model")
    log.put(
        *map(Entry, story.afterwards(main, candidate, mistake)), by=second, at=moment(6).replace(microsecond=250_000)
    )
    return published


def _keys(folder: Path, name: str) -> Signer:
    key = Ed25519PrivateKey.from_private_bytes(SEEDS[name])
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.pem").write_bytes(public)
    secret = folder / f"{name}.test-signing.pem"
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return load_signer(secret)


def _values(store: LocalStorage, first: Signer, second: Signer) -> dict[str, Any]:
    log = [commits.read(store, number) for number in range(1, head(store) + 1)]
    leaves = [leaf for commit in log for leaf in commit.body.leaves]
    return {
        "moment": MOMENT,
        "origin": log[0].body.origin,
        "keys": {name: _key(signer) for name, signer in (("first", first), ("second", second))},
        "possession": _possession(store, log),
        "ecdsa": _ecdsa(log[-1].note.checkpoint),
        "encode": [{"text": each, "encoded": encode(each)} for each in TEXTS],
        "commits": [_commit(commit) for commit in log],
        "entries": [_entry(store, leaf) for leaf in leaves],
        "leaves": list(_leaves(log)),
        "roots": [tree.root_of([leaf.hash for leaf in leaves[:size]]).hex() for size in range(len(leaves) + 1)],
        "proofs": [
            [each.hex() for each in tree.inclusion_proof([leaf.hash for leaf in leaves], index)]
            for index in range(len(leaves))
        ],
    }


def _key(signer: Signer) -> dict[str, str]:
    return {"keyid": signer.public.keyid, "public": base64.b64encode(signer.public.der).decode()}


def _possession(store: LocalStorage, log: list[Commit]) -> dict[str, str]:
    """What the second key signed to agree that it comes after the first."""
    handing = next(commit for commit in log if commit.body.next_key != commit.envelope.keyid)
    (leaf,) = handing.body.leaves
    body = entries.parse(store.read(leaf.key), leaf.key)[0].entry.body.model_dump()
    message = f"retroaudit.dev/log key after {handing.envelope.keyid} at {handing.body.previous}"
    return {"message": message, "sig": body["possession"]}


def _ecdsa(signed: Checkpoint) -> dict[str, Any]:
    """The other kind of key: a checkpoint, and signatures of which one alone is in its one form."""
    private = ec.derive_private_key(int.from_bytes(SEEDS["first"]), ec.SECP256R1())
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    method = ec.ECDSA(SHA256(), deterministic_signing=True)  # RFC 6979: the same bytes each time
    signer = Signer(lambda data: lower_s(private.sign(data, method)), public_from_der(der, "ecdsa"))
    r, s = decode_dss_signature(good := signer.sign(MESSAGE.encode()))
    padded = b"\x30%c\x02%c\0%b" % (good[1] + 1, good[3] + 1, good[4:])  # r with a zero too many before it
    made = {good: True, encode_dss_signature(r, ORDER - s): False, padded: False, good + b"\0": False}
    return {
        **_key(signer),
        "message": MESSAGE,
        "signatures": [{"sig": base64.b64encode(each).decode(), "valid": valid} for each, valid in made.items()],
        "checkpoint": checkpoint.sign(signed, signer),
    }


def _commit(commit: Commit) -> dict[str, Any]:
    body, envelope = commit.body, commit.envelope
    return {
        "number": body.number,
        "size": body.size,
        "sha256": commit.sha256,
        "keyid": envelope.keyid,
        "encoding": _encoding(envelope.payload_type, envelope.payload),
        "checkpoint": body.note,
    }


def _entry(store: LocalStorage, leaf: Leaf) -> dict[str, Any]:
    envelope = json.loads(store.read(leaf.key))
    payload = base64.b64decode(envelope["payload"])
    predicate = json.loads(payload)["predicate"]
    found = {"key": leaf.key, "encoding": _encoding(envelope["payloadType"], payload)}
    if "body" not in predicate:
        return {**found, "report": predicate["report"]}
    body = json.dumps(predicate["body"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {**found, "body": body, "body_sha256": hashlib.sha256(body.encode()).hexdigest()}


def _leaves(log: list[Commit]) -> Iterator[dict[str, Any]]:
    for commit in log:
        for position, leaf in enumerate(commit.body.leaves):
            canonical = json.dumps({"key": leaf.key, "sha256": leaf.sha256}, separators=(",", ":"))
            yield {
                "index": commit.body.before + position,
                "commit": commit.body.number,
                "canonical": canonical,
                "hash": leaf.hash.hex(),
            }


def _encoding(payload_type: str, payload: bytes) -> str:
    """What is signed, as text."""
    return f"DSSEv1 {len(payload_type)} {payload_type} {len(payload)} {payload.decode()}"


if __name__ == "__main__":
    write(HERE)
