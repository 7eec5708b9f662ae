"""The state store's own life: what is in it, what may go, and what must."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from retroaudit import audit
from retroaudit.artefacts import Places, Work
from retroaudit.intake import places, request
from retroaudit.measures.all import MEASURES
from retroaudit.progress import Step, silent
from retroaudit.retention import damaged, erase, expired, holdings, of_work, outdated
from tests.memory import PUT, InMemory
from tests.test_measuring import DAYS, LABELLED, WEEK, filled
from tests.world import NOON, World

__all__ = ["filled"]

GRID = f"grid-v{MEASURES['grid'].version}"


def where(world: World) -> Places:
    return places(world.archive.as_uri(), (world.root / "store").as_uri(), None, world.root / "spool")


def work_of(world: World, window: str) -> tuple[Work, ...]:
    return audit.pin(request(world.spec(LABELLED), window, NOON), where(world)).work()


@pytest.fixture
def memory() -> InMemory:
    memory = InMemory()
    for key in (
        f"states/00/{GRID}/a.parquet",
        "states/00/grid-v99/a.parquet",
        f"states/01/{GRID}/a.parquet",
        "states/01/nosuch-v1/a.parquet",
        f"states/merged-02/{GRID}/a.parquet",
        "states/00/account-v1/a.parquet",
        "states/03/arrivals-v1/a.parquet",
        "states/README",
        "digests/ff",
        "artefacts/measured/ff.json",
        "else",
    ):
        memory.put_if_absent(key, key.encode())
    return memory


def test_everything_is_held_under_a_name(memory: InMemory) -> None:
    found = {each.kind: each for each in holdings(memory)}
    assert {kind: (each.objects, each.contents) for kind, each in found.items()} == {
        "account-v1": (1, 1),
        "arrivals-v1": (1, 1),
        "artefacts of tasks": (1, 0),
        "digests of objects": (1, 0),
        GRID: (2, 2),
        f"{GRID} merged": (1, 1),
        "grid-v99": (1, 1),
        "nosuch-v1": (1, 1),
        "something else": (2, 0),
    }
    assert sum(each.bytes for each in found.values()) == sum(map(len, memory.objects.values()))
    assert list(found) == sorted(found)
    assert found[GRID].summary()["oldest"] == PUT.isoformat()
    assert holdings(InMemory()) == ()


def test_what_no_measure_of_ours_reads_is_outdated(memory: InMemory) -> None:
    assert [info.key for info in outdated(memory)] == [
        "states/00/grid-v99/a.parquet",
        "states/01/nosuch-v1/a.parquet",
    ]


def test_what_is_older_is_expired_and_what_is_not_ours_never(memory: InMemory) -> None:
    """A wrong address must not lose its objects."""
    week = timedelta(days=7)
    assert expired(memory, PUT + week, week) == ()
    old = {info.key for info in expired(memory, PUT + week + timedelta(microseconds=1), week)}
    assert set(memory.objects) - old == {"states/README", "else"}


def test_erasing_tells_what_it_does_and_counts_what_was_there(memory: InMemory) -> None:
    told: list[Step] = []
    objects = tuple(memory.list("states/00/"))
    assert erase(memory, [*objects, objects[0]], told.append) == len(objects) == len(told) - 1
    assert not list(memory.list("states/00/"))


def test_damage_is_found_and_nothing_else(filled: World) -> None:
    filled.audit(LABELLED, DAYS[0])
    states = where(filled).states
    assert damaged(states) == ()
    keys = [info.key for info in states.list("states/")]
    path = filled.root / "spool" / "states" / keys[3]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])
    assert [info.key for info in damaged(states)] == [keys[3]]


def test_a_day_is_erased_with_all_that_was_made_of_it(filled: World) -> None:
    """Its own states and its labels', all merges, all artefacts; the other days' states stay."""
    for window in (*DAYS, WEEK):
        filled.audit(LABELLED, window)
    states = where(filled).states
    states.put_if_absent("artefacts/measured/0.json", b"{}")
    first = [each for each in work_of(filled, DAYS[0]) if each.role == "window"]
    objects = of_work(states, first)
    erase(states, objects, silent)
    assert not any("merged" in info.key or info.key.startswith("artefacts") for info in states.list())
    again = {day: filled.audit(LABELLED, day).rows_read for day in DAYS[::-1]}
    assert again == {DAYS[2]: 0, DAYS[1]: 0, DAYS[0]: 4_000}


def test_no_value_of_an_erased_partition_is_left_in_any_object(filled: World) -> None:
    """A name that only one day has is looked for in every state that remains."""
    frame = pl.read_parquet(filled.archive / f"logs/date={DAYS[0]}/part-0.parquet")
    filled.put(f"logs/date={DAYS[0]}/part-0.parquet", frame.with_columns(channel=pl.lit("only-here")))
    filled.audit(LABELLED, WEEK)
    states = where(filled).states

    def holding() -> list[Path]:
        root = filled.root / "spool" / "states" / "states"
        found = ((path, pl.read_parquet(path)) for path in sorted(root.rglob("*.parquet")))
        return [path for path, lines in found if "only-here" in str(lines.select(pl.col(pl.String)).rows())]

    assert len(holding()) == 2  # the day's, and the week's
    erase(states, of_work(states, work_of(filled, DAYS[0])), silent)
    assert holding() == []


def test_times_are_told_in_utc(memory: InMemory) -> None:
    assert all(
        each.oldest.tzinfo is UTC and each.newest == datetime(2026, 7, 1, tzinfo=UTC) for each in holdings(memory)
    )
