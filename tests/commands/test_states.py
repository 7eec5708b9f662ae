"""`states show`, `prune` and `erase`: nothing goes unless it is said twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from retroaudit.ledger.read import logged
from retroaudit.ledger.signing import write_keys
from tests.test_cli import Call
from tests.test_measuring import DAYS, LABELLED, WEEK
from tests.world import World

ID = f"model/{DAYS[0]}/day/main"


@pytest.fixture
def kept(filled: World) -> Path:
    """The state store after two nights and the week."""
    for window in (*DAYS[:2], WEEK):
        filled.audit(LABELLED, window)
    return filled.root / "spool" / "states"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A state store with one object that would go."""
    path = tmp_path / "place" / "artefacts" / "any.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    return tmp_path / "place"


def files(kept: Path) -> set[str]:
    return {path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()}


def printed(call: Call, *words: object) -> dict[str, Any]:
    code, out, _ = call(*words, "--json")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def damage(kept: Path) -> str:
    path = next((kept / "states").rglob("counts-v*/*.parquet"))
    path.chmod(0o644)
    path.write_bytes(b"")
    return path.relative_to(kept).as_posix()


def test_show_counts_every_file(call: Call, kept: Path, options: dict[str, str]) -> None:
    found = printed(call, "states", "show", options["states"])
    assert sum(each["objects"] for each in found["kinds"]) == len(files(kept))
    assert sum(each["bytes"] for each in found["kinds"]) == sum((kept / name).stat().st_size for name in files(kept))
    assert "damaged" not in found
    _, out, _ = call("states", "show", options["states"])
    assert "digests of objects" in out
    assert f"{len(files(kept))} objects" in out


def test_show_verify_names_the_damaged(call: Call, kept: Path, options: dict[str, str]) -> None:
    words = ["states", "show", options["states"], "--verify"]
    assert "no state is damaged" in call(*words)[1]
    key = damage(kept)
    assert printed(call, *words)["damaged"] == [key]
    code, out, _ = call(*words)
    assert code == 0  # nothing that was sealed is broken
    assert key in out
    assert "states prune --damaged" in out


def test_prune_is_dry_unless_said_twice(call: Call, kept: Path, options: dict[str, str]) -> None:
    words, before = ["states", "prune", options["states"], "--older-than", "0d"], files(kept)
    code, out, _ = call(*words)
    assert code == 0
    assert "dry run" in out
    assert "replayed from rows" in out
    dry = printed(call, *words)
    assert (dry["erased"], set(dry["objects"])) == (False, before)
    assert files(kept) == before
    assert printed(call, *words, "--yes")["erased"] is True
    assert files(kept) == set()
    assert "nothing to remove" in call(*words, "--yes")[1]


def test_what_is_young_stays(call: Call, kept: Path, options: dict[str, str]) -> None:
    assert kept
    assert printed(call, "states", "prune", options["states"], "--older-than", "400d", "--yes")["objects"] == []


def test_prune_takes_the_damaged_and_the_outdated_alone(call: Call, kept: Path, options: dict[str, str]) -> None:
    before, key = files(kept), damage(kept)
    old = "states/00/nosuch-v1/a.parquet"
    (kept / old).parent.mkdir(parents=True)
    (kept / old).write_bytes(b"")
    words = ["states", "prune", options["states"]]
    assert printed(call, *words, "--outdated")["objects"] == [old]
    assert set(printed(call, *words, "--damaged")["objects"]) == {key, old}
    found = printed(call, *words, "--damaged", "--outdated", "--yes")
    assert sorted(found["objects"]) == sorted([key, old])  # each once
    assert files(kept) == before - {key}


@pytest.mark.parametrize("text", ["400", "-1d", "1y", "", "1.5d", "9999999999d", "\u0661d"])
def test_wrong_durations_are_bad_input(call: Call, place: Path, text: str) -> None:
    code, _, err = call("states", "prune", f"--states={place.as_uri()}", f"--older-than={text}", "--yes")
    assert code == 2
    assert "--older-than" in err
    assert files(place) == {"artefacts/any.json"}


def test_prune_wants_a_reason(call: Call, place: Path) -> None:
    code, _, err = call("states", "prune", f"--states={place.as_uri()}", "--yes")
    assert code == 2
    assert "--older-than, --outdated or --damaged" in err
    assert files(place) == {"artefacts/any.json"}


def test_a_wrong_address_loses_nothing(call: Call, kept: Path, filled: World) -> None:
    assert kept
    for folder in ("archive", "store"):
        place = filled.root / folder
        before = files(place)
        words = ["states", "prune", f"--states={place.as_uri()}", "--older-than", "0d", "--outdated", "--damaged"]
        assert printed(call, *words, "--yes")["objects"] == []
        assert files(place) == before


def test_a_place_that_is_not_there_is_not_made(call: Call, tmp_path: Path) -> None:
    code, _, err = call("states", "show", f"--states={(tmp_path / 'nowhere').as_uri()}")
    assert code == 2
    assert "nowhere" in err
    assert not (tmp_path / "nowhere").exists()


def test_erase_is_dry_unless_said_twice(call: Call, kept: Path, options: dict[str, str]) -> None:
    words, before = ["states", "erase", ID, options["store"], options["states"]], files(kept)
    code, out, _ = call(*words)
    assert code == 0
    for said in (f"{ID}/1: reference/reference, window/{DAYS[0]}", "not touched", "does not declare it", "dry run"):
        assert said in out
    assert files(kept) == before


