"""A directory as an object store: what is there is whole, and nothing is ever overwritten."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.storage.disk import flush_file_system
from retroaudit.storage.protocol import WORKSHOP, ObjectInfo, unchanged

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MANY = 16  # objects, from which on one flush of everything is faster
_READ_ONLY = 0o444  # what was put is never changed; the umask narrows it further


@dataclass(frozen=True)
class LocalStorage:
    """Files below `root`, an absolute directory free of symbolic links (`open_storage` resolves it).

    Local files have no versions: an object is told from its successor by size and modification time
    (microseconds, as far as `ObjectInfo.modified` carries). Where `durable` is False, objects are as whole and as
    rarely overwritten, but a power cut may lose the newest: for what can be computed again.
    """

    root: Path
    durable: bool = True

    @property
    def url(self) -> str:
        """The root as `file:///…`."""
        return self.root.as_uri()

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Regular files whose key starts with `prefix`, in key order; what lies in the workshop is left out.

        Raises `BadInput` at a symbolic link that leads nowhere, out of the root, or back to a folder above it, at
        a pipe, socket or device, and at a name that is not UTF-8: passing over it in silence would make data
        disappear.
        """
        with _as_faults(self.url):
            yield from self._walk("", prefix, frozenset({self.root}))

    def strays(self) -> Iterator[str]:
        """The workshop's entries, and folders without any."""
        with _as_faults(self.url):
            for folder, folders, files in os.walk(self.root, onerror=_raise):
                key = Path(folder).relative_to(self.root).as_posix()
                if key == WORKSHOP:
                    yield from sorted(f"{key}/{name}" for name in [*folders, *files])
                    folders.clear()  # a name is enough: nothing belongs there but files that are being written
                elif key != "." and not folders and not files:
                    yield f"{key}/"

    def head(self, key: str) -> ObjectInfo | None:
        """Size and time of the file, or None where there is no regular file of that name."""
        path = self._path(key)
        with _as_faults(key):
            try:
                found = path.stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return _info(key, found) if stat.S_ISREG(found.st_mode) else None

    def read(self, key: str, *, version: str | None = None, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of the file; fewer, or none, where it ends earlier. No version but None exists here."""
        if version is not None:
            raise BadInput(Fault(key, f"version {version!r}", "no version: local files have none"))
        if self.head(key) is None:
            raise BadInput(Fault(key, "no such object", f"an object in {self.url}"))
        with _as_faults(key), self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(-1 if length is None else length)

    def fetch(self, info: ObjectInfo, spool: Path) -> Path:  # noqa: ARG002  (the protocol's; nothing is copied here)
        """The file's own path. Ask `unchanged` once more after reading it."""
        if not unchanged(self, info):
            raise IntegrityBroken(
                Fault(
                    info.key,
                    f"changed since it was pinned: now {self.head(info.key)}",
                    f"{info.size} bytes, modified {info.modified.isoformat()}",
                    "Something rewrites the archive under the audit: start again when it is quiet.",
                )
            )
        return self._path(info.key)

    def put_if_absent(self, key: str, data: bytes, *, retain_until: datetime | None = None) -> bool:  # noqa: ARG002
        """Write a temporary file, then link it to its name: others see all of it or nothing.

        `rename` would overwrite, and `O_EXCL` on the final name would show torn files. Durable on return, folders
        included; after a False too, since the one who was first may not have come to it yet.
        """
        return self._put({key: data})[key]

    def put_all(self, objects: Mapping[str, bytes], *, retain_until: datetime | None = None) -> Mapping[str, bool]:  # noqa: ARG002
        """All are written and on the disk before the first gets its name: a crash or a full disk tears none.

        From 16 on the whole file system is flushed twice, which is 4 times as fast as file by file (16 objects: 4 ms
        against 17) and waits for what other programs write.
        """
        return self._put(objects)

    def erase(self, key: str) -> bool:
        """Remove the file; its folder stays."""
        path = self._path(key)
        with _as_faults(key):
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return False
        return True

    def _put(self, objects: Mapping[str, bytes]) -> Mapping[str, bool]:
        paths, written = {key: self._path(key) for key in objects}, dict[str, Path]()
        at_once = len(objects) >= _MANY
        try:
            for key, data in objects.items():
                with _as_faults(f"{self.url}/{key}"):
                    written[key] = self._write_temporary(data, flush=self.durable and not at_once)
            with _as_faults(self.url):
                if self.durable and at_once:
                    flush_file_system(self.root)
            created = {key: self._name(temporary, key, paths[key]) for key, temporary in written.items()}
        finally:
            for temporary in written.values():
                temporary.unlink(missing_ok=True)
        with _as_faults(self.url):
            if self.durable and at_once:
                flush_file_system(self.root)
            elif self.durable:
                self._flush_folders(path.parent for path in paths.values())
        return created

    def _write_temporary(self, data: bytes, *, flush: bool) -> Path:
        workshop = self.root / WORKSHOP  # below the root: a link cannot cross file systems
        workshop.mkdir(exist_ok=True)
        path = workshop / f"{os.getpid()}-{secrets.token_hex(8)}"
        try:
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _READ_ONLY), "wb") as file:
                file.write(data)
                if flush:
                    file.flush()
                    os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def _name(self, temporary: Path, key: str, path: Path) -> bool:
        with _as_faults(f"{self.url}/{key}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            return _link(temporary, path)

    def _flush_folders(self, folders: Iterable[Path]) -> None:
        below = self.root.parents
        for each in {above for folder in folders for above in (folder, *folder.parents) if above not in below}:
            descriptor = os.open(each, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _path(self, key: str) -> Path:
        if not key or "\0" in key or any(part in {"", ".", ".."} for part in key.split("/")):
            raise BadInput(Fault("key", repr(key), "a relative POSIX path without empty, `.` or `..` segments"))
        path = self.root / key
        with _as_faults(key):
            self._refuse_escape(path, key)
        return path

    def _refuse_escape(self, path: Path, key: str) -> Path:
        resolved = Path(os.path.realpath(path))  # `Path.resolve` raises no OSError at a loop, before Python 3.13
        if not resolved.is_relative_to(self.root):
            raise BadInput(Fault(key, "a symbolic link that leaves the root", f"files below {self.url}"))
        return resolved

    def _walk(self, folder: str, prefix: str, above: frozenset[Path]) -> Iterator[ObjectInfo]:
        for key, entry in _sorted_entries(self.root, folder):
            is_folder = key.endswith("/")
            if key == f"{WORKSHOP}/" or not (key.startswith(prefix) or (is_folder and prefix.startswith(key))):
                continue
            where = self._resolve_link(key, entry, above) if entry.is_symlink() else Path(entry.path)
            if is_folder:
                yield from self._walk(key, prefix, above | {where})
            elif entry.is_file():
                yield _info(key, entry.stat())
            else:
                remedy = "Move it away: whether rows are missing cannot be known."
                raise BadInput(Fault(key, "a pipe, socket or device", "a file or folder", remedy))

    def _resolve_link(self, key: str, entry: os.DirEntry[str], above: frozenset[Path]) -> Path:
        resolved = self._refuse_escape(Path(entry.path), key)
        if not resolved.exists() or resolved in above:
            raise BadInput(Fault(key, "a symbolic link to nothing, or to a folder above it", "a file or folder"))
        return resolved


def _sorted_entries(root: Path, folder: str) -> list[tuple[str, os.DirEntry[str]]]:
    """Entries with their keys, folders with a slash at the end, so that their order is that of whole keys."""
    with os.scandir(root / folder) as found:
        entries = [(_entry_key(folder, entry), entry) for entry in found]
    return sorted(entries, key=lambda pair: pair[0].encode())


def _entry_key(folder: str, entry: os.DirEntry[str]) -> str:
    key = folder + entry.name
    if not key.isascii() and any("\ud800" <= character <= "\udfff" for character in key):
        shown = os.fsencode(key).decode("utf-8", "backslashreplace")
        remedy = "Rename it, or move it away: a report could not name it."
        raise BadInput(Fault(shown, "a name that is not UTF-8", "UTF-8 names", remedy))
    with _as_faults(key):
        return f"{key}/" if entry.is_dir() else key


def _info(key: str, found: os.stat_result) -> ObjectInfo:
    return ObjectInfo(key, found.st_size, _EPOCH + timedelta(microseconds=found.st_mtime_ns // 1000))


def _link(source: Path, target: Path) -> bool:
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        return False
    return True


def _raise(error: OSError) -> None:
    raise error


@contextmanager
def _as_faults(subject: str) -> Iterator[None]:
    """An operating system's refusal in our words."""
    try:
        yield
    except OSError as error:
        raise BadInput(
            Fault(subject, error.strerror or type(error).__name__, "a file or folder that can be used")
        ) from error
