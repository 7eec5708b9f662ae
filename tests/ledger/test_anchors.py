from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger import checkpoint
from retroaudit.ledger.anchors import candidates, key, load_saved, publish, published, save
from retroaudit.ledger.checkpoint import Checkpoint, Note
from retroaudit.ledger.signing import Signer, generate, signer_from_pem
from retroaudit.storage.local import LocalStorage

ORIGIN = "retroaudit.dev/log/0123456789abcdef"
OTHER = "retroaudit.dev/log/fedcba9876543210"
SIGNER = signer_from_pem(generate().signing, "key")


def note(size: int, root: int = 0, origin: str = ORIGIN, signer: Signer = SIGNER) -> str:
    return checkpoint.sign(Checkpoint(origin, size, bytes([root]) * 32), signer)


def parsed(text: str) -> Note:
    return checkpoint.parse(text, "note")


@pytest.fixture
def place(tmp_path: Path) -> LocalStorage:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return LocalStorage(folder)


def test_a_checkpoint_in_a_second_place(place: LocalStorage) -> None:
    assert publish(note(42), place)
    name = "checkpoints/retroaudit%2edev%2flog%2f0123456789abcdef/000000000042.checkpoint"
    assert [info.key for info in place.list()] == [name] == [key(ORIGIN, 42)]
    assert place.read(name) == note(42).encode()


def test_what_was_published_comes_back_by_size(place: LocalStorage) -> None:
    for size in (1000, 9, 1_000_000, 10):
        assert publish(note(size, size % 251), place)
    publish(note(3, origin=OTHER), place)
    assert published(place, ORIGIN) == tuple(parsed(note(n, n % 251)) for n in (9, 10, 1000, 1_000_000))
    assert published(place, OTHER) == (parsed(note(3, origin=OTHER)),)
    assert published(place, ORIGIN[:-1]) == ()


def test_publishing_again_changes_nothing(place: LocalStorage) -> None:
    assert publish(note(42), place)
    publish(note(42), place)
    assert place.read(key(ORIGIN, 42)) == note(42).encode()


def test_another_signature_of_the_same_checkpoint_is_no_fork(place: LocalStorage) -> None:
    private = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = signer_from_pem(private, "key")  # ECDSA: a new signature each time
    one, other = note(42, signer=signer), note(42, signer=signer)
    assert one != other
    assert publish(one, place)
    assert not publish(other, place)
    assert published(place, ORIGIN) == (parsed(one),)


def test_another_root_for_the_same_size_is_a_fork(place: LocalStorage) -> None:
    publish(note(42, 1), place)
    with pytest.raises(IntegrityBroken, match=r"02 for 42 leaves.*01, as it was before.*two histories"):
        publish(note(42, 2), place)
    assert publish(note(42, 2, OTHER), place)
    assert published(place, ORIGIN) == (parsed(note(42, 1)),)


@pytest.mark.parametrize("data", [b"", b"garbage", b"\xff", note(42)[:-1].encode(), b"\0" * 100_000])
def test_what_is_no_checkpoint_is_passed_over(place: LocalStorage, data: bytes) -> None:
    place.put_if_absent(key(ORIGIN, 42), data)
    assert published(place, ORIGIN) == ()
    assert list(candidates(place, ORIGIN)) == [(key(ORIGIN, 42), None)]
    with pytest.raises(IntegrityBroken, match=f"{key(ORIGIN, 42)}.*Somebody put something there"):
        publish(note(42), place)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (key(ORIGIN, 43), note(42)),
        (key(ORIGIN, 42), note(42, origin=OTHER)),
        (key(ORIGIN, 42).replace("/0", "/"), note(42)),
        (key(ORIGIN, 42) + ".bak", note(42)),
    ],
)
def test_a_checkpoint_under_another_name_is_passed_over(place: LocalStorage, name: str, text: str) -> None:
    place.put_if_absent(name, text.encode())
    publish(note(7), place)
    assert published(place, ORIGIN) == (parsed(note(7)),)
    assert sorted(candidates(place, ORIGIN)) == sorted([(name, None), (key(ORIGIN, 7), parsed(note(7)))])