def test_a_rolling_references_partitions_are_named_with_their_role(
    call: Call, kept: Path, options: dict[str, str], filled: World
) -> None:
    assert kept
    rolling = {"path": "reference/*.parquet", "window": "previous"}
    filled.audit({**LABELLED, "model": "rolling", "reference": rolling}, DAYS[1])
    words = ["states", "erase", f"rolling/{DAYS[1]}/day/main", options["store"], options["states"]]
    found = printed(call, *words)["partitions"]
    assert found == [f"previous/{DAYS[0]}", "reference/reference", f"window/{DAYS[1]}"]


def test_what_is_erased_is_gone_and_the_report_stays(
    call: Call, kept: Path, options: dict[str, str], filled: World
) -> None:
    before = files(kept)
    found = printed(call, "states", "erase", ID, options["store"], options["states"], "--yes")
    assert found["report"] == f"{ID}/1"
    assert found["partitions"] == ["reference/reference", f"window/{DAYS[0]}"]
    assert files(kept) == before - set(found["objects"])
    assert not any("merged-" in key for key in files(kept))
    assert call("replay", ID, options["store"], options["states"])[0] == 2
    assert call("replay", ID, options["store"], options["archive"])[0] == 0
    assert filled.verify().problems == ()
    assert filled.audit(LABELLED, DAYS[1]).rows_read == 3000  # the reference alone


def test_only_the_partitions_that_are_named(call: Call, kept: Path, options: dict[str, str], filled: World) -> None:
    assert kept
    week = "model/2026-07-01_2026-07-04/range/main"
    words = ["states", "erase", week, options["store"], options["states"], "--yes"]
    found = printed(call, *words, "--partition", DAYS[0], "--partition", DAYS[2])
    assert found["partitions"] == [f"window/{DAYS[0]}", f"window/{DAYS[2]}"]
    assert {day: filled.audit(LABELLED, day).rows_read for day in DAYS} == {DAYS[0]: 4000, DAYS[1]: 0, DAYS[2]: 4000}


@pytest.mark.parametrize(
    ("report", "partition", "said"),
    [("modl/2026-07-01/day/main", DAYS[0], ID), (ID, "2026-07-09", DAYS[0]), (ID, "*", DAYS[0]), ("no id", "", "id")],
)
def test_what_is_not_there_is_bad_input(
    call: Call, kept: Path, options: dict[str, str], report: str, partition: str, said: str
) -> None:
    before = files(kept)
    words = ["states", "erase", report, options["store"], options["states"], "--partition", partition, "--yes"]
    code, _, err = call(*words)
    assert code == 2
    assert said in err
    assert files(kept) == before


def test_a_report_of_other_versions_can_be_erased_too(
    call: Call, kept: Path, options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be replayed here, but what was made of people's data must go all the same."""
    monkeypatch.setattr("retroaudit.identity.versions", lambda: {"measures": {}, "checks": {}})
    assert call("replay", ID, options["store"], options["states"])[0] == 2
    assert printed(call, "states", "erase", ID, options["store"], options["states"], "--yes")["objects"]
    assert kept


SAID = ("--by=D. Protection", "--reason=request 815")


def test_with_a_key_the_ledger_declares_it(call: Call, kept: Path, options: dict[str, str], filled: World) -> None:
    words = ["states", "erase", ID, options["store"], options["states"], f"--key={filled.root}/keys/signing.pem"]
    before = filled.kinds()
    code, out, _ = call(*words)  # a dry run needs no reason, and declares nothing
    assert (code, filled.kinds()) == (0, before)
    assert "With --yes, the ledger declares it" in out
    code, _, err = call(*words, "--yes")
    assert (code, filled.kinds()) == (2, before)
    assert "--by" in err
    assert "--reason" in err
    assert any("merged-" in key for key in files(kept))  # nothing went
    (key,) = printed(call, *words, *SAID, "--yes")["declared"]
    assert filled.kinds() == [*before, "erasure"]
    (entry,) = logged(filled.store, "erasure")
    body = entry.recorded.entry.body.model_dump()
    assert (entry.key, body["scope"], body["rows"]) == (key, "states", None)
    assert body["partitions"] == ["reference/reference", f"window/{DAYS[0]}"]
    assert (body["by"], body["reason"]) == ("D. Protection", "request 815")
    assert filled.verify().problems == ()
    assert filled.audit(LABELLED, DAYS[0], now=datetime.now(UTC)).created is False
    assert filled.verify().problems == ()


def test_a_key_of_another_log_erases_nothing(call: Call, kept: Path, options: dict[str, str], tmp_path: Path) -> None:
    other, before = write_keys(tmp_path / "other").signing, files(kept)
    words = ["states", "erase", ID, options["store"], options["states"], f"--key={other}", *SAID, "--yes"]
    assert call(*words)[0] == 2
    assert files(kept) == before


@pytest.mark.parametrize("more", [SAID[:1], SAID[1:], SAID])
def test_who_and_why_without_a_key_erase_nothing(
    call: Call, kept: Path, options: dict[str, str], more: tuple[str, ...]
) -> None:
    before = files(kept)
    code, _, err = call("states", "erase", ID, options["store"], options["states"], *more, "--yes")
    assert code == 2
    assert "--key" in err
    assert files(kept) == before
