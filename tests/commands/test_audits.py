"""`backfill` as people and programs meet it."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from retroaudit.ledger.signing import write_keys
from tests.test_cli import Call
from tests.world import SPEC, World, decisions

DAYS = ("2026-07-01", "2026-07-02", "2026-07-03")
SPAN = "2026-07-01/2026-07-04"
ROWS = 4000


@pytest.fixture
def words(world: World) -> list[str]:
    """A backfill over three days, without its options; the second day has three times the rows."""
    for number, day in enumerate(DAYS):
        world.put(f"logs/date={day}/part-0.parquet", decisions(ROWS * (3 if number == 1 else 1), day))
    key = write_keys(world.root / "keys").signing
    places = [f"--{name}={(world.root / name).as_uri()}" for name in ("archive", "store", "states")]
    return ["backfill", str(world.spec(SPEC)), *places, "--key", str(key), "--window", SPAN]


def listed(call: Call, words: list[str], *more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(call(*words, *more, "--json")[1])
    return found


def test_every_day_is_audited_and_found_again(call: Call, words: list[str]) -> None:
    code, out, _ = call(*words, "--json")
    first = json.loads(out)
    assert code == 0
    assert [(each["window"], each["report"], each["created"]) for each in first] == [
        (day, f"model/{day}/day/main/1", True) for day in DAYS
    ]
    assert [each["rows_read"] for each in first] == [ROWS, 3 * ROWS, ROWS]
    again = listed(call, words)
    assert [each["report"] for each in again] == [each["report"] for each in first]
    assert [each["created"] for each in again] == [False] * 3


def test_a_month_comes_from_the_states_of_its_days(call: Call, words: list[str]) -> None:
    """July has 28 days without an object: that is a finding, and exit 1."""
    words[-1] = "2026-07"
    listed(call, [*words[:-1], SPAN])
    code, out, _ = call(*words, "--every", "month", "--json")
    (month,) = json.loads(out)
    assert (code, month["verdict"], month["kind"]) == (1, "failed", "month")
    assert (month["rows_read"], month["reused"]) == (0, 3)


def test_an_interrupted_backfill_goes_on(call: Call, words: list[str]) -> None:
    listed(call, [*words[:-1], "2026-07-01/2026-07-03"])
    assert [each["created"] for each in listed(call, words)] == [False, False, True]


def test_people_get_a_table(call: Call, words: list[str]) -> None:
    code, out, err = call(*words)
    assert code == 0
    rows = [line.split() for line in out.splitlines() if line.startswith("2026-")]
    assert [(row[0], row[1], row[3]) for row in rows] == [(day, "passed", "new") for day in DAYS]
    assert f"3 of 3 windows audited, {5 * ROWS} rows read" in out
    assert err == ""


def test_without_a_place_for_states_it_says_what_that_costs(call: Call, words: list[str]) -> None:
    bare = [word for word in words if not word.startswith("--states")]
    assert "with --states" in call(*bare)[2]


def test_a_kind_without_a_whole_window_is_told(call: Call, words: list[str]) -> None:
    code, out, err = call(*words, "--every", "day", "--every", "month")
    assert code == 0
    assert "3 of 3 windows audited" in out
    assert f"{SPAN} holds no whole month: none is audited" in err


def test_a_window_with_bad_input_does_not_stop_the_others(call: Call, words: list[str], world: World) -> None:
    largest = (world.archive / f"logs/date={DAYS[1]}/part-0.parquet").stat().st_size
    world.spec({**SPEC, "limits": {"bytes": largest - 1}})
    code, out, err = call(*words)
    assert code == 2
    assert "2026-07-02 was not audited" in out
    assert "limits.bytes" in err
    assert "2 of 3 windows audited" in out
    found = listed(call, words)
    assert ["faults" in each for each in found] == [False, True, False]
    assert found[1]["window"] == DAYS[1]


def test_a_failed_verdict_is_exit_1(call: Call, words: list[str], world: World) -> None:
    bad = decisions(ROWS, DAYS[2]).with_columns(pl.lit(None, pl.Float64).alias("amount"))
    world.put(f"logs/date={DAYS[2]}/part-0.parquet", bad)
    code, out, _ = call(*words, "--json")
    assert code == 1
    assert [each["verdict"] for each in json.loads(out)] == ["passed", "passed", "failed"]


def test_what_cannot_be_asked_is_told_before_anything_is_opened(call: Call, words: list[str], world: World) -> None:
    world.spec({**SPEC, "valid": {"from": DAYS[1]}})
    code, _, err = call(*words)
    assert code == 2
    assert "1 of 3 days outside, the first 2026-07-01" in err
    assert not (world.root / "store").exists()
    assert not (world.root / "states").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--every", "month"], "without a whole month"),
        (["--every", "year"], "'quarter'"),
        (["--window", "2126-07-01/2126-07-03"], "has ended"),
    ],
)
def test_other_words_are_bad_input(call: Call, words: list[str], more: list[str], said: str) -> None:
    code, _, err = call(*words, *more)
    assert code == 2
    assert said in err
