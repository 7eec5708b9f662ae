"""Outside evidence of a log's size and root: checkpoints kept where whoever keeps the log cannot change them.

A second place is a directory or bucket under somebody else's control:

    checkpoints/<origin>/000000000042.checkpoint     the signed checkpoint of 42 leaves

An auditor's own file holds the last checkpoint that they saw. Time-stamps by third parties are in `timestamps`.
"""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import checkpoint
from retroaudit.ledger.checkpoint import Checkpoint, Note
from retroaudit.storage.keys import encode
from retroaudit.storage.protocol import Storage, settle

FOLDER = "checkpoints/"
_LONGEST = 65_536  # bytes of a note


def key(origin: str, size: int) -> str:
    """Where the second place holds the checkpoint of this log and size."""
    return f"{_folder(origin)}{size:012d}.checkpoint"


def publish(note: str, place: Storage, *, retain_until: datetime | None = None) -> bool:
    """Put a signed checkpoint into a second place; False where the same one stays there with another signature.

    Raises `IntegrityBroken` where another root was published for this size: two histories of one log.
    """
    mine = checkpoint.parse(note, "checkpoint").checkpoint
    name, data = key(mine.origin, mine.size), note.encode()
    there = settle(place, name, data, retain_until=retain_until)
    _refuse_fork(_read(there, name).checkpoint, mine, f"{name} in {place.url}")
    return there == data


def published(place: Storage, origin: str) -> tuple[Note, ...]:
    """The checkpoints of this log in a second place, smallest first; nobody's signature is checked.

    Empty where there is none. Raises `IntegrityBroken` at an object that is no checkpoint of the name it bears.
    """
    found = []
    for info in place.list(_folder(origin)):
        note = _read(place.read(info.key, length=_LONGEST), info.key)
        if key(note.checkpoint.origin, note.checkpoint.size) != info.key or note.checkpoint.origin != origin:
            what = f"the checkpoint of {note.checkpoint.size} leaves of {note.checkpoint.origin}"
            raise IntegrityBroken(Fault(info.key, what, "the one that its name says", "Somebody moved it."))
        found.append(note)
    return tuple(found)


def load_saved(path: Path) -> Note | None:
    """The checkpoint in an auditor's own file, None where there is no file yet.

    Raises `BadInput` where the file cannot be read, or holds anything else.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _unusable(path, error) from error
    try:
        return _read(data, f"checkpoint {path}")
    except IntegrityBroken as broken:
        raise BadInput(broken.faults) from None


def save(path: Path, note: Note) -> None:
    """Keep a checkpoint in an auditor's own file, whole or not at all. Prove first that it follows the one there.

    Raises `BadInput` where another log's is there or the file cannot be written, and `IntegrityBroken` where the
    one there is larger, or has another root for this size: then the log has lost or changed what it had.
    """
    saved, mine = load_saved(path), note.checkpoint
    if saved is not None:
        _refuse_other_log(saved.checkpoint, mine, path)
        _refuse_fork(saved.checkpoint, mine, f"checkpoint {path}")
        if saved.checkpoint.size > mine.size:
            found, expected = f"a log of {mine.size} leaves", f"at least {saved.checkpoint.size}, as seen before"
            raise IntegrityBroken(Fault(f"checkpoint {path}", found, expected, "The end of the log was cut off."))
    try:
        _replace(path, note.text.encode())
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from error


def _folder(origin: str) -> str:
    return f"{FOLDER}{encode(origin)}/"


def _read(data: bytes, subject: str) -> Note:
    try:
        return checkpoint.parse(data.decode(), subject)
    except UnicodeDecodeError:
        raise IntegrityBroken(Fault(subject, "bytes that are no text", "a signed checkpoint")) from None


def _refuse_fork(there: Checkpoint, mine: Checkpoint, subject: str) -> None:
    if (there.origin, there.size) == (mine.origin, mine.size) and there.root != mine.root:
        remedy = "There are two histories of this log: one of them was rewritten. Keep both copies."
        found, expected = f"root {mine.root.hex()} for {mine.size} leaves", f"root {there.root.hex()}, as it was before"
        raise IntegrityBroken(Fault(subject, found, expected, remedy))


def _refuse_other_log(there: Checkpoint, mine: Checkpoint, path: Path) -> None:
    if there.origin != mine.origin:
        remedy = "Keep one file for each log."
        raise BadInput(Fault(f"checkpoint {path}", f"one of {there.origin}", f"one of {mine.origin}", remedy))


def _replace(path: Path, data: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _unusable(path: Path, error: Exception) -> BadInput:
    found = getattr(error, "strerror", None) or "a name that cannot be used"
    return BadInput(Fault(f"checkpoint {path}", found, "a file that can be read and written"))
