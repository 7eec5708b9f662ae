"""Law 3 by the command that an auditor uses: a stored report made anew, from rows or from states."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from retroaudit.artefacts import Places
from retroaudit.checks.all import CHECKS
from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.intake import places
from retroaudit.ledger.read import find
from retroaudit.progress import silent
from retroaudit.replaying import Replayed, replay
from retroaudit.retention import erase, holdings, of_work
from retroaudit.spec.digest import from_document, spec_document
from retroaudit.spec.load import parse
from retroaudit.storage.open import open_storage
from tests.test_measuring import DAYS, LABELLED, WEEK, filled
from tests.world import World, decisions

__all__ = ["filled"]

ROLLING: dict[str, Any] = {
    **LABELLED,
    "reference": {"path": "reference/*.parquet", "window": ["previous", "year-ago"]},
}


def where(world: World, states: Path) -> Places:
    return places(world.archive.as_uri(), (world.root / "store").as_uri(), states.as_uri(), world.root / "spool")


def again(world: World, report: object, *, states: Path | None = None, archive: bool = True) -> Replayed:
    return replay(find(world.store, str(report)), where(world, states or world.root / "anew"), silent, archive=archive)


@pytest.mark.parametrize("document", [LABELLED, ROLLING], ids=["fixed", "rolling"])
def test_a_report_is_replayed_from_rows_from_states_and_without_the_archive(
    filled: World, document: dict[str, Any]
) -> None:
    sealed = filled.audit(document, DAYS[1])
    kept = filled.root / "spool" / "states"
    from_rows = again(filled, sealed.report)
    from_states = again(filled, sealed.report, states=kept)
    filled.archive.rename(filled.root / "elsewhere")
    filled.archive.mkdir()
    without = again(filled, sealed.report, states=kept, archive=False)
    assert [each.same for each in (from_rows, from_states, without)] == [True] * 3
    assert from_rows.rows_read == sealed.rows_read
    assert [each.rows_read for each in (from_states, without)] == [0, 0]
    assert from_rows.sealed == from_rows.found == sealed.report_json_sha256


def test_a_superseded_revision_is_replayed_as_it_was(filled: World) -> None:
    first = filled.audit(LABELLED, DAYS[0], as_of="2026-07-05")
    second = filled.audit(LABELLED, DAYS[0], as_of="2026-07-20")
    assert second.report.rev == 2
    assert again(filled, first.report).same
    assert again(filled, second.report).same


def test_a_missing_day_and_an_unreadable_one_are_replayed(filled: World) -> None:
    shutil.rmtree(filled.archive / f"logs/date={DAYS[1]}")
    (filled.archive / f"logs/date={DAYS[2]}/part-0.parquet").write_bytes(b"PAR1 no Parquet PAR1")
    sealed = filled.audit(LABELLED, WEEK)
    assert again(filled, sealed.report).same
    with pytest.raises(BadInput, match=f"no states of window/{DAYS[2]}"):
        again(filled, sealed.report, states=filled.root / "spool" / "states", archive=False)


def test_an_archive_that_says_something_else_is_no_replay(filled: World) -> None:
    sealed = filled.audit(LABELLED, DAYS[0])
    path = filled.archive / f"logs/date={DAYS[0]}/part-0.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    with pytest.raises(IntegrityBroken, match=r"part-0.*The archive has changed since the report: replay from states"):
        again(filled, sealed.report)
    path.write_bytes(whole[:-1])
    with pytest.raises(IntegrityBroken, match=f"{len(whole) - 1} bytes"):
        again(filled, sealed.report)


def test_a_forged_state_is_found(filled: World) -> None:
    """Whoever may write states can put another state in place; its digest was sealed."""
    sealed = filled.audit(LABELLED, DAYS[0])
    kept = filled.root / "spool" / "states"
    other = World(filled.root / "other")
    frame = decisions(day=DAYS[0]).with_columns(amount=pl.col("amount") + 1.0)
    shutil.copytree(filled.archive, other.archive)
    other.put(f"logs/date={DAYS[0]}/part-0.parquet", frame.drop("label"))
    other.audit(LABELLED, DAYS[0])
    mine, theirs = (sorted((w / "states").rglob("grid-v*/*.parquet")) for w in (kept, other.root / "spool" / "states"))
    forged = [path for path in theirs if path.name not in {each.name for each in mine}]
    assert forged  # its name is of its key, and its key of its content: it does not even lie where it is looked for
    shutil.rmtree(filled.archive / "logs")
    for path in mine:
        path.chmod(0o644)
        path.write_bytes(forged[0].read_bytes())
    with pytest.raises(BadInput, match="no states of"):
        again(filled, sealed.report, states=kept, archive=False)


def test_other_versions_of_checks_are_told(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from retroaudit import identity  # noqa: PLC0415  the module is patched

    sealed = filled.audit(LABELLED, DAYS[0])
    newer = tuple(replace(each, version=99) if each.name == "drift" else each for each in CHECKS)
    monkeypatch.setattr(identity, "CHECKS", newer)
    with pytest.raises(BadInput, match="drift: found version 99 here"):
        again(filled, sealed.report)


def test_erased_states_are_gone_and_the_report_can_be_made_from_rows(filled: World) -> None:
    from retroaudit import audit  # noqa: PLC0415
    from retroaudit.intake import request  # noqa: PLC0415
    from tests.world import NOON  # noqa: PLC0415

    sealed = filled.audit(LABELLED, WEEK)
    kept = filled.root / "spool" / "states"
    states = open_storage(kept.as_uri())
    asked = request(filled.spec(LABELLED), WEEK, NOON)
    work = audit.pin(asked, where(filled, kept)).work()
    before = sum(each.objects for each in holdings(states) if each.kind != "digests of objects")
    objects = of_work(states, work)
    assert len(objects) == before
    assert erase(states, objects, lambda _: None) == before
    assert {each.kind for each in holdings(states)} == {"digests of objects"}
    with pytest.raises(BadInput, match="Replay from rows"):
        again(filled, sealed.report, states=kept, archive=False)
    assert again(filled, sealed.report, states=kept).same


def test_a_stored_spec_is_read_back() -> None:
    spec = parse(
        "model: m\nowner: o\nlogs: {path: 'l/{date}/*'}\n"
        "columns: {time: t, id: i, label: y, prediction: p, features: {x: numeric}}\n"
        "labels: {path: 'y/{date}/*', delay: 30d, mature_after: 90d}\ntime: {slack: 6h}\nvalid: {from: 2026-01-01}\n"
        "reference: {path: 'r/*', date: 2026-06-30, max_age: 180d, window: previous, trailing: 7d}\n"
        "groups: [g, [g, h]]\nquality: {ranges: {x: [0, 1]}}\n",
        "s.yaml",
    )
    assert from_document(spec_document(spec)) == spec
