"""Where things lie in a store, and what a report is called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from retroaudit.faults import BadInput, Fault
from retroaudit.storage.keys import encode

BLOBS = "blobs/sha256/"
REPORTS = "reports/v1/"
ENTRIES = "entries/v1/"
COMMITS = "log/commits/"
TILES = "log/tile/"
ANCHORS = "log/anchors/"
MANIFEST = "manifest.dsse.json"
_LONGEST = 200
_REVISION = re.compile(r"[1-9][0-9]{0,5}")
_FORM = "model/window/kind/part/rev"
_COMMITS_A_FOLDER = 1_000_000
_ENTRY_KEY = re.compile(ENTRIES + r"kind=([a-z]+)/(?:[a-z]+=[^/]+/)*([0-9a-f]{64})\.dsse\.json")
_MANIFEST_KEY = re.compile(r"rev=([0-9]{6})/" + re.escape(MANIFEST))
_COMMIT_KEY = re.compile(COMMITS + r"([0-9]{6})/(\1[0-9]{6})")


@dataclass(frozen=True, order=True)
class ReportId:
    """One revision of one report. `ReportId.parse(str(report)) == report`."""

    model: str
    window: str
    kind: str
    part: str
    rev: int  # 1, 2, …

    def __post_init__(self) -> None:
        faults = [
            Fault(f"{name} of a report id", repr(text[:_LONGEST]), f"1 to {_LONGEST} printable characters without /")
            for name, text in (("model", self.model), ("window", self.window), ("kind", self.kind), ("part", self.part))
            if not 0 < len(text) <= _LONGEST or "/" in text or not text.isprintable()
        ]
        if not _REVISION.fullmatch(str(self.rev)):
            faults.append(Fault("rev of a report id", str(self.rev)[:20], "1 to 999999"))
        if faults:
            raise BadInput(faults)

    def __str__(self) -> str:
        return f"{self.model}/{self.window}/{self.kind}/{self.part}/{self.rev}"

    @classmethod
    def parse(cls, text: str) -> ReportId:
        """The id in its text form; raises `BadInput` where it is none."""
        parts = text.split("/")
        if len(parts) != _FORM.count("/") + 1 or not _REVISION.fullmatch(parts[-1]):
            raise BadInput(Fault("report id", repr(text[:_LONGEST]), _FORM))
        model, window, kind, part, rev = parts
        return cls(model, window, kind, part, int(rev))

    @property
    def series(self) -> str:
        """The id without its revision: what all revisions share."""
        return str(self).rpartition("/")[0]

    @property
    def folder(self) -> str:
        """The prefix of everything that is kept under this id."""
        return f"{self.series_folder}rev={self.rev:06d}/"

    @property
    def series_folder(self) -> str:
        """The prefix of all revisions."""
        model, window, part = encode(self.model), encode(self.window), encode(self.part)
        return f"{REPORTS}model={model}/window={window}/audit={encode(self.kind)}/part={part}/"

    @property
    def manifest_key(self) -> str:
        """The key of the signed manifest."""
        return self.folder + MANIFEST

    @property
    def supersedes(self) -> ReportId | None:
        """The revision before this one."""
        return replace(self, rev=self.rev - 1) if self.rev > 1 else None

    def revision_of(self, key: str) -> int | None:
        """The revision that a key in this series names, or None where the key is no manifest of the series."""
        found = _MANIFEST_KEY.fullmatch(key.removeprefix(self.series_folder))
        return int(found[1]) if found and key.startswith(self.series_folder) else None


def blob_key(sha256: str) -> str:
    """The key of a file's content."""
    return f"{BLOBS}{sha256[:2]}/{sha256}"


def entry_key(kind: str, about: Iterable[tuple[str, str]], sha256: str) -> str:
    """The key of an entry that is no report: its kind, what it is about, and the sha256 of its body."""
    folders = "".join(f"{name}={encode(value)}/" for name, value in (("kind", kind), *about))
    return f"{ENTRIES}{folders}{sha256}.dsse.json"


def entry_kind(key: str) -> str | None:
    """The kind that an entry's key names (`report` for a manifest), or None where the key is no entry's."""
    if key.startswith(REPORTS) and key.endswith(f"/{MANIFEST}"):
        return "report"
    found = _ENTRY_KEY.fullmatch(key)
    return found[1] if found else None


def anchor_key(size: int) -> str:
    """The key of the time-stamp over the checkpoint of a size."""
    return f"{ANCHORS}{size:012d}.tsr"


def commit_key(number: int) -> str:
    """The key of a commit: `log/commits/000000/000000000042`, a million a folder."""
    return f"{COMMITS}{number // _COMMITS_A_FOLDER:06d}/{number:012d}"


def commit_number(key: str) -> int | None:
    """The number that a commit's key names, or None where the key is no commit's."""
    found = _COMMIT_KEY.fullmatch(key)
    return int(found[2]) if found else None
