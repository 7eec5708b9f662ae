"""The command line as people and programs meet it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from retroaudit import __version__, cli
from tests.e2e.test_replay import LABELLED, fill
from tests.world import World, decisions

COMMANDS = ("init", "check", "run", "backfill", "list", "show", "diff", "export", "verify", "replay", "keygen", "demo")
GROUPS = {
    "states": ("show", "prune", "erase"),
    "review": ("sample", "show", "erase"),
    "ledger": ("log", "due", "heartbeat", "decide", "approve", "erasure", "void", "hold", "anchor"),
    "keys": ("show", "rotate"),
    "store": ("init", "check", "relock"),
}
OF_GROUPS = tuple(f"{group} {command}" for group, commands in GROUPS.items() for command in commands)
DAY = "2026-07-01"
ID = f"model/{DAY}/day/main"
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["retroaudit", *map(str, words)])
        code: Any = 0
        try:
            cli.main()
        except SystemExit as stopped:
            code = stopped.code
        return (int(code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def store(world: World) -> list[str]:
    """A store with two revisions of one day: `--store URL`."""
    fill(world)
    world.audit(LABELLED, DAY)
    world.audit(LABELLED, DAY, as_of="2026-07-05")
    return ["--store", (world.root / "store").as_uri()]


def test_help_names_every_command(call: Call) -> None:
    code, out, _ = call("--help")
    assert code == 0
    for command in (*COMMANDS, *GROUPS):
        assert command in out


@pytest.mark.parametrize("command", [*COMMANDS, *OF_GROUPS])
def test_each_command_has_help_with_an_example(call: Call, command: str) -> None:
    code, out, _ = call(*command.split(), "--help")
    assert code == 0
    assert re.search(f"Examples?: retroaudit {command}", re.sub(r"\s+", " ", out))
    assert "--json" in out


def test_version(call: Call) -> None:
    assert call("--version")[1].strip() == f"retroaudit {__version__}"


def test_completion_is_there_for_shells(call: Call) -> None:
    assert "--install-completion" in call("--help")[1]


@pytest.mark.parametrize("words", [["nonsense"], ["run"], ["list", "--nonsense"], ["demo", "--days", "0"]])
def test_wrong_words_are_bad_input(call: Call, words: list[str]) -> None:
    assert call(*words)[0] == 2


def test_run_json_is_the_contract(call: Call, world: World, store: list[str]) -> None:
    """DESIGN: `run --json` prints report, verdict, findings, manifest; `show` and `verify` accept the id."""
    spec, key = world.root / "spec.yaml", world.root / "keys" / "signing.pem"
    code, out, _ = call(
        "run", spec, "--archive", world.archive.as_uri(), *store, "--window", DAY, "--key", key, "--json"
    )
    printed = json.loads(out)
    assert {"report", "verdict", "findings", "manifest"} <= set(printed)
    assert code == (1 if printed["verdict"] == "failed" else 0)
    assert json.loads(call("show", printed["report"], *store, "--json")[1])["audit"]["id"] == printed["report"]
    verified = json.loads(
        call("verify", printed["report"], *store, "--key", world.root / "keys" / "public.pem", "--json")[1]
    )
    assert verified["intact"] is True


def test_list(call: Call, store: list[str]) -> None:
    code, out, _ = call("list", *store)
    assert code == 0
    assert f"{ID}/1" in out
    assert f"{ID}/2" in out
    assert [row["report"] for row in json.loads(call("list", *store, "--json")[1])] == [f"{ID}/1", f"{ID}/2"]
    assert json.loads(call("list", *store, "--model", "other", "--json")[1]) == []


def test_show(call: Call, store: list[str], tmp_path: Path) -> None:
    assert f"{ID}/2" in call("show", ID, *store)[1]  # without a revision: the newest
    page = tmp_path / "page.html"
    assert call("show", f"{ID}/1", *store, "--html", page)[0] == 0
    assert page.read_text().startswith("<!doctype html>")
    code, _, err = call("show", f"{ID}/1", *store, "--html", page)
    assert code == 2
    assert "overwritten" in err


def test_show_json_prints_the_sealed_bytes(call: Call, world: World, store: list[str]) -> None:
    assert call("show", f"{ID}/1", *store, "--json")[1].encode() == world.file(f"{ID}/1", "report.json")


def test_a_report_that_is_not_there_names_the_nearest(call: Call, store: list[str]) -> None:
    code, _, err = call("show", "modl/2026-07-01/day/main", *store)
    assert code == 2
    assert ID in err


def test_diff(call: Call, store: list[str]) -> None:
    """The second revision knows no labels: its label rate fell from 1 to 0."""
    changes = json.loads(call("diff", f"{ID}/1", f"{ID}/2", *store, "--json")[1])
    (rate,) = (row for row in changes["metrics"] if row["metric"] == "label_rate")
    assert (rate["before"], rate["after"]) == (1.0, 0.0)
    assert json.loads(call("diff", f"{ID}/1", f"{ID}/1", *store, "--json")[1])["metrics"] == []
    assert "label_rate" in call("diff", f"{ID}/1", f"{ID}/2", *store)[1]


def test_verify_says_what_broke_and_exits_3(call: Call, world: World, store: list[str]) -> None:
    key = world.root / "keys" / "public.pem"
    code, out, _ = call("verify", *store, "--key", key)
    assert (code, "intact" in out) == (0, True)
    blob = next(path for path in (world.root / "store" / "blobs").rglob("*") if path.is_file())
    blob.chmod(0o644)
    blob.write_bytes(b"other")
    code, out, _ = call("verify", *store, "--key", key)
    assert code == 3
    assert blob.name[:16] in out


def test_verify_with_another_key_fails(call: Call, store: list[str], tmp_path: Path) -> None:
    assert call("keygen", "--out", tmp_path / "other")[0] == 0
    code, out, _ = call("verify", *store, "--key", tmp_path / "other" / "public.pem", "--json")
    assert code == 3
    assert json.loads(out)["problems"]


def test_keygen_overwrites_nothing(call: Call, tmp_path: Path) -> None:
    assert call("keygen", "--out", tmp_path)[0] == 0
    before = (tmp_path / "signing.pem").read_bytes()
    assert call("keygen", "--out", tmp_path)[0] == 2
    assert (tmp_path / "signing.pem").read_bytes() == before
    assert (tmp_path / "signing.pem").stat().st_mode & 0o077 == 0


def test_check_tells_what_fits(call: Call, world: World, store: list[str]) -> None:
    assert store
    code, out, _ = call("check", world.root / "spec.yaml", "--archive", world.archive.as_uri())
    assert code == 0
    assert DAY in out
    found = json.loads(call("check", world.root / "spec.yaml", "--archive", world.archive.as_uri(), "--json")[1])
    assert found["features"] == {"amount": "numeric", "channel": "categorical"}
    assert (found["rows"], found["rows_counted"], found["missing_days"]) == (4000, 4000, [])
    assert [warning.split(" ")[0] for warning in found["warnings"]] == ["fairness.reference_group", "logs.control"]


def test_check_warns_of_what_an_audit_would_not_say(call: Call, world: World) -> None:
    frame = decisions().with_columns(pl.lit("yes").alias("prediction"))
    world.put(f"logs/date={DAY}/part-0.parquet", frame)
    columns = {"time": "time", "prediction": "prediction"}
    spec = world.spec({"logs": {"path": "logs/date={date}/*.parquet"}, "columns": columns})
    code, out, _ = call("check", spec, "--archive", world.archive.as_uri())
    assert code == 0
    assert "4000 of 4000 rows would be excluded as prediction_invalid" in out
    assert "columns.positive" in out
    assert "nothing about the model would be checked" in out


def test_check_of_a_window_that_is_not_there(call: Call, world: World, store: list[str]) -> None:
    assert store
    words = ["check", world.root / "spec.yaml", "--archive", world.archive.as_uri(), "--window", "2026-06-01"]
    code, _, err = call(*words)
    assert code == 2
    assert DAY in err


@pytest.mark.parametrize(("window", "word"), [("2126-07-01", "has ended"), ("2026-07-01", "of its own")])
def test_a_window_to_come_and_a_store_in_the_archive_are_refused(
    call: Call, world: World, store: list[str], window: str, word: str
) -> None:
    assert store
    archive, key = world.archive.as_uri(), world.root / "keys" / "signing.pem"
    nested = [] if word == "has ended" else ["--store", f"{archive}/store"]
    words = [
        "run",
        world.root / "spec.yaml",
        "--archive",
        archive,
        *(nested or store),
        "--window",
        window,
        "--key",
        key,
    ]
    code, _, err = call(*words)
    assert code == 2
    assert word in err
    assert not (world.archive / "store").exists()


def test_an_as_of_before_the_windows_end_is_refused(call: Call, world: World, store: list[str]) -> None:
    key = world.root / "keys" / "signing.pem"
    words = [
        "run",
        world.root / "spec.yaml",
        "--archive",
        world.archive.as_uri(),
        *store,
        "--window",
        DAY,
        "--key",
        key,
    ]
    code, _, err = call(*words, "--as-of", "2026-06-01")
    assert code == 2
    assert "2026-07-02" in err


def test_check_tells_every_fault_at_once(call: Call, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text("model: Bad Name\nownr: x\nlogs: {path: /abs}\ncolumns: {tme: t}\n")
    code, _, err = call("check", tmp_path / "spec.yaml", "--archive", tmp_path.as_uri())
    assert code == 2
    for word in ("spec.yaml:1", "spec.yaml:2", "owner", "spec.yaml:3", "spec.yaml:4", "time"):
        assert word in err


def test_no_colour_where_nobody_sees_it(call: Call, store: list[str]) -> None:
    assert "\x1b" not in call("list", *store)[1] + call("show", ID, *store)[1]


def test_a_demo_needs_an_empty_place(call: Call, tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    code, _, err = call("demo", "--out", tmp_path)
    assert code == 2
    assert "empty directory" in err


def test_check_of_a_pattern_that_matches_nothing_names_what_is_there(call: Call, world: World) -> None:
    """Not that some window lies outside `valid`: there is no day to take."""
    world.put("log/date=2026-07-01/part-0.parquet", decisions())
    document = {**LABELLED, "valid": {"from": "2026-01-01"}}
    del document["labels"], document["reference"]
    code, _, err = call("check", world.spec(document), "--archive", world.archive.as_uri())
    assert code == 2
    assert "log/date=2026-07-01/part-0.parquet" in err
