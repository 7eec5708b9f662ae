"""`run --explain`: what would be read, before it is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from retroaudit import telling
from retroaudit.ledger.signing import write_keys
from tests.test_cli import Call
from tests.test_measuring import DAYS, LABELLED, WEEK
from tests.world import World


@pytest.fixture
def words(filled: World, options: dict[str, str]) -> list[str]:
    (filled.root / "spool").mkdir()
    return ["run", str(filled.spec(LABELLED)), *options.values(), "--window", WEEK]


def explained(call: Call, words: list[str]) -> dict[str, Any]:
    code, out, _ = call(*words, "--explain", "--json")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def run(call: Call, world: World, words: list[str]) -> dict[str, Any]:
    keys = world.root / "keys"
    signing = keys / "signing.pem" if keys.exists() else write_keys(keys).signing
    found: dict[str, Any] = json.loads(call(*words, "--key", signing, "--json")[1])
    return found


def test_it_needs_no_key_and_seals_nothing(call: Call, words: list[str], filled: World) -> None:
    assert explained(call, words)["partitions"] == len(DAYS) + 1
    assert not (filled.root / "store").exists()
    assert not (filled.root / "spool" / "states" / "states").exists()


def test_what_it_says_is_what_the_run_reads(call: Call, words: list[str], filled: World) -> None:
    """From nothing; with every state; with one new column; with a day that was rewritten."""
    first = explained(call, words)
    assert [each["role"] for each in first["passes"]] == ["window", "reference"]
    assert first["passes"][0]["partitions"] == list(DAYS)
    assert first["states_there"] == 0
    assert run(call, filled, words)["rows_read"] == first["rows"] == 3 * 4000 + 3000
    known = explained(call, words)
    assert (known["partitions_read"], known["rows"], known["bytes"], known["states_new"]) == (0, 0, 0, 0)
    assert known["states_there"] == first["states_new"]
    features = {**LABELLED["columns"]["features"], "extra": "numeric"}
    filled.spec({**LABELLED, "columns": {**LABELLED["columns"], "features": features}})
    wider = explained(call, words)
    assert {name for each in wider["passes"] for name in each["columns"]} == {"extra"}
    assert run(call, filled, words)["rows_read"] == wider["rows"] == first["rows"]
    day = filled.archive / f"logs/date={DAYS[1]}/part-0.parquet"
    pl.read_parquet(day).head(1000).write_parquet(day)
    rewritten = explained(call, words)
    assert [each["partitions"] for each in rewritten["passes"] if each["columns"]] == [[DAYS[1]]]
    assert run(call, filled, words)["rows_read"] == rewritten["rows"] == 1000


def test_the_plan_is_the_one_that_is_sealed(call: Call, words: list[str], filled: World) -> None:
    plan = explained(call, words)["plan"]
    assert filled.report(run(call, filled, words)["report"])["audit"]["plan"] == plan


def test_people_get_a_table(call: Call, words: list[str]) -> None:
    code, out, _ = call(*words, "--explain")
    assert code == 0
    assert f"{DAYS[0]} … {DAYS[-1]} (3)" in out
    assert "4 of 4 partitions would be read" in out
    assert "more + what lies beside" in out  # columns in few words
    assert "nothing was measured or sealed" in out


def test_hostile_names_are_shown_and_never_obeyed(call: Call, words: list[str], filled: World) -> None:
    name = "*\x1b[31m[bold]^a$"
    for path in filled.archive.glob("logs/*/*.parquet"):
        pl.read_parquet(path).with_columns(pl.col("extra").alias(name)).write_parquet(path)
    columns = {**LABELLED["columns"], "features": {name: "numeric"}}
    filled.spec({**LABELLED, "columns": columns})
    assert name in explained(call, words)["passes"][0]["columns"]
    out = call(*words, "--explain")[1]
    assert "\x1b" not in out
    assert "*\\x1b[31m[bold]^a$" in out


def test_what_a_remote_archive_costs_is_told(call: Call, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(call, words)
    telling.explained(found)
    assert "requests" not in capsys.readouterr().out  # a local archive answers none
    found["passes"][0] |= {"fetched": 7_000_000, "requests": 6}
    telling.explained({**found, "fetched": 7_000_000, "requests": 6})
    head, window, _, total = capsys.readouterr().out.splitlines()[1:5]
    assert "requests" in head
    for line in (window, total):
        assert re.search(r" 7.0 MB +6 ", line)


def test_without_states_all_would_be_measured_anew(call: Call, words: list[str], filled: World) -> None:
    run(call, filled, words)
    bare = [word for word in words if not word.startswith("--states")]
    assert explained(call, bare)["states"] is None
    assert explained(call, bare)["rows"] == 3 * 4000 + 3000
    assert "all would be measured anew" in call(*bare, "--explain")[1]
    assert "all would be measured anew" not in call(*words, "--explain")[1]


def test_a_partition_that_cannot_be_read_costs_no_rows(call: Call, words: list[str], filled: World) -> None:
    (filled.archive / f"logs/date={DAYS[2]}/part-0.parquet").write_bytes(b"PAR1 no Parquet PAR1")
    assert explained(call, words)["passes"][0]["rows"] == 2 * 4000


def test_limits_refuse(call: Call, words: list[str], filled: World) -> None:
    filled.spec({**LABELLED, "limits": {"bytes": 10}})
    code, _, err = call(*words, "--explain")
    assert code == 2
    assert "limits.bytes" in err


@pytest.mark.parametrize(("window", "said"), [("2126-07-01", "has ended"), ("2026-13", "2026-13")])
def test_wrong_windows_are_bad_input(call: Call, words: list[str], window: str, said: str, tmp_path: Path) -> None:
    code, _, err = call(*words[:-1], window, "--explain")
    assert code == 2
    assert said in err
    assert not (tmp_path / "store").exists()
