"""Files written as a new folder or zip: all of them under the name that was asked for, or nothing."""

from __future__ import annotations

import io
import secrets
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from retroaudit.faults import BadInput, Fault

_ZIP = ".zip"
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name: the same files give the same bytes
_MODE = 0o100644 << 16  # a regular file that its owner may write


def require_free(path: Path) -> None:
    """Raise `BadInput` where something bears this name already, or there is no folder to put it into."""
    if path.exists() or path.is_symlink():
        raise BadInput(Fault(str(path), "something that is there already", "a new name: nothing is overwritten"))
    if not path.absolute().parent.is_dir():
        raise BadInput(Fault(str(path), "no folder to put it into", f"a folder {path.absolute().parent}"))


def pack(files: Mapping[str, bytes], path: Path) -> None:
    """Write files, by relative POSIX paths, to a new folder; where its name ends in .zip, to a zip of one.

    They are made beside it under a hidden name, which a crash may leave. Raises `BadInput` as `require_free`, and
    where the folder cannot be written.
    """
    require_free(path)
    with _beside(path) as making:
        if path.suffix.lower() == _ZIP:
            making.write_bytes(zipped(files, path.stem))
        else:
            _write(files, making)
        require_free(path)
        making.rename(path)


def zipped(files: Mapping[str, bytes], folder: str) -> bytes:
    """A zip that unpacks to one folder; not compressed, for compressors differ and these bytes shall not."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{folder}/{name}", _EARLIEST)
            entry.create_system = 3  # Unix, wherever it is made
            entry.external_attr = _MODE
            archive.writestr(entry, files[name])
    return data.getvalue()


def _write(files: Mapping[str, bytes], folder: Path) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A hidden name in the same folder, gone again whatever happens."""
    making = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}")
    try:
        yield making
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise BadInput(Fault(str(path), found, "a folder that can be written")) from error
    finally:
        if making.is_dir():
            shutil.rmtree(making, ignore_errors=True)
        else:
            making.unlink(missing_ok=True)
