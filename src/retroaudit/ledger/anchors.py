"""Outside evidence of a log's size and root: checkpoints kept where whoever keeps the log cannot change them.

A second place is a directory or bucket under somebody else's control:

    checkpoints/<origin>/000000000042.checkpoint     the signed checkpoint of 42 leaves
    timestamps/<origin>/000000000042.tsr             a third party's time-stamp over it, see `timestamps`

An auditor's own file holds the last checkpoint that they saw.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from retroaudit.faults import BadInput, Fault, IntegrityBroken, RetroauditError
from retroaudit.ledger import checkpoint
from retroaudit.ledger.checkpoint import Checkpoint, Note
from retroaudit.ledger.signing import PublicKey
from retroaudit.storage.keys import encode
from retroaudit.storage.protocol import Storage, settle

FOLDER = "checkpoints/"
_LONGEST = 65_536  # bytes of a note


def key(origin: str, size: int) -> str:
    """Where the second place holds the checkpoint of this log and size."""
    return f"{_folder(origin)}{size:012d}.checkpoint"


def publish(note: str, place: Storage, *, keys: Sequence[PublicKey] = (), retain_until: datetime | None = None) -> bool:
    """Put a signed checkpoint into a second place; False where the same one stays there with another signature.

    `keys` are the log's, as far as they are known: without any, the key that a checkpoint names is taken at its word.
    Raises `IntegrityBroken` where something else lies there: two histories of one log where a key of the log signed
    that too, else somebody's who put it there.
    """
    wanted = checkpoint.parse(note, "checkpoint")
    mine = wanted.checkpoint
    name, data = key(mine.origin, mine.size), note.encode()
    data_there = settle(place, name, data, retain_until=retain_until)
    subject = f"{name} in {place.url}"
    there = _read(data_there, subject, _SQUATTED)
    if there.checkpoint != mine and not _vouched(there, wanted, keys):
        raise IntegrityBroken(Fault(subject, f"a checkpoint that {_signers(there)} signed", "this log's", _SQUATTED))
    if there.checkpoint.origin != mine.origin or there.checkpoint.size != mine.size:
        found = f"the checkpoint of {there.checkpoint.size} leaves of {there.checkpoint.origin}"
        raise IntegrityBroken(Fault(subject, found, "the one that its name says", "Somebody moved it."))
    _refuse_fork(there.checkpoint, mine, subject)
    return data_there == data


def published(place: Storage, origin: str) -> tuple[Note, ...]:
    """The checkpoints in a second place that bear this log's name, smallest first; nobody's signature is checked.

    Empty where there is none. What is no checkpoint of the name it bears is passed over.
    """
    return tuple(note for _, note in candidates(place, origin) if note)


def candidates(place: Storage, origin: str) -> Iterator[tuple[str, Note | None]]:
    """Every object where a second place holds this log's checkpoints; None for what is none of its name."""
    for info in place.list(_folder(origin)):
        try:
            note = _read(place.read(info.key, length=_LONGEST), info.key)
        except RetroauditError:
            yield info.key, None
            continue
        found = note.checkpoint
        yield info.key, note if (key(found.origin, found.size), found.origin) == (info.key, origin) else None


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


def _read(data: bytes, subject: str, remedy: str = "") -> Note:
    try:
        return checkpoint.parse(data.decode(), subject)
    except UnicodeDecodeError:
        raise IntegrityBroken(Fault(subject, "bytes that are no text", "a signed checkpoint", remedy)) from None
    except IntegrityBroken as broken:
        fault = broken.faults[0]
        raise IntegrityBroken(Fault(subject, fault.found, fault.expected, remedy)) from None


def _vouched(there: Note, mine: Note, keys: Sequence[PublicKey]) -> bool:
    """Whether a key of the log signed what is there, or at least claims to have, where no key is known."""
    if keys:
        return any(map(there.signed_by, keys))
    named = {(each.name, each.key_hash) for each in mine.signatures}
    return any((each.name, each.key_hash) in named for each in there.signatures)


def _signers(note: Note) -> str:
    return ", ".join(f"{each.name[:100]} (key hash {each.key_hash.hex()})" for each in note.signatures[:3])


_SQUATTED = (
    "Somebody put something there, or it was damaged: whoever keeps this place must move it away. "
    "This checkpoint was not published."
)


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
