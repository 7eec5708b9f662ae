from __future__ import annotations

import ctypes
import os
import socket
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.storage.disk import flush_file_system
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.protocol import WORKSHOP, unchanged


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path.resolve())


def _keys(storage: LocalStorage, prefix: str = "") -> list[str]:
    return [info.key for info in storage.list(prefix)]


def test_what_was_put_is_read_back_and_stays(storage: LocalStorage) -> None:
    assert storage.put_if_absent("a/b.bin", b"first")
    assert not storage.put_if_absent("a/b.bin", b"second")
    assert storage.read("a/b.bin") == b"first"
    assert storage.read("a/b.bin", start=1, length=3) == b"irs"
    assert storage.read("a/b.bin", start=3) == b"st"
    assert storage.read("a/b.bin", start=99) == b""


def test_head_and_list_agree(storage: LocalStorage) -> None:
    storage.put_if_absent("a/b.bin", b"first")
    (info,) = storage.list()
    assert storage.head("a/b.bin") == info
    assert (info.size, info.version, info.checksum) == (5, None, None)
    assert abs(info.modified - datetime.now(UTC)) < timedelta(minutes=1)
    assert storage.head("a") is None
    assert storage.head("a/b.bin/c") is None


def test_listing_is_in_utf8_byte_order_of_whole_keys(storage: LocalStorage) -> None:
    keys = ["a/x", "a-b/x", "a.b", "a0", "a/é", "a/z", "B", "\N{GRINNING FACE}", "\uffee"]
    for key in keys:
        storage.put_if_absent(key, b"")
    assert _keys(storage) == sorted(keys, key=lambda key: key.encode())


def test_a_prefix_is_any_beginning_of_a_key(storage: LocalStorage) -> None:
    for key in ("log/1", "log/2", "logs/1", "lo"):
        storage.put_if_absent(key, b"")
    assert _keys(storage, "log/") == ["log/1", "log/2"]
    assert _keys(storage, "log") == ["log/1", "log/2", "logs/1"]
    assert _keys(storage, "log/2") == ["log/2"]
    assert _keys(storage, "../") == []


@pytest.mark.parametrize("key", ["", "/etc/passwd", "a//b", "../x", "a/../../x", "a/./b", "a/", ".", "a\0b"])
def test_a_key_that_is_no_relative_path_is_refused(storage: LocalStorage, key: str) -> None:
    with pytest.raises(BadInput, match="relative POSIX path"):
        storage.put_if_absent(key, b"x")
    with pytest.raises(BadInput, match="relative POSIX path"):
        storage.read(key)


def test_a_link_that_leaves_the_root_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "out").symlink_to(outside)
    storage = LocalStorage(root.resolve())
    for refused in (
        lambda: storage.read("out/secret"),
        lambda: storage.put_if_absent("out/new", b""),
        lambda: storage.head("out/secret"),
        lambda: list(storage.list()),
    ):
        with pytest.raises(BadInput, match="leaves the root"):
            refused()
    assert not (outside / "new").exists()


def test_links_within_the_root_are_followed_but_not_in_circles(storage: LocalStorage) -> None:
    storage.put_if_absent("real/x", b"1")
    (storage.root / "alias").symlink_to(storage.root / "real")
    assert _keys(storage) == ["alias/x", "real/x"]
    (storage.root / "real" / "loop").symlink_to(storage.root / "real")
    with pytest.raises(BadInput, match="above it"):
        list(storage.list())


def test_a_link_to_nothing_is_refused(storage: LocalStorage) -> None:
    (storage.root / "dangling").symlink_to(storage.root / "nothing")
    with pytest.raises(BadInput, match="link to nothing"):
        list(storage.list())


def test_a_name_that_is_not_utf8_is_refused_and_can_be_found(storage: LocalStorage) -> None:
    folder = storage.root / "logs"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/part-\xff.parquet")).write_bytes(b"")
    with pytest.raises(BadInput) as caught:
        list(storage.list())
    (fault,) = caught.value.faults
    assert fault.subject == r"logs/part-\xff.parquet"
    assert fault.found == "a name that is not UTF-8"
    assert fault.remedy.startswith("Rename it")


@pytest.mark.parametrize("name", ["loop", "folder/loop"])
def test_a_link_to_itself_is_refused(storage: LocalStorage, name: str) -> None:
    (storage.root / "folder").mkdir()
    path = storage.root / name
    path.symlink_to(path.name)
    for refused in (
        lambda: storage.read(name),
        lambda: storage.head(name),
        lambda: storage.read(f"{name}/below"),
        lambda: storage.put_if_absent(f"{name}/below", b""),
        lambda: list(storage.list()),
    ):
        with pytest.raises(BadInput, match=name):
            refused()


