"""The plan stands in the log before a row is read, and is closed by the report or by a void."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from retroaudit import audit, identity
from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.intake import request
from retroaudit.ledger.coordinates import blob_key
from retroaudit.ledger.kinds import Plan, Void
from retroaudit.ledger.read import Logged, find, logged
from retroaudit.ledger.signing import load_public
from retroaudit.ledger.verify import Options, Verification, verify
from retroaudit.measuring import ROWS
from retroaudit.sealing import plan
from tests.test_measuring import DAYS, LABELLED, filled
from tests.world import NOON, World

__all__ = ["filled"]

VALUE = "the value of a row"


@contextmanager
def stopped(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, look: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Measuring ends with this error, after a look."""

    def measure(*_: object) -> Any:
        look()
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(audit, "measure", measure)
        yield


def plans(world: World) -> list[Logged]:
    return list(logged(world.store, Plan.kind))


def test_the_plan_is_in_the_log_before_a_row_is_read_and_is_what_the_report_names(
    filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    with (
        stopped(monkeypatch, KeyboardInterrupt(), lambda: seen.append(filled.kinds())),
        pytest.raises(KeyboardInterrupt),
    ):
        filled.audit(LABELLED, DAYS[0])
    assert seen == [["plan"]]
    sealed = filled.audit(LABELLED, DAYS[0])
    assert filled.kinds() == ["plan", "report"]
    (found,) = plans(filled)
    files = {file.name: filled.store.read(blob_key(file.sha256)) for file in found.recorded.entry.files}
    digest = hashlib.sha256(files["plan.json"]).hexdigest()
    assert digest == filled.report(sealed.report)["audit"]["plan"]
    assert digest == find(filled.store, str(sealed.report)).predicate["plan"]
    assert digest == found.summary()["body"]["plan"]
    assert files["spec.json"] == filled.file(sealed.report, "spec.json")
    document = json.loads(files["plan.json"])
    assert set(document) == {"spec", "window", "as_of", "part", "needs", "versions"}
    assert document["spec"] == hashlib.sha256(files["spec.json"]).hexdigest()
    assert filled.verify().problems == ()


def test_running_it_again_finds_the_plan(filled: World) -> None:
    filled.audit(LABELLED, DAYS[0])
    assert not filled.audit(LABELLED, DAYS[0], now=NOON + timedelta(days=1)).created
    assert filled.kinds() == ["plan", "report"]


def test_what_is_tested_decides_the_plan_and_what_is_found_does_not(filled: World) -> None:
    first = filled.audit(LABELLED, DAYS[0])
    filled.put(f"labels/date={DAYS[0]}/part-1.parquet", filled_labels(filled))
    second = filled.audit(LABELLED, DAYS[0])
    third = filled.audit({**LABELLED, "quality": {"null_rate": 0.5}}, DAYS[0])
    assert (first.report.rev, second.report.rev, third.report.rev) == (1, 2, 3)
    one, two, three = (filled.report(each.report)["audit"]["plan"] for each in (first, second, third))
    assert one == two != three
    assert filled.kinds() == ["plan", "report", "report", "plan", "report"]
    assert filled.verify().problems == ()


def filled_labels(world: World) -> Any:
    import polars as pl  # noqa: PLC0415

    return pl.read_parquet(world.archive / f"labels/date={DAYS[0]}/part-0.parquet").head(0)


@pytest.mark.parametrize("kind", [BadInput, IntegrityBroken])
def test_an_audit_that_fails_voids_its_plan_and_says_no_value(
    filled: World, monkeypatch: pytest.MonkeyPatch, kind: type[BadInput]
) -> None:
    with stopped(monkeypatch, kind(Fault(VALUE, VALUE, VALUE, VALUE))), pytest.raises(kind):
        filled.audit(LABELLED, DAYS[0])
    assert filled.kinds() == ["plan", "void"]
    (found,) = logged(filled.store, Void.kind)
    body = found.recorded.entry.body.model_dump()
    assert (body["entry"], body["by"]) == (plans(filled)[0].key, "retroaudit")
    assert body["reason"] == f"the audit ended without a report: {kind.__name__}"
    assert not any(VALUE.encode() in path.read_bytes() for path in (filled.root / "store").rglob("*") if path.is_file())
    assert filled.verify().problems == ()


def test_a_voided_plan_can_be_run_again(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with stopped(monkeypatch, BadInput(Fault("a", "b", "c"))), pytest.raises(BadInput):
        filled.audit(LABELLED, DAYS[0])
    assert filled.audit(LABELLED, DAYS[0]).created
    assert filled.kinds() == ["plan", "void", "report"]
    assert filled.verify().problems == ()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143), MemoryError()])
def test_what_is_no_error_of_ours_leaves_the_plan_open_and_verify_tells_after_a_week(
    filled: World, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    with stopped(monkeypatch, error), pytest.raises(type(error)):
        filled.audit(LABELLED, DAYS[0])
    assert filled.kinds() == ["plan"]
    assert filled.verify().problems == ()
    filled.audit(LABELLED, DAYS[1], now=NOON + timedelta(days=8))
    (problem,) = verified(filled, NOON + timedelta(days=8)).problems
    assert plans(filled)[0].summary()["body"]["plan"] in problem.object
    filled.audit(LABELLED, DAYS[0], now=NOON + timedelta(days=9))
    assert verified(filled, NOON + timedelta(days=9)).problems == ()


def verified(world: World, at: datetime) -> Verification:
    """Judged as of that moment."""
    return verify(world.store, load_public(world.root / "keys" / "public.pem"), options=Options(at=at))


def test_a_plan_whose_report_is_there_is_not_voided(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.audit(LABELLED, DAYS[0])
    with stopped(monkeypatch, BadInput(Fault("a", "b", "c"))), pytest.raises(BadInput):
        filled.audit(LABELLED, DAYS[0])
    assert filled.kinds() == ["plan", "report"]


def test_an_error_is_told_even_where_no_void_can_be_put(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise BadInput(Fault("store", "gone", "a store"))

    with (
        stopped(
            monkeypatch, BadInput(Fault("the archive", "b", "c")), lambda: monkeypatch.setattr(plan, "record", refuse)
        ),
        pytest.raises(BadInput, match="the archive"),
    ):
        filled.audit(LABELLED, DAYS[0])
    assert filled.kinds() == ["plan"]


def test_no_plan_is_sealed_where_nothing_can_be_pinned(filled: World) -> None:
    with pytest.raises(BadInput):
        filled.audit({**LABELLED, "logs": {"path": "nowhere/{date}/*.parquet"}}, DAYS[0])
    assert not list((filled.root / "store").rglob("*.json"))


def test_a_plan_is_the_digest_of_its_document(filled: World) -> None:
    asked = request(filled.spec(LABELLED), DAYS[0], NOON)
    for needs in ((), (ROWS,)):
        document = identity.plan_document(asked, needs)
        assert identity.plan_digest(asked, needs) == hashlib.sha256(document).hexdigest()
        assert document != identity.plan_document(replace(asked, part="other"), needs)
