"""`retroaudit export REPORT --out PATH`: one report with all that proves it, from the test vectors' store."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from retroaudit.storage.s3 import S3Storage
from tests.ledger.test_bundle import ask
from tests.ledger.vectors import make
from tests.ledger.vectors.story import AWKWARD, moment
from tests.servers import AsRole
from tests.test_cli import Call

HERE = Path(make.__file__).resolve().parent
STORE = f"--store={(HERE / 'store').as_uri()}"
KEY = HERE / "keys" / "first.pem"
ID = f"{AWKWARD}/2026-06-30/day/main"


def test_a_folder_that_checks_itself(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, said, _ = call("export", ID, STORE, "--key", KEY, "--out", out)
    assert code == 0
    assert f"wrote {out}: {ID}/2, " in said
    assert f"python {out}/verify.py {out} --key public.pem" in said
    assert ask(out, KEY)[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_zip_unpacks_to_the_same_folder_and_is_the_same_each_time(call: Call, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        assert call("export", f"{ID}/1", STORE, "--key", KEY, "--out", tmp_path / folder / "report.zip")[0] == 0
    first, second = (tmp_path / folder / "report.zip" for folder in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()
    assert call("export", f"{ID}/1", STORE, "--key", KEY, "--out", tmp_path / "folder")[0] == 0
    with zipfile.ZipFile(first) as archive:
        archive.extractall(tmp_path)
    assert content(tmp_path / "report") == content(tmp_path / "folder")
    assert ask(tmp_path / "folder", KEY, tmp_path / "report")[0] == 0


def test_json_names_every_file(call: Call, tmp_path: Path) -> None:
    code, said, _ = call("export", ID, STORE, "--key", KEY, "--out", tmp_path / "out", "--json")
    told, there = json.loads(said), content(tmp_path / "out")
    assert code == 0
    assert (told["report"], told["wrote"]) == (f"{ID}/2", str(tmp_path / "out"))
    assert told["files"] == {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in there.items()
    }
    assert told["bytes"] == sum(map(len, there.values()))
    values = json.loads((HERE / "vectors.json").read_text())
    root = base64.b64encode(bytes.fromhex(values["roots"][-1])).decode()
    assert told["checkpoint"] == {"origin": values["origin"], "size": len(values["leaves"]), "root": root}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([ID], "neither"),
        ([ID, "--key", KEY, "--out", "new", "--evidently-workspace", "ws"], "both"),
        (["--key", KEY, "--out", "new"], "0 reports"),
        ([ID, f"{ID}/1", "--key", KEY, "--out", "new"], "2 reports"),
        ([ID, "--model", "x", "--key", KEY, "--out", "new"], "1 reports and --model"),
        ([ID, "--out", "new"], "no public key"),
        ([ID, "--key", KEY, "--out", "there"], "nothing is overwritten"),
        ([ID, "--key", KEY, "--out", "no/new"], "no folder to put it into"),
        ([f"{ID}/3", "--key", KEY, "--out", "new"], "no such report"),
        ([ID, "--key", HERE / "keys" / "first.test-signing.pem", "--out", "new"], "a private key"),
        ([ID, "--key", KEY, "--evidently-workspace", "ws"], "--key with --out alone"),
    ],
)
def test_words_that_do_not_go_together(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[object], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("mine")
    code, _, err = call("export", STORE, *words)
    assert code == 2
    assert said in err
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_what_is_broken_is_not_handed_on(call: Call, tmp_path: Path) -> None:
    store = tmp_path / "store"
    for name, data in content(HERE / "store").items():
        path = store / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.replace(b"7 rows", b"8 rows"))  # report.html of the second revision
    code, _, err = call("export", ID, f"--store={store.as_uri()}", "--key", KEY, "--out", tmp_path / "out")
    assert code == 3
    assert "report.html" in err
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    assert call("export", f"{ID}/1", f"--store={store.as_uri()}", "--key", KEY, "--out", tmp_path / "out")[0] == 0


@pytest.mark.server
@pytest.mark.xdist_group("server")
def test_an_auditor_who_may_only_read_exports_from_s3(
    call: Call, tmp_path: Path, lock_store: S3Storage, as_role: AsRole
) -> None:
    lock_store.put_all(content(HERE / "store"), retain_until=moment(3660))  # its own `store` entry says ten years
    with as_role("auditor"):
        code, said, err = call(
            "export", ID, "--store", lock_store.url, "--key", KEY, "--out", tmp_path / "s3", "--json"
        )
    assert code == 0, err
    assert json.loads(said)["report"] == f"{ID}/2"
    assert ask(tmp_path / "s3", KEY)[0] == 0
    assert call("export", ID, STORE, "--key", KEY, "--out", tmp_path / "local")[0] == 0
    assert content(tmp_path / "s3") == content(tmp_path / "local")


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its relative path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
