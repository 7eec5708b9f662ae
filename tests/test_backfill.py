"""A backfill asks for every window at once, and goes through them one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from retroaudit import backfill as module
from retroaudit.artefacts import Places, Request, Run, Sealed
from retroaudit.backfill import Every, backfill, requests, without_window
from retroaudit.checks.metric import Verdict
from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger.coordinates import ReportId
from retroaudit.ledger.signing import Signer
from retroaudit.progress import Progress, Step
from tests.world import NOON, SPEC, World

MISSING: Any = None  # where the audit is a stand-in, nobody looks at places and keys


def sealed(window: str, rows: int) -> Sealed:
    return Sealed(
        ReportId("model", window, "day", "main", 1), Verdict.PASSED, (), "", "", "", 1, True, rows, reused=not rows
    )


def asked(world: World, *every: Every, span: str = "2026-07-01/2026-07-04") -> list[str]:
    return [each.window.key for each in requests(world.spec(SPEC), span, every, NOON)]


def test_days_are_the_default_and_the_schedule_comes_before_it(world: World) -> None:
    assert asked(world) == ["2026-07-01", "2026-07-02", "2026-07-03"]
    assert asked(world, Every.MONTH, Every.QUARTER, span="2026-Q2") == ["2026-04", "2026-05", "2026-06", "2026-Q2"]
    scheduled = world.spec({**SPEC, "schedule": {"day": True}})
    assert len(requests(scheduled, "2026-06", (), NOON)) == 30


def test_kinds_without_a_whole_window_are_named(world: World) -> None:
    def without(*every: Every, span: str = "2026-07-01/2026-07-04") -> tuple[Every, ...]:
        return without_window(requests(world.spec(SPEC), span, every, NOON), every)

    assert without(Every.QUARTER, Every.DAY, Every.MONTH) == (Every.MONTH, Every.QUARTER)
    assert without(Every.DAY, Every.MONTH, span="2026-07") == ()
    assert without() == ()


def test_each_window_has_its_own_cut_off(world: World) -> None:
    """Law 3: the window's end plus `labels.delay`; what is later than now is due."""
    document = {**SPEC, "labels": {"path": "labels/{date}.parquet", "delay": "30d"}}
    now = datetime(2026, 8, 2, tzinfo=UTC)
    first, second = requests(world.spec(document), "2026-07-02/2026-07-04", (), now)
    assert (first.as_of, first.labels_due) == (datetime(2026, 8, 2, tzinfo=UTC), False)
    assert (second.as_of, second.labels_due) == (datetime(2026, 8, 3, tzinfo=UTC), True)


@pytest.mark.parametrize(
    ("span", "every", "as_of", "said"),
    [  # NOON is on 2026-11-21
        ("2026-11-08/2026-11-14", Every.DAY, None, "2 of 6 days outside, the first 2026-11-08"),
        ("2026-11-18/2026-11-24", Every.DAY, None, "3 of 6 windows have not ended"),
        ("2026-11-18/2026-11-21", Every.DAY, "2026-11-20", "2026-11-21"),
        ("2026-11-18/2026-11-21", Every.MONTH, None, "without a whole month"),
    ],
)
def test_what_no_window_may_be_is_one_fault(
    world: World, span: str, every: Every, as_of: str | None, said: str
) -> None:
    spec = world.spec({**SPEC, "valid": {"from": "2026-11-10"}})
    with pytest.raises(BadInput) as caught:
        requests(spec, span, [every], NOON, as_of=as_of)
    (fault,) = caught.value.faults
    assert said in str(fault)


def test_a_month_that_has_not_ended_is_no_matter_where_nobody_asks_for_it(world: World) -> None:
    assert asked(world, Every.MONTH, span="2026-10-01/2026-11-30") == ["2026-10"]


def test_progress_and_faults_of_each_window(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def stand_in(request: Request, _: Places, __: Signer, ___: Run, progress: Progress) -> Sealed:
        progress(Step("measure", 1, 1))
        if request.window.key == "2026-07-02":
            raise BadInput(Fault("logs", "nothing", "something"))
        return sealed(request.window.key, 100 if request.window.key == "2026-07-01" else 0)

    monkeypatch.setattr(module, "audit", stand_in)
    of_all: list[Step] = []
    of_each: list[str] = []
    asked = requests(world.spec(SPEC), "2026-07-01/2026-07-04", (), NOON)
    outcomes = backfill(asked, MISSING, MISSING, of_all.append, lambda step: of_each.append(step.stage))
    assert [len(outcome.faults) for outcome in outcomes] == [0, 1, 0]
    assert of_each == ["2026-07-01 measure", "2026-07-02 measure", "2026-07-03 measure"]
    assert of_all == [
        Step("windows", 0, 3),
        Step("windows", 1, 3, 100),
        Step("windows", 2, 3, 100),
        Step("windows", 3, 3, 100, reused=1),
    ]


def test_broken_integrity_stops(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def stand_in(request: Request, *_: object) -> Sealed:
        seen.append(request.window.key)
        raise IntegrityBroken(Fault("a log", "changed", "the same"))

    monkeypatch.setattr(module, "audit", stand_in)
    asked = requests(world.spec(SPEC), "2026-07-01/2026-07-04", (), NOON)
    with pytest.raises(IntegrityBroken):
        backfill(asked, MISSING, MISSING, lambda _: None, lambda _: None)
    assert seen == ["2026-07-01"]
