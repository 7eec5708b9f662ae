"""Stored reports in Evidently: `show --evidently` and `export`. The slow test asks Evidently itself."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from retroaudit.report.evidently import beside as besides
from tests.test_cli import Call
from tests.test_measuring import DAYS, LABELLED
from tests.world import World

ID = f"model/{DAYS[0]}/day/main"


class Stand:
    """What stands in for Evidently's process: its answers are its questions."""

    def snapshot(self, document: Mapping[str, Any]) -> bytes:
        return f"made of {document['audit']['id']}".encode()

    def page(self, snapshot: bytes) -> str:
        return f"a page of what was {snapshot.decode()}"

    def add(self, snapshot: bytes, workspace: Path, project: str) -> str:
        run = hashlib.sha256(snapshot).hexdigest()
        path = workspace / project / "snapshots" / f"{run}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(snapshot)
        return run


@contextmanager
def stand() -> Iterator[Stand]:
    yield Stand()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("commands.exports", "commands.reports", "report.write"):
        monkeypatch.setattr(f"retroaudit.{module}.beside", stand)


@pytest.fixture
def store(filled: World, options: dict[str, str]) -> str:
    """Two revisions of a day, and another day of another model."""
    filled.audit(LABELLED, DAYS[0], as_of="2026-07-05")
    filled.audit(LABELLED, DAYS[0], as_of="2026-07-20")
    filled.audit({**LABELLED, "model": "other"}, DAYS[1])
    return options["store"]


def listed(call: Call, *words: object) -> list[tuple[str, bool]]:
    code, out, _ = call(*words, "--json")
    assert code == 0
    return [(each["report"], each["added"]) for each in json.loads(out)]


@pytest.mark.usefixtures("quick")
def test_a_page_is_made_of_the_stored_report(call: Call, store: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    code, out, _ = call("show", f"{ID}/1", store, "--evidently", page)
    assert (code, out) == (0, f"wrote {page}\n")
    assert page.read_text() == f"a page of what was made of {ID}/1"
    code, _, err = call("show", f"{ID}/1", store, "--evidently", page)
    assert code == 2
    assert "overwritten" in err


@pytest.mark.usefixtures("quick")
def test_a_stored_snapshot_is_taken_as_it_is(
    call: Call, filled: World, options: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Stand, "snapshot", lambda *_: b"stored")
    filled.audit({**LABELLED, "drift": {"evidently": True}}, DAYS[0])
    monkeypatch.setattr(Stand, "snapshot", lambda *_: b"made anew")
    assert call("show", ID, options["store"], "--evidently", tmp_path / "page.html")[0] == 0
    assert (tmp_path / "page.html").read_text() == "a page of what was stored"


@pytest.mark.usefixtures("quick")
def test_both_pages_at_once(call: Call, store: str, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.html", tmp_path / "theirs.html"
    code, out, _ = call("show", ID, store, "--html", ours, "--evidently", theirs, "--json")
    assert code == 0
    assert json.loads(out) == {"wrote": [str(ours), str(theirs)]}
    assert ours.read_text().startswith("<!doctype html>")
    assert theirs.exists()


@pytest.mark.usefixtures("quick")
def test_the_newest_of_each_report_is_exported_once(call: Call, store: str, tmp_path: Path) -> None:
    words = ["export", store, "--evidently-workspace", tmp_path / "ws"]
    expected = [f"{ID}/2", f"other/{DAYS[1]}/day/main/1"]
    assert listed(call, *words) == [(name, True) for name in expected]
    assert listed(call, *words) == [(name, False) for name in expected]
    assert {path.parts[-3] for path in (tmp_path / "ws").rglob("*.json")} == {"model", "other"}
    _, out, _ = call(*words)
    assert out.count("is there already") == 2
    assert f"evidently ui --workspace {tmp_path / 'ws'}" in out


@pytest.mark.usefixtures("quick")
def test_reports_may_be_named_and_models_chosen(call: Call, store: str, tmp_path: Path) -> None:
    words = [store, "--evidently-workspace", tmp_path / "ws"]
    assert listed(call, "export", f"{ID}/1", ID, ID, *words) == [
        (f"{ID}/1", True),
        (f"{ID}/2", True),
        (f"{ID}/2", False),
    ]
    assert listed(call, "export", *words, "--model", "other") == [(f"other/{DAYS[1]}/day/main/1", True)]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["modl/2026-07-01/day/main"], ID),
        (["--model", "nobody"], "no report of nobody"),
        ([ID, "--model", "x"], "not both"),
    ],
)
def test_what_is_not_there_is_bad_input(call: Call, store: str, tmp_path: Path, more: list[str], said: str) -> None:
    code, _, err = call("export", store, "--evidently-workspace", tmp_path / "ws", *more)
    assert code == 2
    assert said in err
    assert not (tmp_path / "ws").exists()


def test_a_workspace_that_is_a_file_is_bad_input(call: Call, store: str, tmp_path: Path) -> None:
    (tmp_path / "ws").write_text("mine")
    code, _, err = call("export", store, "--evidently-workspace", tmp_path / "ws")
    assert code == 2
    assert "a directory" in err
    assert (tmp_path / "ws").read_text() == "mine"


def test_without_evidently_it_says_how_to_have_it(
    call: Call, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = f"import sys; sys.modules['evidently'] = None; from {besides.__name__} import main; main()"
    monkeypatch.setattr(besides, "_COMMAND", (sys.executable, "-P", "-c", program))
    code, _, err = call("show", ID, store, "--evidently", tmp_path / "page.html")
    assert code == 2
    assert "pip install 'retroaudit[evidently]'" in err
    assert not (tmp_path / "page.html").exists()


@pytest.mark.slow
def test_evidently_itself(call: Call, store: str, tmp_path: Path) -> None:
    assert call("show", ID, store, "--evidently", tmp_path / "page.html")[0] == 0
    page = (tmp_path / "page.html").read_text()
    assert "Wasserstein distance (normed)" in page
    assert "amount" in page
    words = ["export", ID, store, "--evidently-workspace", tmp_path / "ws"]
    assert listed(call, *words) == [(f"{ID}/2", True)]
    assert listed(call, *words) == [(f"{ID}/2", False)]
