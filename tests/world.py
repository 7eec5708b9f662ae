"""A small world to audit in: an archive, a store and keys below one directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from retroaudit.artefacts import Run, Sealed
from retroaudit.audit import audit
from retroaudit.declaring.writing import declare
from retroaudit.intake import places, request
from retroaudit.ledger.coordinates import entry_kind
from retroaudit.ledger.kinds import Body, Erasure
from retroaudit.ledger.read import find, leaves, read_file
from retroaudit.ledger.recording import Receipt
from retroaudit.ledger.signing import Signer, load_public, load_signer, write_keys
from retroaudit.ledger.verify import Verification, verify
from retroaudit.report.canonical import parse
from retroaudit.storage.open import open_store
from retroaudit.storage.protocol import Storage

REFERENCE_DATA = Path(os.environ.get("RETROAUDIT_REFERENCE_DATA") or Path(__file__).parents[2] / "shared" / "data")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """An archive and a store below one directory, or below two addresses; keys and specs in the directory."""

    root: Path
    archive_url: str = ""
    store_url: str = ""

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def store(self) -> Storage:
        return open_store(self.store_url or (self.root / "store").as_uri())

    def put(self, key: str, frame: pl.DataFrame) -> Path:
        """Write a frame into the archive."""
        path = self.archive / key
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path)
        return path

    def spec(self, document: Mapping[str, Any]) -> Path:
        """Write a spec; `owner` and `model` are filled in."""
        path = self.root / "spec.yaml"
        path.write_text(yaml.safe_dump({"model": "model", "owner": "owner@example.com", **document}, sort_keys=False))
        return path

    @property
    def signer(self) -> Signer:
        """Who seals here; the key is made where there is none."""
        if not (self.root / "keys").exists():
            write_keys(self.root / "keys")
        return load_signer(self.root / "keys" / "signing.pem")

    def audit(
        self, document: Mapping[str, Any], window: str | None = None, *, as_of: str | None = None, now: datetime = NOON
    ) -> Sealed:
        """Run one audit in process and seal it."""
        self.archive.mkdir(exist_ok=True)
        spool = self.root / "spool"
        spool.mkdir(exist_ok=True)
        store = self.store_url or (self.root / "store").as_uri()
        where = places(self.archive_url or self.archive.as_uri(), store, None, spool)
        asked = request(self.spec(document), window, now, as_of=as_of)
        return audit(asked, where, self.signer, Run(now, {}, lambda: now), lambda _: None)

    def declare(self, *bodies: Body, now: datetime = NOON) -> tuple[Receipt, ...]:
        """Put entries without files into the log, which is begun where there is none."""
        (self.root / "store").mkdir(exist_ok=True)
        return declare(self.store, bodies, self.signer, now)

    def erased(self, *partitions: str, rows: int | None, now: datetime = NOON, model: str = "model") -> str:
        """Declare that rows of these partitions were erased from the archive; gives the entry's key."""
        own: dict[str, Any] = {"scope": "archive", "partitions": list(partitions), "rows": rows}
        (receipt,) = self.declare(Erasure(model=model, **own, by="dpo", reason="815", at=now.isoformat()), now=now)
        return receipt.key

    def kinds(self) -> list[str]:
        """The kinds of the log's entries, in order, without the key that it begins with."""
        found = [entry_kind(leaf.key) or "" for _, _, leaf in leaves(self.store)]
        assert found[:1] == ["key"]
        return found[1:]

    def report(self, report: object) -> dict[str, Any]:
        """The stored `report.json` of a sealed report."""
        return parse(self.file(report, "report.json"))

    def page(self, report: object) -> str:
        """The stored `report.html`."""
        return self.file(report, "report.html").decode()

    def file(self, report: object, name: str) -> bytes:
        """A stored file of a sealed report."""
        return read_file(self.store, find(self.store, str(report)), name)

    def verify(self) -> Verification:
        """Verify the whole ledger with the public key."""
        return verify(self.store, load_public(self.root / "keys" / "public.pem"), None, lambda _: None)


def metrics(document: Mapping[str, Any], **wanted: Any) -> list[dict[str, Any]]:
    """The metrics of a report that have these fields."""
    return [m for m in document["metrics"] if all(m[name] == value for name, value in wanted.items())]


def metric(document: Mapping[str, Any], **wanted: Any) -> dict[str, Any]:
    """The one metric of a report that has these fields."""
    found = metrics(document, **wanted)
    assert len(found) == 1, f"{len(found)} metrics with {wanted}"
    return found[0]


def decisions(n: int = 4000, day: str = "2026-07-01") -> pl.DataFrame:
    """A day of plain decisions: every column that a spec may name, no fault in it.

    Predictions, labels and groups repeat with coprime periods, so that every group has the same rates.
    """
    number = pl.int_range(n, eager=True)
    start = pl.lit(day).str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC")
    return pl.DataFrame({"i": number}).select(
        (start + pl.duration(milliseconds=pl.col("i") * (86_400_000 // n))).alias("time"),
        pl.format("r{}", "i").alias("id"),
        pl.lit("1.0").alias("version"),
        (pl.col("i") % 2).cast(pl.Int8).alias("prediction"),
        ((pl.col("i") % 100) / 100).alias("score"),
        (pl.col("i") // 2 % 2).cast(pl.Int8).alias("label"),
        (pl.col("i") % 7).cast(pl.Float64).alias("amount"),
        pl.format("c{}", pl.col("i") % 3).alias("channel"),
        pl.format("g{}", pl.col("i") // 4 % 2).alias("group"),
    )


SPEC: dict[str, Any] = {
    "logs": {"path": "logs/date={date}/*.parquet"},
    "columns": {
        "time": "time",
        "id": "id",
        "version": "version",
        "prediction": "prediction",
        "score": "score",
        "label": "label",
        "features": {"amount": "numeric", "channel": "categorical"},
    },
    "groups": ["group"],
    "quality": {"null_rate": 0.01},
}
