from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from retroaudit.commands import anchoring
from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger import anchors, commits, entries, keyring, timestamps
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.kinds import Heartbeat
from retroaudit.ledger.recording import record, rotate
from retroaudit.ledger.signing import Signer, generate, signer_from_pem
from retroaudit.ledger.statement import instant
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.s3 import S3Storage
from tests.ledger.conftest import NOON
from tests.ledger.test_timestamps import Authority, Serve, authority, certify, elliptic, serve

__all__ = ["authority", "serve"]
SIGNER = signer_from_pem(generate().signing, "key")
Run = Callable[..., str]
APP = typer.Typer(pretty_exceptions_enable=False)
APP.add_typer(anchoring.commands, name="ledger")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl: the tests' TSA is one")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    def call(*words: object, key: Signer = SIGNER) -> str:
        public = tmp_path / f"{key.public.keyid}.pem"
        public.write_bytes(key.public.pem)
        APP(args=["ledger", "anchor", "--key", str(public), *map(str, words)], standalone_mode=False)
        return capsys.readouterr().out

    return call


def beat(storage: LocalStorage, minute: int) -> None:
    at = instant(NOON.replace(minute=minute), "at")
    record(storage, [Entry(Heartbeat(at=at, next=at))], {}, SIGNER, datetime.now(UTC))


def log(folder: Path, *minutes: int) -> LocalStorage:
    folder.mkdir()
    storage = LocalStorage(folder.resolve())
    for minute in minutes:
        beat(storage, minute)
    return storage


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return log(tmp_path / "store", 0, 1)


