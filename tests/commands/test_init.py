"""`init` as people and programs meet it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import polars as pl
import pytest

from tests.proposing.world import DAYS, LOGS, decisions, put
from tests.test_cli import Call

pytestmark = pytest.mark.slow


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    url = put(tmp_path / "archive", {day: decisions(8, day, 300) for day in DAYS})
    return ["init", "--archive", url, "--logs", LOGS, "--out", str(tmp_path / "out")]


def test_it_writes_both_and_names_the_next_command_which_works(call: Call, words: list[str], tmp_path: Path) -> None:
    code, out, _ = call(*words, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["spec"] == str(tmp_path / "out" / "loans.yaml")
    assert found["suite"] == str(tmp_path / "out" / "expectations" / "loans.json")
    assert found["rows"] == 3 * 300
    assert found["roles"]["id"]["column"] == "request_id"
    assert found["expectations"] == len(json.loads(Path(found["suite"]).read_text())["expectations"])
    _, *following = shlex.split(found["next"])
    assert following[0] == "check"
    assert call(*following)[0] == 0


def test_people_are_told_what_why_and_what_is_left(call: Call, words: list[str]) -> None:
    code, out, _ = call(*words)
    assert code == 0
    assert "loans: from 900 rows of 2026-07-01_2026-07-04 in 3 partition(s)" in out
    assert "no value occurs twice, and its name is that of an id" in out
    assert "? owner:" in out
    assert "? labels:" in out
    assert "next   retroaudit check" in out


def test_nothing_is_overwritten_nor_measured_in_vain(call: Call, words: list[str], tmp_path: Path) -> None:
    assert call(*words)[0] == 0
    spec = tmp_path / "out" / "loans.yaml"
    spec.write_text("mine")
    words[2] = "file:///nowhere"  # is not even opened
    code, _, err = call(*words)
    assert code == 2
    assert "Nothing is overwritten" in err
    assert spec.read_text() == "mine"
    assert call(*words, "--model", "other", "--json")[0] == 2


def test_hostile_names_are_shown_and_never_obeyed(call: Call, words: list[str], tmp_path: Path) -> None:
    for path in (tmp_path / "archive").glob("inference/loans/*/*.parquet"):
        pl.read_parquet(path).with_columns(pl.lit(None).alias("*\x1b[31m[bold]\n")).write_parquet(path)
    code, out, _ = call(*words)
    assert code == 0
    assert "\x1b" not in out
    assert "\x1b" not in (tmp_path / "out" / "loans.yaml").read_text()
    assert "[31m[bold]" in out


def test_a_folder_that_cannot_be_written_to(call: Call, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    code, _, err = call(*words)
    assert code == 2
    assert "--out" in err