def test_a_pipe_or_socket_is_refused_and_a_folder_is_a_folder(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (storage.root / "part-1.parquet").mkdir()
    storage.put_if_absent("part-1.parquet/x", b"")
    assert _keys(storage) == ["part-1.parquet/x"]
    os.mkfifo(storage.root / "part-9.parquet")
    with pytest.raises(BadInput, match=r"part-9\.parquet: found a pipe, socket or device"):
        list(storage.list())
    assert _keys(storage, "part-1") == ["part-1.parquet/x"]
    (storage.root / "part-9.parquet").unlink()
    monkeypatch.chdir(storage.root)  # a socket's name may have 107 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("part-9.parquet")
        with pytest.raises(BadInput, match=r"part-9\.parquet"):
            list(storage.list())


def test_strays_are_what_no_listing_shows(storage: LocalStorage) -> None:
    storage.put_if_absent("a/b/c", b"")
    assert list(storage.strays()) == []
    (storage.root / "a" / "empty" / "deeper").mkdir(parents=True)
    (storage.root / WORKSHOP / "log").mkdir()
    (storage.root / WORKSHOP / "log" / "1").write_bytes(b"")
    (storage.root / WORKSHOP / "left-over").write_bytes(b"")
    assert _keys(storage) == ["a/b/c"]
    assert sorted(storage.strays()) == [f"{WORKSHOP}/left-over", f"{WORKSHOP}/log", "a/empty/deeper/"]


def test_absent_objects_are_bad_input(storage: LocalStorage) -> None:
    (storage.root / "folder").mkdir()
    for key in ("nothing", "folder", "x" * 300):
        with pytest.raises(BadInput):
            storage.read(key)
    with pytest.raises(BadInput, match="local files have none"):
        storage.read("nothing", version="1")


def test_a_folder_that_cannot_be_written_is_bad_input(storage: LocalStorage) -> None:
    (storage.root / "file").write_bytes(b"")  # in place of a folder: permissions do not stop root
    with pytest.raises(BadInput, match="file/below"):
        storage.put_if_absent("file/below", b"x")
    assert list((storage.root / WORKSHOP).iterdir()) == []


def test_a_workshop_that_cannot_be_made_is_bad_input(storage: LocalStorage) -> None:
    (storage.root / WORKSHOP).write_bytes(b"")
    with pytest.raises(BadInput):
        storage.put_if_absent("a", b"x")


def test_one_of_32_racing_writers_wins(storage: LocalStorage) -> None:
    start = threading.Barrier(32)

    def put(number: int) -> bool:
        start.wait()
        return storage.put_if_absent("deep/er/key", str(number).encode() * 1000)

    with ThreadPoolExecutor(32) as threads:
        won = list(threads.map(put, range(32)))
    assert won.count(True) == 1
    assert storage.read("deep/er/key") == str(won.index(True)).encode() * 1000
    assert _keys(storage) == ["deep/er/key"]
    assert list((storage.root / WORKSHOP).iterdir()) == []


def test_a_torn_write_is_never_seen(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[list[str], bool]] = []
    flush = os.fsync

    def look(descriptor: int) -> None:
        seen.append((_keys(storage), storage.head("a") is None))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    storage.put_if_absent("a", b"x" * 100_000)
    assert seen[0] == ([], True)  # written, not yet durable: invisible


def test_a_write_that_breaks_off_leaves_nothing(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(BadInput, match="No space left on device"):
            storage.put_if_absent("a", b"x")
    assert _keys(storage) == []
    assert storage.put_if_absent("a", b"x")


@pytest.mark.parametrize("count", [3, 40])
def test_many_are_put_at_once(storage: LocalStorage, count: int) -> None:
    storage.put_if_absent("a/1", b"first")
    many = {f"a/{number}": str(number).encode() for number in range(count)}
    created = storage.put_all(many)
    assert list(created) == list(many)
    assert [key for key, new in created.items() if not new] == ["a/1"]
    assert {key: storage.read(key) for key in _keys(storage)} == many | {"a/1": b"first"}
    assert storage.put_all({}) == {}
    assert list((storage.root / WORKSHOP).iterdir()) == []


@settings(max_examples=30)
@given(
    objects=st.dictionaries(st.sampled_from(["a", "b/c", "b/d", "e/f/g"]), st.binary(max_size=9)), many=st.booleans()
)
def test_many_at_once_are_as_one_after_the_other(objects: dict[str, bytes], many: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("retroaudit.storage.local._MANY", 0 if many else 99)
        stores = [LocalStorage(Path(folder).resolve() / name) for name in ("one", "all")]
        for store in stores:
            store.root.mkdir()
            store.put_if_absent("b/c", b"there")
        one, everything = stores
        assert everything.put_all(objects) == {key: one.put_if_absent(key, data) for key, data in objects.items()}
        contents = [{key: store.read(key) for key in _keys(store)} for store in stores]
        assert contents[0] == contents[1]


@pytest.mark.parametrize("count", [3, 40])
def test_none_of_many_has_its_name_before_all_are_on_the_disk(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    seen: list[list[str]] = []
    flush = os.fsync

    def look(descriptor: int) -> None:
        seen.append(_keys(storage))
        flush(descriptor)

    monkeypatch.setattr("retroaudit.storage.local.flush_file_system", lambda _: seen.append(_keys(storage)))
    monkeypatch.setattr(os, "fsync", look)
    storage.put_all({f"a/{number}": b"x" for number in range(count)})
    at_the_end = sorted(f"a/{number}" for number in range(count))
    written = [keys for keys in seen if keys != at_the_end]
    assert written == ([[]] * 3 if count == 3 else [[]])  # each file by itself, or the file system once
    assert seen[len(written) :]  # and the folders, when all have their names
    assert all(keys == at_the_end for keys in seen[len(written) :])


@pytest.mark.parametrize("count", [3, 40])
def test_a_disk_that_is_full_puts_none_of_many(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    calls = iter(range(100))

    def full(*_: object) -> None:
        if next(calls) == (2 if count == 3 else 0):
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        patch.setattr("retroaudit.storage.local.flush_file_system", full)
        with pytest.raises(BadInput, match="No space left on device"):
            storage.put_all({f"a/{number}": b"x" for number in range(count)})
    assert _keys(storage) == []
    assert list((storage.root / WORKSHOP).iterdir()) == []


def test_what_can_be_computed_again_does_not_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        pytest.fail("waited")

    monkeypatch.setattr(os, "fsync", never)
    monkeypatch.setattr("retroaudit.storage.local.flush_file_system", never)
    storage = LocalStorage(tmp_path.resolve(), durable=False)
    assert all(storage.put_all({str(number): b"" for number in range(40)}).values())


def test_a_flush_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flush_file_system(tmp_path)

    class Failing:
        @staticmethod
        def syncfs(_: int) -> int:
            ctypes.set_errno(5)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Failing)
    with pytest.raises(OSError, match="Input/output error"):
        flush_file_system(tmp_path)
    flushed: list[bool] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())  # a system without syncfs
    monkeypatch.setattr(os, "sync", lambda: flushed.append(True))
    flush_file_system(tmp_path)
    assert flushed == [True]


def test_fetch_gives_the_file_itself_while_it_is_as_pinned(storage: LocalStorage, tmp_path: Path) -> None:
    path = storage.root / "x.parquet"
    path.write_bytes(b"12345")
    (info,) = storage.list()
    assert storage.fetch(info, tmp_path / "spool") == path
    assert unchanged(storage, info)


@pytest.mark.parametrize("rewrite", ["size", "time", "gone"])
def test_a_file_that_changed_since_it_was_pinned_is_not_read(storage: LocalStorage, rewrite: str) -> None:
    path = storage.root / "x.parquet"
    path.write_bytes(b"12345")
    (info,) = storage.list()
    if rewrite == "size":
        info = replace(info, size=6)
    elif rewrite == "time":
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1000))
    else:
        path.unlink()
    assert not unchanged(storage, info)
    with pytest.raises(IntegrityBroken, match="changed since it was pinned"):
        storage.fetch(info, storage.root)


def test_erased_is_gone_and_may_be_put_again(storage: LocalStorage) -> None:
    storage.put_if_absent("a/x", b"first")
    storage.put_if_absent("a/xy", b"other")
    assert [storage.erase("a/x"), storage.erase("a/x"), storage.erase("never/was")] == [True, False, False]
    assert (storage.head("a/x"), _keys(storage)) == (None, ["a/xy"])
    assert storage.put_if_absent("a/x", b"second")
    assert storage.read("a/x") == b"second"


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../../x", "a\0b"])
def test_nothing_outside_is_erased(storage: LocalStorage, key: str) -> None:
    with pytest.raises(BadInput, match="relative POSIX path"):
        storage.erase(key)


def test_a_link_that_leaves_the_root_erases_nothing(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").write_bytes(b"")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "out").symlink_to(tmp_path / "outside")
    with pytest.raises(BadInput, match="leaves the root"):
        LocalStorage((tmp_path / "root").resolve()).erase("out/x")
    assert (tmp_path / "outside" / "x").exists()


def test_a_folder_is_not_erased(storage: LocalStorage) -> None:
    storage.put_if_absent("a/x", b"")
    with pytest.raises(BadInput):
        storage.erase("a")
    assert _keys(storage) == ["a/x"]
