"""Where proposals come from: the objects of a pattern, pinned, with the columns that their footers name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from retroaudit.archive.hashing import Memory
from retroaudit.archive.inputs import Inputs
from retroaudit.archive.partitions import days_present
from retroaudit.archive.pin import pin
from retroaudit.archive.schema import survey
from retroaudit.faults import BadInput, Fault
from retroaudit.spec.model import Columns, Logs, Spec
from retroaudit.spec.paths import DATE, path_faults
from retroaudit.spec.window import Window, parse_window, snapshot
from retroaudit.storage.open import open_storage
from retroaudit.storage.protocol import Erasable, Storage

NEWEST_DAYS = 7
_NEVER = "1970-01-01"

Kind = Literal["number", "truth", "text", "time", "other"]
_KINDS: Mapping[Kind, tuple[str, ...]] = {
    "number": ("int", "uint", "float", "double", "halffloat", "decimal128"),
    "truth": ("bool",),
    "text": ("string",),
    "time": ("timestamp", "date"),
}


@dataclass(frozen=True)
class Place:
    """The archive, and a scratch folder for copies of its objects and for what is remembered of them."""

    archive: Storage
    scratch: Erasable
    spool: Path


@dataclass(frozen=True)
class Source:
    """Objects of one pattern, with the columns of most files and their type names, in the order of the files.

    `unsteady` are columns that some file lacks, or has in a type of another kind, each with what was found there.
    """

    spec: Spec
    inputs: Inputs
    columns: Mapping[str, str]
    unsteady: Mapping[str, str]

    def kind(self, name: str) -> Kind:
        """What may be measured of a column; nothing of one that is not alike in all files."""
        return "other" if name in self.unsteady else _kind(self.columns[name])

    @property
    def pattern(self) -> str:
        """The path pattern."""
        return self.spec.logs.path

    @property
    def dated(self) -> bool:
        """Whether its partitions are days."""
        return DATE in self.pattern


def opened(archive: str, spool: Path) -> Place:
    """The archive at a URL. Raises `BadInput` where there is none."""
    scratch = open_storage((spool / "scratch").as_uri(), create=True, durable=False)
    return Place(open_storage(archive), scratch, spool)


def source(place: Place, option: str, pattern: str, window: str | None) -> Source:
    """The objects that match a pattern in a window: by default on the newest days that have any.

    Raises `BadInput`, in the option's name, for a pattern that is none or matches nothing, for a window without any
    object, and where the footer of no object can be read.
    """
    if faults := [Fault(option, repr(pattern[:200]), expected) for expected in path_faults(pattern)]:
        raise BadInput(faults)
    spec = Spec(model="proposal", owner="nobody", logs=Logs(path=pattern), columns=Columns())
    asked = _window(place.archive, option, pattern, window)
    try:
        inputs = pin(spec, asked, None, place.archive, Memory(place.scratch))
    except BadInput as error:
        renamed = (replace(each, subject=option) if each.subject == "logs.path" else each for each in error.faults)
        raise BadInput(renamed) from error
    if not inputs.partitions:
        raise BadInput(Fault(f"{option} {asked.key}", "no object in the archive", "a window with days that are there"))
    found = survey(spec, inputs, place.archive)
    unlike = {each.column: each.found for each in found.changes if not _alike(each.found, each.expected)}
    return Source(spec, inputs, found.columns, unlike)


def _alike(found: str, expected: str) -> bool:
    """Whether values of two types may lie in one column: a file in which all are null may have no type."""
    return found == "null" or _kind(found) == _kind(expected) != "other"


def _kind(type_: str) -> Kind:
    return next((kind for kind, starts in _KINDS.items() if type_.startswith(starts)), "other")


def _window(archive: Storage, option: str, pattern: str, text: str | None) -> Window:
    if DATE not in pattern:
        if text is not None:
            raise BadInput(Fault("--window", repr(text), "no window", f"{option} has no {{date}}: it is one snapshot."))
        return snapshot()
    if text is not None:
        return parse_window(text)
    newest = days_present(archive, pattern)[-NEWEST_DAYS:] or (_NEVER,)  # without any, pinning names the nearest keys
    end = date.fromisoformat(newest[-1]) + timedelta(days=1)
    return parse_window(f"{newest[0]}/{end}")
