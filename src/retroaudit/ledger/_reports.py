"""The verifier's look at what the log's leaves point to: manifests and files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from retroaudit.faults import IntegrityBroken, RetroauditError
from retroaudit.ledger import manifest
from retroaudit.ledger._problem import Problem, check_signature, read_small
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import blob_key
from retroaudit.ledger.envelope import Envelope
from retroaudit.ledger.manifest import File, Manifest
from retroaudit.ledger.signing import PublicKey
from retroaudit.progress import Progress, Step
from retroaudit.storage.protocol import Storage

_PIECE = 8 << 20  # bytes read at a time, so that a file of any size can be hashed


@dataclass(frozen=True)
class Checked:
    """How many reports and files were looked at, and the blobs that belong to them."""

    reports: int
    files: int
    blobs: frozenset[str]


def check_reports(
    storage: Storage,
    leaves: Sequence[Leaf],
    key: PublicKey,
    progress: Progress,
) -> tuple[Checked, list[Problem]]:
    """Each leaf's manifest by hash, signature and place, and each of its files once by sha256 and size."""
    problems: list[Problem] = []
    files: dict[File, int] = {}
    for done, leaf in enumerate(leaves):
        progress(Step("reports", done, len(leaves)))
        found = _read(storage, leaf)
        if isinstance(found, Problem):
            problems.append(found)
            continue
        problems += _check(*found, leaf, key)
        for file in found[0].files:
            if file not in files:
                problems += _check_file(storage, found[0], file)
            files[file] = files.get(file, 0) + 1
    blobs = frozenset(blob_key(file.sha256) for file in files)
    return Checked(len(leaves), sum(files.values()), blobs), problems


def _read(storage: Storage, leaf: Leaf) -> tuple[Manifest, Envelope] | Problem:
    meaning = "the report's manifest was deleted, replaced or damaged after it was committed"
    data = read_small(storage, leaf.manifest, leaf.manifest, meaning)
    if isinstance(data, Problem):
        return data
    digest = hashlib.sha256(data).hexdigest()
    if digest != leaf.sha256:
        return Problem(leaf.manifest, f"sha256 {leaf.sha256}", f"sha256 {digest}", meaning)
    try:
        return manifest.parse(data, leaf.manifest)
    except IntegrityBroken as error:
        return Problem(leaf.manifest, "a manifest", str(error), "something else was committed as a report")


def _check(found: Manifest, envelope: Envelope, leaf: Leaf, key: PublicKey) -> Iterator[Problem]:
    meaning = "the manifest was committed without being signed: it is nobody's statement"
    yield from check_signature(leaf.manifest, envelope, key, meaning)
    if found.report.manifest_key != leaf.manifest:
        meaning = f"the report {found.report} was put in another's place"
        yield Problem(leaf.manifest, leaf.manifest, found.report.manifest_key, meaning)


def _check_file(storage: Storage, found: Manifest, file: File) -> Iterator[Problem]:
    subject, blob = f"{file.name} of {found.report}", blob_key(file.sha256)
    meaning = f"{file.name} was deleted, replaced or damaged after it was sealed"
    expected = f"{file.size} bytes, sha256 {file.sha256}"
    try:
        there = _describe(storage, blob)
    except RetroauditError as error:
        yield Problem(subject, expected, str(error), meaning)
        return
    if there != expected:
        yield Problem(subject, expected, there, meaning)


def _describe(storage: Storage, key: str) -> str:
    info = storage.head(key)
    if info is None:
        return "nothing"
    digest, size = hashlib.sha256(), 0
    while piece := storage.read(key, version=info.version, start=size, length=_PIECE):
        digest.update(piece)
        size += len(piece)
    return f"{size} bytes, sha256 {digest.hexdigest()}"
