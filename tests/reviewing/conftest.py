"""Three days of decisions, the second of them with faults, and samples of their audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from retroaudit.ledger.read import find
from retroaudit.progress import silent
from retroaudit.reviewing.sampling import Sources, sample
from retroaudit.reviewing.written import Sample
from retroaudit.storage.open import open_storage
from tests.test_measuring import reads
from tests.world import SPEC, World, decisions

__all__ = ["reads"]

DAYS = ("2026-07-01", "2026-07-02", "2026-07-03")
WEEK = "2026-07-01/2026-07-04"
SALT = b"0123456789abcdef0123456789abcdef"
DOCUMENT: dict[str, Any] = {**SPEC, "quality": {"null_rate": 0.01, "ranges": {"amount": [0, 6]}}}
Draw = Callable[..., Sample]


def day(number: int) -> pl.DataFrame:
    """A day with an id that tells a person, a note that tells more; on the second 5 % null amounts, and one of 60."""
    amount, i = pl.col("amount"), pl.int_range(pl.len())
    faulty = pl.when(i % 20 == 7).then(None).when(i == 8).then(60.0).otherwise(amount)
    return decisions(400, DAYS[number]).with_columns(
        pl.format("person-{}-{}", pl.lit(number), i).alias("id"),
        pl.format("called from +49 {}", i * 7919 + 10_000).alias("note"),
        faulty.alias("amount") if number == 1 else amount,
    )


@pytest.fixture
def audited(world: World) -> World:
    """The three days in an archive."""
    for number, name in enumerate(DAYS):
        world.put(f"logs/date={name}/part-0.parquet", day(number))
    return world


@pytest.fixture
def draw(audited: World) -> Draw:
    """Audit the week with a spec and draw from its report; with the states of that audit unless `states=False`."""

    def drawn(
        document: dict[str, Any] | None = None, *, salt: bytes = SALT, states: bool = True, **wish: Any
    ) -> Sample:
        report = audited.audit(document or DOCUMENT, WEEK).report
        spool = audited.root / "spool"
        kept = open_storage((spool / "states").as_uri()) if states else None
        sources = Sources(open_storage(audited.archive.as_uri()), audited.store, kept, spool)
        return sample(find(audited.store, str(report)), sources, salt, silent, **{"rows": 60, "failing": 10, **wish})

    return drawn