def test_a_place_that_a_stranger_took_is_no_second_history(place: LocalStorage) -> None:
    """Two histories are said of a log only where a key of the log signed both."""
    stranger = signer_from_pem(generate().signing, "key")
    forged = parsed(note(42, 2, signer=stranger))
    place.put_if_absent(key(ORIGIN, 42), forged.text.encode())
    told = f"{forged.signatures[0].key_hash.hex()}.*Somebody put something there"
    for keys in ((), (SIGNER.public,)):
        with pytest.raises(IntegrityBroken, match=told) as raised:
            publish(note(42, 1), place, keys=keys)
        assert "two histories" not in str(raised.value)
    with pytest.raises(IntegrityBroken, match="two histories"):
        publish(note(42, 1), place, keys=(SIGNER.public, stranger.public))
    claimed = forged.text.replace(forged.signatures[0].line, "")
    named = checkpoint.Signature(ORIGIN, parsed(note(42)).signatures[0].key_hash, b"nonsense")
    place.put_if_absent(key(ORIGIN, 43), (claimed.replace("\n42\n", "\n43\n") + named.line).encode())
    with pytest.raises(IntegrityBroken, match="Somebody put something there"):
        publish(note(43, 1), place, keys=(SIGNER.public,))


def test_a_checkpoint_of_the_log_that_somebody_moved(place: LocalStorage) -> None:
    place.put_if_absent(key(ORIGIN, 43), note(42).encode())
    with pytest.raises(IntegrityBroken, match="its name says"):
        publish(note(43), place, keys=(SIGNER.public,))


def test_what_is_no_note_is_not_published(place: LocalStorage) -> None:
    with pytest.raises(IntegrityBroken):
        publish("no note", place)
    assert list(place.list()) == []


def test_an_auditors_own_file(tmp_path: Path) -> None:
    path = tmp_path / "last.checkpoint"
    assert load_saved(path) is None
    for size in (3, 3, 4, 1000):
        save(path, parsed(note(size)))
        assert load_saved(path) == parsed(note(size))
        assert path.read_text() == note(size)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@given(st.integers(0, 10**17), st.integers(0, 10**17), st.booleans())
def test_a_saved_checkpoint_never_shrinks_and_never_changes(
    tmp_path_factory: pytest.TempPathFactory, one: int, other: int, same: bool
) -> None:
    path = tmp_path_factory.mktemp("saved") / "last"
    first, second = parsed(note(one, 1)), parsed(note(other, 1 if same else 2))
    save(path, first)
    if other > one or (other == one and same):
        save(path, second)
        assert load_saved(path) == second
    else:
        with pytest.raises(IntegrityBroken):
            save(path, second)
        assert load_saved(path) == first


def test_a_shorter_log_is_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / "last"
    save(path, parsed(note(42)))
    with pytest.raises(IntegrityBroken, match=r"a log of 41 leaves, expected at least 42.*cut off"):
        save(path, parsed(note(41)))


def test_a_file_is_one_logs(tmp_path: Path) -> None:
    path = tmp_path / "last"
    save(path, parsed(note(1)))
    with pytest.raises(BadInput, match="one file for each log"):
        save(path, parsed(note(2, origin=OTHER)))
    assert load_saved(path) == parsed(note(1))


@pytest.mark.parametrize("data", [b"", b"garbage", b"\xff"])
def test_a_file_that_holds_something_else(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "last"
    path.write_bytes(data)
    with pytest.raises(BadInput, match="last"):
        load_saved(path)
    with pytest.raises(BadInput):
        save(path, parsed(note(1)))
    assert path.read_bytes() == data


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nul\0"):
        with pytest.raises(BadInput, match="can be read and written"):
            load_saved(path)
    with pytest.raises(BadInput, match="No such file"):
        save(tmp_path / "no" / "folder", parsed(note(1)))


def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last"
    save(path, parsed(note(1)))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="No space left"):
        save(path, parsed(note(2)))
    assert [each.name for each in tmp_path.iterdir()] == ["last"]
    assert load_saved(path) == parsed(note(1))