def test_a_checkpoint_in_a_second_place(run: Run, storage: LocalStorage, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    body = commits.read(storage, 2).body
    found = json.loads(run("--store", storage.url, "--to", place.as_uri(), "--json"))
    assert (found["commit"], found["size"], found["origin"]) == (2, 3, body.origin)  # the key and two heartbeats
    assert found["timestamp"] is None
    assert (place / found["copy"]["key"]).read_text() == body.note
    beat(storage, 2)
    out = run("--store", storage.url, "--to", place.as_uri())
    assert "4 leaves" in out
    assert "as of commit 3" in out
    notes = anchors.published(LocalStorage(place.resolve()), body.origin)
    assert [each.checkpoint.size for each in notes] == [3, 4]
    assert all(each.signed_by(SIGNER.public) for each in notes)


def test_a_checkpoint_in_a_second_bucket(run: Run, storage: LocalStorage, s3: S3Storage) -> None:
    found = json.loads(run("--store", storage.url, "--to", s3.url, "--json"))
    assert found["copy"]["place"] == s3.url
    assert s3.read(found["copy"]["key"]).decode() == commits.read(storage, 2).body.note


def test_anchoring_twice_is_anchoring_once(run: Run, storage: LocalStorage, tmp_path: Path) -> None:
    words = ("--store", storage.url, "--to", (tmp_path / "elsewhere").as_uri(), "--json")
    assert run(*words) == run(*words)


def test_a_log_that_was_rewritten_is_a_fork(run: Run, storage: LocalStorage, tmp_path: Path) -> None:
    place = (tmp_path / "elsewhere").as_uri()
    run("--store", storage.url, "--to", place)
    other = log(tmp_path / "other", 0, 9)  # the same key, the same size, another history
    with pytest.raises(IntegrityBroken, match="two histories"):
        run("--store", other.url, "--to", place)


def test_a_head_that_no_key_of_the_log_signed(run: Run, storage: LocalStorage, tmp_path: Path) -> None:
    forger = signer_from_pem(generate().signing, "key")
    before = commits.read(storage, 2)
    data = commits.follow(before, before.body.leaves, forger, NOON)
    storage.put_if_absent(commit_key(3), data)
    with pytest.raises(IntegrityBroken, match="its key did not sign"):
        run("--store", storage.url, "--to", (tmp_path / "elsewhere").as_uri())
    assert not (tmp_path / "elsewhere").exists()


def test_a_strangers_commit_is_not_published(run: Run, storage: LocalStorage, tmp_path: Path) -> None:
    """Whoever may write puts a key entry of their own into the store, and a commit at the log's end."""
    stranger = signer_from_pem(generate().signing, "key")
    entry = keyring.first(stranger)
    storage.put_if_absent(entry.key, entries.sign(Recorded(entry, NOON, 0), stranger))
    data = commits.follow(commits.read(storage, 2), [Leaf("entries/v1/kind=x/y", "0" * 64)], stranger, NOON)
    storage.put_if_absent(commit_key(3), data)
    with pytest.raises(IntegrityBroken, match=f"signed by key {stranger.public.keyid}.*key {SIGNER.public.keyid}"):
        run("--store", storage.url, "--to", (tmp_path / "elsewhere").as_uri())
    assert not (tmp_path / "elsewhere").exists()


def test_the_key_of_the_log_or_one_before_it_publishes(run: Run, storage: LocalStorage, tmp_path: Path) -> None:
    new, stranger = (signer_from_pem(generate().signing, "key") for _ in range(2))
    words = ("--store", storage.url, "--to", (tmp_path / "elsewhere").as_uri(), "--json")
    rotate(storage, SIGNER, new, "A", "B", None, datetime.now(UTC))
    for key in (SIGNER, new):
        assert json.loads(run(*words, key=key))["size"] == 4
    with pytest.raises(IntegrityBroken, match="signed by key"):
        run(*words, key=stranger)
    at = instant(NOON, "at")
    record(storage, [Entry(Heartbeat(at=at, next=instant(NOON.replace(day=9), "at")))], {}, new, datetime.now(UTC))
    for key in (SIGNER, new):
        assert json.loads(run(*words, key=key))["size"] == 5
    data = commits.follow(commits.read(storage, 4), [Leaf("entries/v1/kind=x/y", "0" * 64)], SIGNER, NOON)
    storage.put_if_absent(commit_key(5), data)  # of the key that was retired
    for key in (SIGNER, new):
        with pytest.raises(IntegrityBroken, match=f"signed by key {SIGNER.public.keyid}"):
            run(*words, key=key)


def test_without_a_key_nothing_is_published(storage: LocalStorage, tmp_path: Path) -> None:
    result = CliRunner().invoke(APP, ["ledger", "anchor", "--store", storage.url, "--to", tmp_path.as_uri()])
    assert result.exit_code == 2
    assert "--key" in result.output
    assert not (tmp_path / "checkpoints").exists()


@needs_openssl
def test_a_time_stamp(run: Run, storage: LocalStorage, authority: Authority, serve: Serve, tmp_path: Path) -> None:
    asked: list[bytes] = []

    def answer(query: bytes) -> tuple[int, bytes]:
        asked.append(query)
        return 200, authority.answer(query)

    roots = authority.folder / "roots.pem"
    words = ("--store", storage.url, "--tsa", serve(answer), "--json")
    found = json.loads(run(*words))["timestamp"]
    assert (found["key"], found["created"], found["signature_checked"]) == ("log/anchors/000000000003.tsr", True, False)
    token, note = storage.read(found["key"]), commits.read(storage, 2).body.note
    assert authority.believes(token, note)
    again = json.loads(run(*words, "--tsa-roots", roots))["timestamp"]
    assert again == {**found, "created": False, "signature_checked": True}
    elsewhere = LocalStorage((tmp_path / "elsewhere").resolve())
    run(*words, "--to", elsewhere.url)  # who sets the store back takes its tokens along: a copy stays
    body = commits.read(storage, 2).body
    assert elsewhere.read(timestamps.key(body.origin, body.size)) == token
    assert len(asked) == 1
    assert "signature checked" in run("--store", storage.url, "--tsa", "http://127.0.0.1:1/", "--tsa-roots", roots)


@needs_openssl
def test_a_time_stamp_that_nobody_vouches_for_is_not_kept(
    run: Run, storage: LocalStorage, authority: Authority, serve: Serve, tmp_path: Path
) -> None:
    root = certify("root", None, elliptic())
    other = Authority.found(tmp_path / "other", certify("tsa", root, elliptic(), stamps=True), (root,))
    url = serve(lambda query: (200, authority.answer(query)))
    with pytest.raises(BadInput, match=r"no trusted authority|nobody in the chain"):
        run("--store", storage.url, "--tsa", url, "--tsa-roots", other.folder / "roots.pem")
    assert list(storage.list("log/anchors/")) == []
    run("--store", storage.url, "--tsa", url)
    with pytest.raises(IntegrityBroken, match=r"log/anchors/000000000003\.tsr"):
        run("--store", storage.url, "--tsa", url, "--tsa-roots", other.folder / "roots.pem")


def test_an_authority_out_of_reach_anchors_nothing(run: Run, storage: LocalStorage, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    with pytest.raises(BadInput):
        run("--store", storage.url, "--tsa", "http://127.0.0.1:1/", "--to", place.as_uri())
    assert list(storage.list("log/anchors/")) == []


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ([], "nowhere to anchor"),
        (["--to", "{store}"], "a place of its own"),
        (["--to", "{store}/log"], "a place of its own"),
        (["--to", "http://elsewhere"], "URL"),
        (["--to", "file:///tmp/x", "--tsa-roots", "x.pem"], "--tsa"),
        (["--tsa", "http://127.0.0.1:1/", "--tsa-roots", "nothing.pem"], "No such file"),
        (["--tsa", "file:///etc/passwd"], "another kind of address"),
    ],
)
def test_what_it_refuses(run: Run, storage: LocalStorage, words: list[str], word: str) -> None:
    with pytest.raises(BadInput, match=word):
        run("--store", storage.url, *(each.format(store=storage.url) for each in words))


def test_an_empty_log(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="an empty log"):
        run("--store", (tmp_path / "empty").as_uri(), "--to", (tmp_path / "elsewhere").as_uri())
