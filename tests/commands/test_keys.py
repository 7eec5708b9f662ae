from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from retroaudit.commands import keys
from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger import commits, keyring
from retroaudit.ledger.coordinates import commit_key
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.entries import sign as sign_entry
from retroaudit.ledger.kinds import Heartbeat
from retroaudit.ledger.recording import record, rotate
from retroaudit.ledger.signers import PASSPHRASE, open_signer
from retroaudit.ledger.signing import KeyFiles, load_public, load_signer, write_keys
from retroaudit.ledger.statement import instant
from retroaudit.ledger.terms import terms
from retroaudit.storage.local import LocalStorage
from tests.ledger.conftest import NOON

LOCK = "correct horse battery"
Run = Callable[..., str]
APP = typer.Typer(pretty_exceptions_enable=False)
APP.add_typer(keys.commands)
APP.add_typer(keys.keys, name="keys")


@pytest.fixture(autouse=True)
def no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (PASSPHRASE, "RETROAUDIT_NEW_SIGNING_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """What the command prints; faults come through as they are raised."""

    def call(*words: object) -> str:
        APP(args=[str(word) for word in words], standalone_mode=False)
        return capsys.readouterr().out

    return call


@pytest.fixture
def made(tmp_path: Path) -> KeyFiles:
    return write_keys(tmp_path / "keys")


@pytest.fixture
def storage(tmp_path: Path, made: KeyFiles) -> LocalStorage:
    """A log of two commits."""
    folder = tmp_path / "store"
    folder.mkdir()
    storage = LocalStorage(folder.resolve())
    beat(storage, made, 0)
    beat(storage, made, 1)
    return storage


def beat(storage: LocalStorage, key: KeyFiles, minute: int) -> None:
    at = instant(NOON.replace(minute=minute), "at")
    record(storage, [Entry(Heartbeat(at=at, next=at))], {}, load_signer(key.signing), datetime.now(UTC))


def test_keygen(run: Run, tmp_path: Path) -> None:
    out = run("keygen", "--out", tmp_path)
    signing, public = tmp_path / "signing.pem", tmp_path / "public.pem"
    keyid = load_public(public).keyid
    assert out == (
        f"wrote {signing}: keep it secret, and out of the store\nwrote {public}: give it to auditors\nkey id {keyid}\n"
    )
    assert load_signer(signing).public.keyid == keyid
    assert stat.S_IMODE(signing.stat().st_mode) == 0o600
    with pytest.raises(BadInput, match="File exists"):
        run("keygen", "--out", tmp_path)


def test_keygen_for_programs(run: Run, tmp_path: Path) -> None:
    found = json.loads(run("keygen", "--out", tmp_path, "--json"))
    keyid = load_public(tmp_path / "public.pem").keyid
    assert found == {
        "keyid": keyid,
        "public": str(tmp_path / "public.pem"),
        "signing": str(tmp_path / "signing.pem"),
    }


def test_keygen_with_a_passphrase_of_the_environment(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE, LOCK)
    out = run("keygen", "--out", tmp_path, "--passphrase")
    assert LOCK not in out
    assert open_signer(tmp_path / "signing.pem").public == load_public(tmp_path / "public.pem")
    monkeypatch.delenv(PASSPHRASE)
    with pytest.raises(BadInput, match="locked by a passphrase"):
        open_signer(tmp_path / "signing.pem")


@pytest.mark.parametrize("text", ["", "eleven char", "x" * 1024, "ü" * 512])
def test_keygen_refuses_passphrases_that_lock_nothing(
    run: Run, tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE, text)
    with pytest.raises(BadInput, match="12 characters"):
        run("keygen", "--out", tmp_path / "keys", "--passphrase")
    assert not (tmp_path / "keys").exists()


def test_keygen_has_nobody_to_ask(run: Run, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"no terminal.*{PASSPHRASE}"):
        run("keygen", "--out", tmp_path / "keys", "--passphrase")
    assert not (tmp_path / "keys").exists()


@pytest.mark.slow
def test_keygen_asks_twice_on_a_terminal_and_shows_nothing(tmp_path: Path) -> None:
    terminal, end = pty.openpty()
    code = "from tests.commands.test_keys import APP; APP()"
    words = [sys.executable, "-c", code, "keygen", "--out", str(tmp_path), "--passphrase"]
    child = subprocess.Popen(words, stdin=end, stdout=end, stderr=end, start_new_session=True)
    os.close(end)
    shown = b""
    for word in (b"new key: ", b"confirmation: "):
        while word not in shown:
            shown += os.read(terminal, 1024)
        os.write(terminal, LOCK.encode() + b"\n")
    try:
        while more := os.read(terminal, 1024):
            shown += more
    except OSError:  # how Linux says that the other end was closed
        os.close(terminal)
    assert child.wait() == 0
    assert LOCK.encode() not in shown
    assert load_signer(tmp_path / "signing.pem", lambda: LOCK).public == load_public(tmp_path / "public.pem")


def test_keys_of_a_log_that_never_changed_its_key(run: Run, storage: LocalStorage, made: KeyFiles) -> None:
    found = json.loads(run("keys", "show", "--store", storage.url, "--json"))
    assert found == {
        "keys": [
            {
                "keyid": made.keyid,
                "algorithm": "ed25519",
                "from": 1,
                "to": None,
                "expires": None,
                "by": "",
                "reason": "the log's first key",
            }
        ]
    }


def test_a_log_goes_from_key_to_key(run: Run, storage: LocalStorage, made: KeyFiles, tmp_path: Path) -> None:
    second, third = write_keys(tmp_path / "second"), write_keys(tmp_path / "third")
    words = ("keys", "rotate", "--store", storage.url, "--by", "A. Keeper", "--reason", "yearly")
    out = run(*words, "--key", made.signing, "--new", second.signing, "--expires", "2999-12-31")
    assert out == f"commit 3 hands the log over: key {second.keyid} signs from 4 on\n"
    beat(storage, second, 2)
    done = json.loads(run(*words, "--key", second.signing, "--new", third.signing, "--json"))
    assert (done["keyid"], done["commit"], done["expires"]) == (third.keyid, 5, None)
    found = json.loads(run("keys", "show", "--store", storage.url, "--json"))["keys"]
    assert [(each["keyid"], each["from"], each["to"]) for each in found] == [
        (made.keyid, 1, 3),
        (second.keyid, 4, 5),
        (third.keyid, 6, None),
    ]
    assert [each["expires"] for each in found] == [None, "2999-12-31T00:00:00+00:00", None]
    assert [each["by"] for each in found] == ["", "A. Keeper", "A. Keeper"]
    text = run("keys", "show", "--store", storage.url)
    assert all(each.keyid in text for each in (made, second, third))
    with pytest.raises(BadInput, match="Use the store's key"):
        beat(storage, made, 3)


def test_a_log_goes_from_ed25519_to_p256_and_back(
    run: Run, storage: LocalStorage, made: KeyFiles, tmp_path: Path
) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    plain, form = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    other, last = tmp_path / "p256.pem", write_keys(tmp_path / "last")
    other.write_bytes(private.private_bytes(serialization.Encoding.PEM, form, plain))
    words = ("keys", "rotate", "--store", storage.url, "--by", "A", "--reason", "B", "--json", "--key")
    done = json.loads(run(*words, made.signing, "--new", other, "--expires", "2999-12-31T12:00+02:00"))
    assert (done["commit"], done["expires"]) == (3, "2999-12-31T10:00:00+00:00")
    assert (tmp_path / "store" / done["entry"]).is_file()
    beat(storage, KeyFiles(other, other, ""), 2)
    beat(storage, KeyFiles(other, other, ""), 2)  # found, though it would be signed in other bytes now
    assert json.loads(run(*words, other, "--new", last.signing))["commit"] == 5
    assert json.loads(run(*words, other, "--new", last.signing))["commit"] == 5  # done before
    beat(storage, last, 3)
    found = json.loads(run("keys", "show", "--store", storage.url, "--json"))["keys"]
    assert [each["algorithm"] for each in found] == ["ed25519", "ecdsa-p256-sha256", "ed25519"]
    publics = {term.key.public.keyid: term.key.public for term in terms(storage)}
    for number, key in enumerate((found[0],) * 3 + (found[1],) * 2 + (found[2],), start=1):
        commit = commits.read(storage, number)
        by = publics[key["keyid"]]
        assert commit.envelope.signed_by(by)
        assert commit.note.signed_by(by)


def test_each_key_has_its_own_passphrase(
    run: Run, storage: LocalStorage, made: KeyFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("keys", "rotate", "--store", storage.url, "--by", "A", "--reason", "B", "--key")
    second, third = write_keys(tmp_path / "2", "the second's lock"), write_keys(tmp_path / "3", "the third's lock")
    monkeypatch.setenv(PASSPHRASE, "the second's lock")
    run(*words, made.signing, "--new", second.signing)
    with pytest.raises(BadInput, match="does not open"):
        run(*words, second.signing, "--new", third.signing)
    monkeypatch.setenv("RETROAUDIT_NEW_SIGNING_PASSPHRASE", "the third's lock")
    run(*words, second.signing, "--new", third.signing)
    assert [term.key.public.keyid for term in terms(storage)] == [made.keyid, second.keyid, third.keyid]


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["--expires", "2001-01-01"], "a day to come"),
        (["--expires", "soon"], "a date such as"),
        (["--expires", "0001-01-01T00:00:00+23:00"], "a date such as|a day to come"),
        (["--by", " "], "--by"),
        (["--reason", "x" * 201], "--reason"),
        (["--reason", "a\x1b[2J"], "--reason"),
        (["--new", "nothing.pem"], "can be read"),
        (["--key", "nothing.pem"], "can be read"),
    ],
)
def test_what_a_rotation_refuses(
    run: Run, storage: LocalStorage, made: KeyFiles, tmp_path: Path, words: list[str], word: str
) -> None:
    new = write_keys(tmp_path / "new")
    objects = [info.key for info in storage.list()]
    usual = ["--key", str(made.signing), "--new", str(new.signing), "--by", "A", "--reason", "B"]
    with pytest.raises(BadInput, match=word):
        run("keys", "rotate", "--store", storage.url, *usual, *words)
    assert [info.key for info in storage.list()] == objects


def test_only_the_logs_key_hands_it_over(run: Run, storage: LocalStorage, made: KeyFiles, tmp_path: Path) -> None:
    new, stranger = write_keys(tmp_path / "new"), write_keys(tmp_path / "stranger")
    words = ("keys", "rotate", "--store", storage.url, "--by", "A", "--reason", "B", "--key")
    with pytest.raises(BadInput, match="Use the store's key"):
        run(*words, stranger.signing, "--new", new.signing)
    with pytest.raises(BadInput, match="new key"):
        run(*words, made.signing, "--new", made.signing)
    assert [term.key.public.keyid for term in terms(storage)] == [made.keyid]


def test_an_empty_log_has_no_keys(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="an empty log"):
        run("keys", "show", "--store", (tmp_path / "empty").as_uri())


def test_a_key_that_somebody_put_there_is_not_the_logs(storage: LocalStorage, made: KeyFiles, tmp_path: Path) -> None:
    intruder = load_signer(write_keys(tmp_path / "intruder").signing)
    mine = load_public(made.public)
    upon = commits.read(storage, 1).sha256
    for entry in (keyring.first(intruder), keyring.successor(mine, upon, intruder, "me", "mine", None)):
        storage.put_if_absent(entry.key, sign_entry(Recorded(entry, NOON, 0), intruder))
    assert [term.key.public.keyid for term in terms(storage)] == [made.keyid]


def test_a_log_whose_key_entry_is_gone(storage: LocalStorage) -> None:
    (info,) = storage.list(keyring.FOLDER)
    storage.erase(info.key)
    with pytest.raises(IntegrityBroken, match="no commit that names it"):
        terms(storage)
    assert storage.head(commit_key(1)) is not None


def test_what_the_first_key_says_elsewhere_of_itself_is_not_shown(
    run: Run, storage: LocalStorage, made: KeyFiles, tmp_path: Path
) -> None:
    """Whoever keeps a key that was retired can put another first entry of it into the store: no commit holds it."""
    signer, new = load_signer(made.signing), write_keys(tmp_path / "new")
    run(
        *("keys", "rotate", "--store", storage.url, "--by", "A", "--reason", "B"),
        *("--key", made.signing, "--new", new.signing),
    )
    body = keyring.first(signer).body
    for reason in ("0", "1", "2", "3"):
        entry = Entry(body.model_copy(update={"reason": reason}))
        storage.put_if_absent(entry.key, sign_entry(Recorded(entry, NOON, 0), signer))
    assert [term.key.reason for term in terms(storage)] == ["the log's first key", "B"]


def test_a_key_that_has_expired_is_handed_over(run: Run, storage: LocalStorage, made: KeyFiles, tmp_path: Path) -> None:
    signer, second, third = load_signer(made.signing), write_keys(tmp_path / "second"), write_keys(tmp_path / "third")
    last = commits.read(storage, 2).body.time
    rotate(storage, signer, load_signer(second.signing), "A", "B", last + timedelta(microseconds=1), last)
    with pytest.raises(BadInput, match="keys rotate"):
        beat(storage, second, 2)
    words = ("keys", "rotate", "--store", storage.url, "--by", "A", "--reason", "B", "--json", "--key")
    assert json.loads(run(*words, second.signing, "--new", third.signing))["commit"] == 4
    beat(storage, third, 2)
