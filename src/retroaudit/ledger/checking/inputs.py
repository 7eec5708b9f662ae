"""Whether what reports were made of is still there, and what explains it where it is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from retroaudit.faults import RetroauditError
from retroaudit.ledger.checking.digests import Digests
from retroaudit.ledger.checking.findings import Findings
from retroaudit.ledger.checking.reading import describe
from retroaudit.ledger.checking.rules import Place
from retroaudit.ledger.entries import Recorded
from retroaudit.ledger.kinds import Erasure
from retroaudit.ledger.manifest import Manifest
from retroaudit.ledger.statement import File
from retroaudit.storage.protocol import ObjectInfo, Storage

_MOST_READ = 256 << 20  # bytes of an object that is hashed


@dataclass(frozen=True)
class _Input:
    report: str
    model: str
    index: int  # of the report's leaf
    partition: str | None
    key: str
    version: str | None
    size: int | None
    checksum: str | None
    sha256: str | None


@dataclass
class Inputs:
    """Takes reports in the log's order, and compares each object once; `archive` is where they were, if it is had."""

    archive: Storage | None
    findings: Findings
    only: str | None = None  # the one report whose inputs are compared
    checked: int = 0
    _seen: Digests = field(default_factory=Digests)
    _gone: list[tuple[_Input, str, str]] = field(default_factory=list)
    _replaced: dict[tuple[str, str], str | None] = field(default_factory=dict)  # who read what is there now
    _erasures: list[tuple[Place, Erasure]] = field(default_factory=list)

    def entry(self, place: Place, found: Recorded) -> None:
        """A declared erasure explains what was changed by it."""
        body = found.entry.body
        if isinstance(body, Erasure) and body.scope == "archive":
            self._erasures.append((place, body))

    def report(self, place: Place, found: Manifest) -> None:
        """A report's inputs."""
        if self.archive is None or self.only not in {None, str(found.report)}:
            return
        definition = found.predicate.get("buildDefinition")
        named = definition.get("resolvedDependencies") if isinstance(definition, dict) else None
        for each in named if isinstance(named, list) else []:
            one = _input(each, found, place.index)
            if one is None:
                self.findings.not_checked(f"input of {found.report}", "its manifest names it in another form")
            elif (identity := repr((one.key, one.version, one.size, one.checksum, one.sha256))) not in self._seen:
                self._seen.add(identity)
                self._compare(self.archive, one)

    def finish(self) -> None:
        """After the last entry: what is changed or gone is a problem, unless the log explains it.

        It does where a later report was made of what is there now, and where a later entry declares the erasure.
        """
        for one, expected, found in self._gone:
            if later := self._replaced.get((one.model, one.key)):
                was = f"{one.key} in the archive is not what {one.report} was made of"
                self.findings.notes.append(f"{was}: {later}, sealed later, was made of what is there now")
                continue
            entry = next((each for each in self._erasures if _explains(*each, one)), None)
            if entry is None:
                meaning = f"what {one.report} was made of changed or is gone since, and no erasure was declared for it"
                self.findings.problem(f"{one.key} in the archive", expected, found, meaning)
            else:
                place, body = entry
                rows = "an unknown number of rows" if body.rows is None else f"{body.rows} rows"
                why = f"{rows} were erased, by {body.by} on {body.at}: {body.reason} (entry {place.key})"
                self.findings.notes.append(f"{one.key} in the archive is not what {one.report} was made of: {why}")

    def _compare(self, archive: Storage, one: _Input) -> None:
        self.checked += 1
        try:
            info = archive.head(one.key)
            there = "nothing" if info is None else self._difference(archive, info, one)
        except RetroauditError as error:
            self.findings.not_checked(f"input {one.key}", str(error))
            return
        if there:
            self._gone.append((one, _expected(one), there))
            self._replaced.setdefault((one.model, one.key), None)
        elif (one.model, one.key) in self._replaced:  # it was gone for a report before this one
            self._replaced[one.model, one.key] = one.report

    def _difference(self, archive: Storage, info: ObjectInfo, one: _Input) -> str | None:
        """What is there instead, None where it is the same as far as it can be told."""
        if one.version is not None and info.version is not None:
            return None if info.version == one.version else f"version {info.version}"
        if one.size is not None and info.size != one.size:
            return f"{info.size} bytes"
        if one.checksum and info.checksum and _kind(one.checksum) == _kind(info.checksum):
            return None if one.checksum == info.checksum else info.checksum
        if one.sha256 is None or info.size > _MOST_READ:
            self.findings.not_checked(f"input {one.key}", "its size alone was compared")
            return None
        return describe(archive, one.key, File(one.key, one.sha256, info.size))


def _input(each: Any, found: Manifest, index: int) -> _Input | None:
    notes = each.get("annotations") if isinstance(each, dict) else None
    digest = each.get("digest") if isinstance(each, dict) else None
    if not isinstance(notes, dict) or not isinstance(notes.get("key"), str):
        return None
    size = notes.get("size")
    sha256 = digest.get("sha256") if isinstance(digest, dict) else None
    return _Input(
        str(found.report),
        found.report.model,
        index,
        _text(notes.get("partition")),
        notes["key"],
        _text(notes.get("version")),
        size if isinstance(size, int) else None,
        _text(notes.get("checksum")),
        _text(sha256),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _kind(checksum: str) -> str:
    return checksum.partition(":")[0]


def _expected(one: _Input) -> str:
    told = (("version", one.version), ("sha256", one.sha256), ("", one.checksum))
    facts = [f"{one.size} bytes" if one.size is not None else "", *(f"{name} {text}" for name, text in told if text)]
    return ", ".join(fact.strip() for fact in facts if fact) or "an object"


def _explains(place: Place, body: Erasure, one: _Input) -> bool:
    return body.model == one.model and one.partition in body.partitions and place.index > one.index
