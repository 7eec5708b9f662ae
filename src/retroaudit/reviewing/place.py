"""The review place: samples by report, where people may look at them and from where they can be erased.

`review/<model>/<window>/<kind>/<part>/<rev>/<digest>.jsonl` holds a sample's lines, the same name ending in `.json` its
record, in `.salt` the salt of the ledger's commitment to it. Nothing else is ours there, and nothing else is touched.
"""

from __future__ import annotations

import hmac
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.coordinates import ReportId
from retroaudit.reviewing.written import Sample, parse
from retroaudit.storage.keys import encode
from retroaudit.storage.protocol import Erasable, Inspectable, settle

ROOT = "review/"
_LINES, _RECORD, _SALT = ".jsonl", ".json", ".salt"
_SALT_BYTES = 32
_OF_SERIES, _OF_REPORT = 4, 5  # parts of a report's id, without and with its revision


@dataclass(frozen=True)
class Stored:
    """What the place has of one sample; without `report` it is damaged, or was never finished."""

    key: str  # without ending
    size: int  # bytes
    modified: datetime
    report: str = ""
    masking: str = ""
    rows: int = 0

    @property
    def about(self) -> tuple[str, str]:
        """Model and window of its report; of what is damaged, as its key spells them."""
        try:
            found = ReportId.parse(self.report)
        except BadInput:
            _, model, window, *_ = self.key.split("/")
            return model, window
        return found.model, found.window

    def summary(self) -> dict[str, Any]:
        """The sample as plain values, for JSON."""
        return {**vars(self), "modified": self.modified.isoformat()}


@dataclass(frozen=True)
class Commitment:
    """What a ledger may say of a sample: it tells nothing without the salt, and goes dead with it."""

    hmac: str  # HMAC-SHA256 of the record's bytes and the lines', keyed with those of the salt
    at: datetime  # UTC: when the salt was made


def put(place: Erasable, report: ReportId, sample: Sample) -> str:
    """Keep a sample; gives its key. The lines come first: what has a record is whole."""
    return _put(place, _folder(str(report)), sample)


def commitment(place: Erasable, key: str, sample: Sample) -> Commitment:
    """The commitment to a sample that was put there, under its own salt, which is made where there is none."""
    salt = settle(place, key + _SALT, secrets.token_hex(_SALT_BYTES).encode())
    made = place.head(key + _SALT)
    if made is None:
        raise BadInput(Fault(key + _SALT, "nothing", "the salt of a sample", "Draw it again: somebody erased it."))
    return Commitment(hmac.new(salt, sample.record + sample.lines, "sha256").hexdigest(), made.modified)


def stored(place: Erasable, report: str | None = None) -> Iterator[Stored]:
    """Every sample, or those of a report (all its revisions, where it names none) or of a model, by key.

    Raises `BadInput` where `report` is none of these.
    """
    found = defaultdict(list)
    for info in place.list(_folder(report) if report else ROOT):
        stem, dot, ending = info.key.rpartition(".")
        if dot + ending in {_LINES, _RECORD, _SALT}:
            found[stem].append(info)
    for key, objects in found.items():
        size, modified = sum(info.size for info in objects), max(info.modified for info in objects)
        sample = _read(place, key, [info.key for info in objects])
        about = {} if sample is None else {name: sample.about[name] for name in ("report", "masking")}
        yield Stored(key, size, modified, **about, rows=0 if sample is None else sample.lines.count(b"\n"))


def older(samples: Iterable[Stored], now: datetime, than: timedelta) -> Iterator[Stored]:
    """Those that were put there longer ago than that; one that a person was erased from was put there then."""
    return (each for each in samples if now - each.modified > than)


def erase(place: Erasable, samples: Iterable[Stored]) -> None:
    """Remove samples, the lines first, and what a killed writer left half written."""
    for each in samples:
        _remove(place, each.key)
    if isinstance(place, Inspectable):
        for key in place.strays():
            if not key.endswith("/"):
                place.erase(key)


def forget(place: Erasable, samples: Iterable[Stored], ref: str, *, do: bool) -> dict[str, int]:
    """Remove a person's rows from samples, where `do`; gives how many there are by sample, of those that have some.

    Such a sample is written anew without them, under another name; a damaged or unfinished one goes whole.
    """
    found = {}
    for each in samples:
        keys = [info.key for info in place.list(each.key)]
        lines = place.read(each.key + _LINES) if each.key + _LINES in keys else b""
        sample = _read(place, each.key, keys)
        kept, gone = (None, lines.count(ref.encode())) if sample is None else sample.without(ref)
        if not gone:
            continue
        found[each.key] = gone
        if do and kept is not None:
            _put(place, each.key.rpartition("/")[0] + "/", kept)
        if do:
            _remove(place, each.key)
    if do:
        erase(place, ())
    return found


def _put(place: Erasable, folder: str, sample: Sample) -> str:
    key = folder + sample.digest
    place.put_if_absent(key + _LINES, sample.lines)
    place.put_if_absent(key + _RECORD, sample.record)
    return key


def _remove(place: Erasable, key: str) -> None:
    for ending in (_LINES, _SALT, _RECORD):
        place.erase(key + ending)


def _read(place: Erasable, key: str, keys: Collection[str]) -> Sample | None:
    """The sample of these objects; None where one of them is missing, or not as it was put there."""
    if not {key + _LINES, key + _RECORD} <= set(keys):
        return None
    return parse(place.read(key + _RECORD), place.read(key + _LINES), key.rpartition("/")[2])


def _folder(report: str) -> str:
    """The prefix of a model's samples, of a report's, or of one revision's."""
    parts = report.split("/")
    if not all(parts) or len(parts) not in {1, _OF_SERIES, _OF_REPORT}:
        raise BadInput(
            Fault("report", repr(report[:200]), "model, model/window/kind/part or model/window/kind/part/rev")
        )
    return ROOT + "/".join(map(encode, parts)) + "/"
