"""Ours in process: a spec over files of an archive, partitions read and measured, drift scored."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from retroaudit.archive.hashing import sha256
from retroaudit.archive.inputs import Partition, Pinned
from retroaudit.archive.read import read_partition
from retroaudit.checks.all import CHECKS
from retroaudit.checks.drift import check as drift
from retroaudit.measures.measure import Need, State
from retroaudit.measures.profile import Profile
from retroaudit.measures.run import measure
from retroaudit.spec.load import load
from retroaudit.spec.model import Spec
from retroaudit.storage.open import open_storage
from retroaudit.storage.protocol import Storage

ROWS = Need("rows")


def partition(storage: Storage, prefix: str) -> Partition:
    """All objects of a prefix as one partition without bounds in time; not hashed."""
    return Partition("snapshot", None, None, tuple(Pinned(info) for info in storage.list(prefix)))


def hash_all(storage: Storage, parts: Iterable[Partition]) -> None:
    """Hash the content of all partitions, as pinning does."""
    for part in parts:
        for pinned in part.logs:
            sha256(pinned, storage)


def measured(spec: Spec, storage: Storage, part: Partition, needs: Iterable[Need]) -> dict[Need, State]:
    """Read one partition and measure it."""
    wanted = sorted({*needs, ROWS})
    columns = {column for need in wanted for column in need.columns}
    with tempfile.TemporaryDirectory() as spool:
        return measure(read_partition(spec, part, (None,), columns, storage, Path(spool)).slices, wanted)


def all_needs(spec: Spec) -> set[Need]:
    """What a whole audit asks for."""
    return {need for each in CHECKS for need in each.needs(spec, {})}


def drift_scores(spec: Spec, now: dict[Need, State], before: dict[Need, State]) -> dict[str, float]:
    """The judged distance of each feature."""
    judged = {"numeric": spec.drift.numeric.method, "categorical": spec.drift.categorical.method}
    methods = {name: judged[kind] for name, kind in spec.columns.features.items()}
    metrics = drift.check(spec, Profile(now), Profile(before))
    return {m.subject: float(m.value) for m in metrics if m.metric == methods.get(m.subject) and m.value is not None}


def opened(root: str) -> tuple[Spec, Storage]:
    """The spec and the archive below a benchmark's directory."""
    return load(Path(root) / "spec.yaml"), open_storage((Path(root) / "archive").as_uri())
