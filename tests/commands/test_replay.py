"""`replay` as an auditor meets it."""

from __future__ import annotations

import json
import shutil

import pytest

from retroaudit import identity
from tests.test_cli import Call
from tests.test_measuring import DAYS, LABELLED
from tests.world import World

ID = f"model/{DAYS[0]}/day/main"
ROWS = 4000 + 3000  # the day's, and the reference's


@pytest.fixture
def words(filled: World, options: dict[str, str]) -> list[str]:
    """A sealed day: `replay ID --store=…`."""
    filled.audit(LABELLED, DAYS[0])
    return ["replay", ID, options["store"]]


@pytest.mark.parametrize(
    ("places", "rows", "reused"),
    [(("archive",), ROWS, 0), (("archive", "states"), 0, 2), (("states",), 0, 2)],
    ids=["rows", "both", "states"],
)
def test_the_same_bytes(
    call: Call, words: list[str], options: dict[str, str], places: tuple[str, ...], rows: int, reused: int
) -> None:
    code, out, _ = call(*words, *(options[name] for name in places), "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["report"], found["same"], found["differs"]) == (f"{ID}/1", True, [])
    assert (found["rows_read"], found["reused"], found["partitions"]) == (rows, reused, 2)
    assert found["sealed"] == found["found"]


def test_people_are_told_from_what_it_was_made(call: Call, words: list[str], options: dict[str, str]) -> None:
    code, out, err = call(*words, options["archive"])
    assert code == 0
    assert "✓ the same bytes" in out
    assert "7,000 rows read; 0 of 2 partitions from states" in out
    assert f"retroaudit verify {ID}/1" in out  # a replay proves no signature
    assert err == ""


def test_no_states_measures_all_of_it_and_keeps_nothing(
    call: Call, words: list[str], options: dict[str, str], filled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = filled.root / "spool" / "states"
    before = sorted(kept.rglob("*"))
    monkeypatch.setenv("RETROAUDIT_STATES", kept.as_uri())
    assert json.loads(call(*words, options["archive"], "--json")[1])["rows_read"] == 0
    assert json.loads(call(*words, options["archive"], "--no-states", "--json")[1])["rows_read"] == ROWS
    assert sorted(kept.rglob("*")) == before


def test_other_bytes_are_exit_3_with_what_differs(
    call: Call, words: list[str], options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "states_digests", lambda _: {})
    code, out, _ = call(*words, options["archive"])
    assert code == 3
    assert "✗ other bytes" in out
    assert "differs    inputs" in out
    code, out, _ = call(*words, options["archive"], "--json")
    assert code == 3
    assert json.loads(out)["differs"] == ["inputs"]


def test_the_store_is_only_read(call: Call, words: list[str], options: dict[str, str], filled: World) -> None:
    before = {info.key: info.modified for info in filled.store.list()}
    assert call(*words, options["archive"])[0] == 0
    assert {info.key: info.modified for info in filled.store.list()} == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "--archive, or --states"),
        (["--no-states"], "--archive, or --states"),
        (["--archive="], "--archive, or --states"),
        (["ARCHIVE", "STATES", "--no-states"], "one of them"),
        (["STATES", "--no-states"], "one of them"),
        (["--states=file:///no/such/place"], "a directory"),
        (["--archive=file:///no/such/place"], "a directory"),
    ],
)
def test_words_that_cannot_be_meant(
    call: Call, words: list[str], options: dict[str, str], more: list[str], said: str
) -> None:
    given = [options.get(word.lower(), word) for word in more]
    code, _, err = call(*words, *given)
    assert code == 2
    assert said in err


def test_an_unknown_report_names_the_nearest(call: Call, words: list[str], options: dict[str, str]) -> None:
    code, _, err = call("replay", "modl/2026-07-01/day/main", options["store"], options["archive"])
    assert code == 2
    assert ID in err
    assert words


def test_a_store_that_is_not_there_is_not_made(call: Call, options: dict[str, str], filled: World) -> None:
    assert call("replay", ID, f"--store={(filled.root / 'nowhere').as_uri()}", options["archive"])[0] == 2
    assert not (filled.root / "nowhere").exists()


def test_damaged_states_are_no_states(call: Call, words: list[str], options: dict[str, str], filled: World) -> None:
    path = next((filled.root / "spool" / "states" / "states").rglob("grid-v*/*.parquet"))
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-9])
    code, _, err = call(*words, options["states"])
    assert code == 2
    assert "Replay from rows" in err
    assert call(*words, options["states"], options["archive"])[0] == 0


def test_an_archive_that_changed_is_exit_3(
    call: Call, words: list[str], options: dict[str, str], filled: World
) -> None:
    shutil.copyfile(
        filled.archive / f"logs/date={DAYS[1]}/part-0.parquet", filled.archive / f"logs/date={DAYS[0]}/part-0.parquet"
    )
    code, _, err = call(*words, options["archive"])
    assert code == 3
    assert "part-0" in err
