"""Files written as a folder or zip: the same bytes each time, and all or nothing."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from retroaudit.faults import BadInput
from retroaudit.ledger.packing import pack, zipped

FILES = {"b/c/two": b"2" * 1000, "a": b"1", "%41 ü": b""}


def test_a_folder(tmp_path: Path) -> None:
    pack(FILES, tmp_path / "new")
    found = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {f"new/{name}": data for name, data in FILES.items()}


@pytest.mark.parametrize("name", ["new.zip", "new.ZIP"])
def test_a_zip_of_one_folder(tmp_path: Path, name: str) -> None:
    pack(FILES, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with zipfile.ZipFile(tmp_path / name) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"new/{each}" for each in sorted(FILES)]
        assert {each: archive.read(f"new/{each}") for each in FILES} == FILES


def test_a_zip_is_the_same_bytes_whatever_the_order_and_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    backwards = dict(reversed(FILES.items()))
    before = zipped(FILES, "x")
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setattr("time.localtime", None)
    assert zipped(backwards, "x") == before


@pytest.mark.parametrize("name", ["new", "new.zip"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for make in (path.mkdir, lambda: path.write_text("mine"), lambda: path.symlink_to("nowhere")):
        make()
        with pytest.raises(BadInput, match="nothing is overwritten"):
            pack(FILES, path)
        path.rmdir() if path.is_dir() else path.unlink()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["new", "new.zip"])
def test_a_folder_that_is_missing_or_full_leaves_nothing(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="no folder to put it into"):
        pack(FILES, tmp_path / "missing" / name)

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(BadInput, match="No space left on device"):
        pack(FILES, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_stop_halfway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(self: Path, data: bytes) -> int:
        del self, data
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", stopped)
    with pytest.raises(KeyboardInterrupt):
        pack(FILES, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
