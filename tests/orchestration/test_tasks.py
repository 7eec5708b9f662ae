"""Airflow's tasks, called as what they are: functions over keys."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.ledger.read import find, logged
from retroaudit.ledger.signing import write_keys
from retroaudit.orchestration import tasks
from retroaudit.orchestration.specs import cards
from tests.e2e.test_replay import LABELLED, fill
from tests.world import World, decisions

DAYS = ("2026-07-01", "2026-07-02", "2026-07-04")


@pytest.fixture
def settings(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A worker's environment: three days of logs, one day missing between them."""
    fill(world)
    for day in DAYS[1:]:
        world.put(f"logs/date={day}/part-0.parquet", decisions(day=day).drop("label"))
    for name in ("ARCHIVE", "STORE", "STATES"):
        monkeypatch.setenv(f"RETROAUDIT_{name}", (world.root / f"{name.lower()}").as_uri())
    monkeypatch.setenv("RETROAUDIT_SIGNING_KEY", str(write_keys(world.root / "keys").signing))
    return world


def run(world: World, window: str, most: int) -> dict[str, Any]:
    """All tasks in a row, with groups of at most `most` bytes; every value passes through JSON, as XCom does."""

    def through_xcom(value: Any) -> Any:
        return json.loads(json.dumps(value))

    pinned = through_xcom(tasks.plan(through_xcom(tasks.pin(str(world.spec(LABELLED)), params={"window": window}))))
    every = [key for group in tasks.groups(pinned) for key in group]
    groups = tasks.pack([(key, 1) for key in every], most)
    measured = through_xcom([tasks.measure(pinned, group) for group in groups])
    merged = through_xcom(tasks.merge(pinned, measured))
    checked = through_xcom(tasks.check(pinned, merged))
    judged = through_xcom(tasks.judge(pinned, checked))
    written = through_xcom(tasks.report(pinned, merged, checked, judged))
    return dict(through_xcom(tasks.seal(pinned, merged, judged, written)))


@pytest.mark.parametrize("most", [1, 2, 100])
def test_the_tasks_give_the_bytes_of_one_process(settings: World, most: int) -> None:
    """The missing day, the reference and every grouping included; sealing refuses other bytes."""
    sealed = settings.audit(LABELLED, "2026-07-01/2026-07-05")
    again = run(settings, "2026-07-01/2026-07-05", most)
    assert (again["created"], again["report"]) == (False, str(sealed.report))
    assert again["report_json_sha256"] == sealed.report_json_sha256
    assert again["verdict"] == "failed"  # a day is missing; the tasks succeed all the same


def test_the_plan_is_sealed_before_anything_is_measured_and_a_retry_finds_it(settings: World) -> None:
    pinned = tasks.pin(str(settings.spec(LABELLED)), params={"window": DAYS[0]})
    assert tasks.plan(pinned) == tasks.plan(pinned) == pinned
    assert [each.recorded.entry.kind for each in logged(settings.store)] == ["key", "plan"]
    sealed = run(settings, DAYS[0], 1)
    entry = find(settings.store, sealed["report"])
    assert entry.predicate["plan"] == settings.report(sealed["report"])["audit"]["plan"]
    assert settings.verify().problems == ()


def test_a_task_that_fails_voids_nothing(settings: World) -> None:
    """Airflow tries again, or somebody clears it: the plan stays open until then."""
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415  slow to import

    pinned = tasks.plan(tasks.pin(str(settings.spec(LABELLED)), params={"window": DAYS[0]}))
    settings.put(f"logs/date={DAYS[0]}/part-0.parquet", decisions(10).drop("label"))
    with pytest.raises(AirflowFailException):
        tasks.measure(pinned, [f"window/{DAYS[0]}"])
    assert [each.recorded.entry.kind for each in logged(settings.store)] == ["key", "plan"]


def test_what_passes_between_tasks_is_small(settings: World) -> None:
    pinned = tasks.pin(str(settings.spec(LABELLED)), params={"window": "2026-07"})
    assert len(pinned) < 200
    assert tasks.groups(pinned) == [[*(f"window/{day}" for day in DAYS), "reference/reference"]]


def test_bad_input_fails_without_another_try(settings: World) -> None:
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415  slow to import

    with pytest.raises(AirflowFailException, match="window"):
        tasks.pin(str(settings.spec(LABELLED)), params={"window": "yesterday"})


def test_a_worker_without_settings_says_which(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415  slow to import

    monkeypatch.delenv("RETROAUDIT_ARCHIVE", raising=False)
    with pytest.raises(AirflowFailException, match="RETROAUDIT_ARCHIVE"):
        tasks.pin(str(world.spec(LABELLED)), params={"window": "2026-07-01"})


def dag_run(**facts: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"partition_key": None, "data_interval_start": None, "data_interval_end": None} | facts)


@pytest.mark.parametrize(
    ("params", "facts", "expected"),
    [
        ({"window": "2026-Q2"}, {"partition_key": "2026-07-01"}, "2026-Q2"),  # the explicit word wins
        ({"window": None}, {"partition_key": "2026-07-01"}, "2026-07-01"),
        (
            {},
            {
                "data_interval_start": datetime(2026, 7, 1, tzinfo=UTC),
                "data_interval_end": datetime(2026, 7, 2, tzinfo=UTC),
            },
            "2026-07-01/2026-07-02",
        ),
    ],
)
def test_the_window_of_a_run(params: dict[str, Any], facts: dict[str, Any], expected: str) -> None:
    assert tasks.window_of({"params": params, "dag_run": dag_run(**facts)}) == expected


def test_a_manual_run_must_name_its_window() -> None:
    with pytest.raises(BadInput, match="Trigger with"):
        tasks.window_of({"params": {"window": None}, "dag_run": dag_run()})


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 60))
def test_groups_hold_every_partition_once_in_order_and_are_full(sizes: list[int], most: int) -> None:
    keyed = [(f"p{number}", size) for number, size in enumerate(sizes)]
    packed = tasks.pack(keyed, most)
    assert [key for group in packed for key in group] == [key for key, _ in keyed]
    size = dict(keyed)
    totals = [sum(size[key] for key in group) for group in packed]
    assert all(total <= most or len(group) == 1 for total, group in zip(totals, packed, strict=True))
    assert all(total + size[after[0]] > most for total, after in zip(totals, packed[1:], strict=False))


def test_cards_of_good_and_faulty_specs(tmp_path: Path) -> None:
    (tmp_path / "_defaults").mkdir()
    (tmp_path / "_defaults" / "team.yaml").write_text("owner: team@example.com\n")
    (tmp_path / "good.yaml").write_text(
        "model: good\nextends: team\nlogs: {path: 'x/*.parquet'}\ncolumns: {prediction: p}\n"
    )
    (tmp_path / "bad spec!.yaml").write_text("model: [")
    bad, good = cards(tmp_path)
    assert (good.name, good.owner, good.due, good.faulty) == ("good", "team@example.com", False, False)
    assert (bad.name, bad.owner, bad.faulty) == ("bad_spec_", "unknown", True)
