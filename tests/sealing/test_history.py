"""What a revision says of those before it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from retroaudit.artefacts import Sealed
from retroaudit.faults import IntegrityBroken
from retroaudit.ledger.coordinates import MANIFEST
from retroaudit.ledger.read import find
from retroaudit.sealing import history
from tests.world import NOON, SPEC, World, decisions

DAY, NEXT = "2026-07-01", "2026-07-02"
LOGS = "logs/date={}/part-0.parquet"
SOON = NOON + timedelta(hours=1)
LATER = NOON + timedelta(hours=2)


@pytest.fixture
def before(world: World) -> World:
    """A day that was audited once."""
    world.put(LOGS.format(DAY), decisions())
    world.audit(SPEC, DAY)
    return world


def said(world: World, sealed: Sealed) -> dict[str, Any]:
    return dict(find(world.store, str(sealed.report)).predicate)


def erase(world: World, rows: int, day: str = DAY) -> None:
    """Rows go from a day's log."""
    path = world.archive / LOGS.format(day)
    world.put(LOGS.format(day), pl.read_parquet(path).tail(-rows))


def test_a_first_revision_has_no_history(before: World) -> None:
    found = said(before, before.audit(SPEC, DAY))
    assert (found["other_plans"], found["changed_verdicts"], found["explained_by"]) == ([], [], [])


def test_other_plans_of_the_window_are_named_whoever_asked_for_them(before: World) -> None:
    first = said(before, before.audit(SPEC, DAY))["plan"]
    stricter = {**SPEC, "quality": {"null_rate": 0.001}}
    found = said(before, before.audit(stricter, DAY, now=SOON))
    assert found["other_plans"] == [{"plan": first, "audit": "day", "part": "main"}]
    before.put(LOGS.format(NEXT), decisions(day=NEXT))
    assert said(before, before.audit(SPEC, NEXT, now=LATER))["other_plans"] == []
    assert said(before, before.audit({**SPEC, "model": "other"}, DAY, now=LATER))["other_plans"] == []
    assert before.verify().problems == ()


def test_what_a_stranger_put_among_plans_and_erasures_says_nothing(before: World) -> None:
    first = said(before, before.audit(SPEC, DAY))["plan"]
    for folder in (f"plan/model=model/window={DAY}/audit=day/part=main", "erasure/model=model", "store", "key", "void"):
        before.store.put_if_absent(f"entries/v1/kind={folder}/{'0' * 64}.dsse.json", b"garbage")
    before.store.put_if_absent(f"reports/v1/model=model/window={DAY}/audit=day/part=main/rev=999999/{MANIFEST}", b"")
    erase(before, 2)
    key = before.erased(DAY, rows=2, now=SOON)
    sealed = before.audit({**SPEC, "quality": {"null_rate": 0.001}}, DAY, now=SOON)
    found = said(before, sealed)
    assert sealed.report.rev == 2
    assert found["other_plans"] == [{"plan": first, "audit": "day", "part": "main"}]
    assert found["explained_by"] == [key]


def test_verdicts_that_changed_are_named_and_no_others(before: World) -> None:
    rows = pl.read_parquet(before.archive / LOGS.format(DAY))
    before.put(LOGS.format(DAY), rows.with_columns(amount=pl.lit(None, pl.Float64)))
    found = said(before, before.audit(SPEC, DAY, now=SOON))["changed_verdicts"]
    own = [each for each in found if (each["metric"], each["subject"]) == ("null_rate", "amount")]
    assert len(own) == 1
    assert own[0]["before"] == "passed"
    assert own[0]["after"] == "failed"
    assert all(each["before"] != each["after"] for each in found)


def test_a_declared_erasure_explains_the_rows_that_are_gone(before: World) -> None:
    erase(before, 2)
    key = before.erased(DAY, rows=2, now=SOON)
    sealed = before.audit(SPEC, DAY, now=SOON)
    assert said(before, sealed)["explained_by"] == [key]
    assert before.report(sealed.report)["audit"]["cause"] == ["inputs"]
    (told,) = history.declared(before.store, [key])
    assert told == {"entry": key, "at": SOON.isoformat(), "partitions": [DAY], "rows": 2}
    assert before.verify().problems == ()


@pytest.mark.parametrize(
    ("gone", "declared", "explained"),
    [(2, [2], 1), (2, [3], 1), (3, [2], 0), (3, [2, 1], 2), (3, [None], 1), (3, [1, None], 2), (4000, [4000], 1)],
)
def test_it_explains_no_more_rows_than_it_declares(
    before: World, gone: int, declared: list[int | None], explained: int
) -> None:
    erase(before, gone)
    keys = [before.erased(DAY, rows=rows, now=SOON) for rows in declared]
    found = said(before, before.audit(SPEC, DAY, now=LATER))["explained_by"]
    assert found == keys[: len(keys) if explained else 0]
    assert len(found) == explained


def test_rows_that_came_are_explained_by_no_erasure(before: World) -> None:
    before.put(LOGS.format(DAY), decisions(4001))
    before.erased(DAY, rows=None, now=SOON)
    assert said(before, before.audit(SPEC, DAY, now=LATER))["explained_by"] == []


def test_what_is_of_another_day_model_or_place_explains_nothing(before: World) -> None:
    erase(before, 2)
    before.erased(NEXT, rows=2, now=SOON)
    before.erased(DAY, rows=2, now=SOON, model="other")
    assert said(before, before.audit(SPEC, DAY, now=LATER))["explained_by"] == []


def test_an_erasure_explains_once(before: World) -> None:
    erase(before, 2)
    key = before.erased(DAY, rows=2, now=SOON)
    assert said(before, before.audit(SPEC, DAY, now=SOON))["explained_by"] == [key]
    erase(before, 1)
    assert said(before, before.audit(SPEC, DAY, now=LATER))["explained_by"] == []
    erase(before, 1)
    assert said(before, before.audit(SPEC, DAY, now=LATER))["explained_by"] == []


def test_a_range_is_explained_by_the_erasures_of_its_days(world: World) -> None:
    for day in (DAY, NEXT):
        world.put(LOGS.format(day), decisions(day=day))
    span = "2026-07-01/2026-07-03"
    world.audit(SPEC, span)
    erase(world, 2, DAY)
    erase(world, 1, NEXT)
    keys = [world.erased(DAY, rows=2, now=SOON), world.erased(NEXT, "2026-08-01", rows=5, now=SOON)]
    assert said(world, world.audit(SPEC, span, now=LATER))["explained_by"] == keys


def test_a_revision_whose_document_was_changed_is_not_built_upon(before: World) -> None:
    entry = find(before.store, f"model/{DAY}/day/main/1")
    (digest,) = (file.sha256 for file in entry.files if file.name == "report.json")
    path = before.root / "store" / "blobs" / "sha256" / digest[:2] / digest
    path.chmod(0o644)
    path.write_bytes(b"{}")
    erase(before, 2)
    with pytest.raises(IntegrityBroken, match=r"report\.json of model"):
        before.audit(SPEC, DAY, now=SOON)
    assert before.kinds() == ["plan", "report"]
