"""One pinned object as a local file with a checked footer, the same bytes before and after (law 9)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from retroaudit.archive.footer import Footer, footer
from retroaudit.archive.inputs import Pinned
from retroaudit.faults import Fault, IntegrityBroken, Unreadable
from retroaudit.spec.model import Limits
from retroaudit.storage.protocol import Storage, unchanged


@contextmanager
def opened(pinned: Pinned, storage: Storage, spool: Path, limits: Limits) -> Iterator[tuple[Path, Footer]]:
    """A local file holding the object, and its footer. A copy below `spool` is removed afterwards.

    Raises `Unreadable` where it is no Parquet file within the limits, and `IntegrityBroken` where the bytes are
    not those that were pinned, before or after they were read: that is said rather than what was wrong in them.
    """
    with TemporaryDirectory(dir=spool) as own:  # a folder of its own, so that nothing else is ever removed
        path = storage.fetch(pinned.info, Path(own))
        try:
            yield path, _footer(path, pinned, limits)
        except Unreadable:
            _check(pinned, storage, path)
            raise
        _check(pinned, storage, path)


def _footer(path: Path, pinned: Pinned, limits: Limits) -> Footer:
    try:
        with path.open("rb") as file:

            def read(start: int, length: int) -> bytes:
                file.seek(start)
                return file.read(length)

            return footer(read, pinned.info.size, pinned.info.key, limits)
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise Unreadable(Fault(pinned.info.key, found, "a file that can be read")) from error


def _check(pinned: Pinned, storage: Storage, path: Path) -> None:
    """The version is still there, and the content is what was hashed when it was pinned."""
    info = pinned.info
    changed = not unchanged(storage, info)
    if not changed and pinned.sha256 is not None:
        changed = _sha256(path, info.key) != pinned.sha256
    if changed:
        remedy = "Something rewrites the archive under the audit: start again when it is quiet."
        raise IntegrityBroken(Fault(info.key, "other bytes than were pinned", f"{info.size} bytes as pinned", remedy))


def _sha256(path: Path, key: str) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise IntegrityBroken(Fault(key, "an object that is gone", "the object that was pinned")) from error
