"""From a stored report back to the rows that it was made of, and of these a sample for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from retroaudit.archive.inputs import Pinned
from retroaudit.archive.read import read_partition
from retroaudit.archive.rows import EXCLUDED
from retroaudit.artefacts import WINDOW, Work
from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger.read import Entry, read_file
from retroaudit.progress import Progress, Step
from retroaudit.replaying import work_of
from retroaudit.report.canonical import parse
from retroaudit.reviewing.conditions import Condition, counted, limits
from retroaudit.reviewing.drawing import Drawing, Wish
from retroaudit.reviewing.expectations import expectations, without_rows
from retroaudit.reviewing.masking import FULL, MASKED
from retroaudit.reviewing.selection import ROW
from retroaudit.reviewing.strata import FailedSlices
from retroaudit.reviewing.written import Sample, write
from retroaudit.spec.digest import from_document
from retroaudit.spec.model import Spec
from retroaudit.storage.protocol import Erasable, Storage


@dataclass(frozen=True)
class Sources:
    """Where a sample comes from: the archive, the ledger's store, states where there are any, a local spool."""

    archive: Storage
    store: Storage
    states: Erasable | None
    spool: Path


def sample(
    entry: Entry, sources: Sources, salt: bytes, progress: Progress, *, rows: int, failing: int, full: bool = False
) -> Sample:
    """So many rows of all that count, and of those that break what failed, drawn at random from each stratum.

    The same report, salt and numbers give the same bytes. Values are kept as the spec's `privacy.values` says; whole
    ones only where it says `full` and `full` is asked for, else masked. For `rows` every partition is read; without,
    only those that have failing rows as far as the states know, and of these the columns that fail and have roles. In
    memory are at most 501 strata of so many rows, twice.

    Raises `BadInput` where whole values are asked for that the spec does not allow, and `IntegrityBroken` where the
    archive no longer gives what the report was made of.
    """
    document = parse(read_file(sources.store, entry, "report.json"))
    spec = from_document(json.loads(read_file(sources.store, entry, "spec.json")))
    wish = Wish(rows, failing, _masking(spec, full=full))
    work, known = _work(document)
    columns = dict(document["inputs"].get("columns", ()))  # reports before suites do not name them
    asked = (*limits(spec, document["metrics"]), *expectations(spec, document["metrics"], columns))
    conditions = counted(spec, asked, work, sources.states)
    drawing = Drawing(spec, wish, salt, conditions, FailedSlices(document["metrics"]))
    read = 0
    for number, each in enumerate(work):
        progress(Step("read", number, len(work), read))
        reads = drawing.reads(each.partition.key)
        if reads is not None:
            found = _look(drawing, spec, each, reads, sources)
            _must_be(found, known[each.partition.key], each, sources)
            read += found
    about = {"report": str(entry.report), "manifest_sha256": entry.manifest_sha256}
    told = [_told(each, work) for each in conditions]
    not_drawn = without_rows(spec, document["metrics"], columns)
    return write(drawing, spec, wish, {**about, "conditions": told, "not_drawn": list(not_drawn)})


def _masking(spec: Spec, *, full: bool) -> str:
    allowed = spec.privacy.values
    if full and allowed != FULL:
        remedy = "Whole values need both: --full, and full in the spec that the report was made with."
        raise BadInput(Fault("--full", f"privacy.values: {allowed}", f"privacy.values: {FULL}", remedy))
    return MASKED if allowed == FULL and not full else allowed


def _work(document: Mapping[str, Any]) -> tuple[tuple[Work, ...], dict[str, int]]:
    """The window's partitions that could be read, and how many rows of each the report counted."""
    rows = {each["key"]: each["rows"] for each in document["inputs"]["partitions"]}
    known = {key: each["counted"] for key, each in rows.items() if each and each["unreadable"] is None}
    work = (each for each in work_of(document) if each.role == WINDOW and each.partition.key in known)
    return tuple(work), known


def _look(drawing: Drawing, spec: Spec, work: Work, columns: frozenset[str], sources: Sources) -> int:
    """Show the drawing every row of a partition that counts; gives how many these are."""
    rows = 0
    for file, frame in _slices(spec, work, columns, sources):
        rows += frame.height
        drawing.look(frame, work.partition.key, file)
    return rows


def _slices(spec: Spec, work: Work, columns: frozenset[str], sources: Sources) -> Iterator[tuple[str, pl.DataFrame]]:
    """Rows that count with the key and number of their place, file by file; labels kept apart are not looked at."""
    for pinned in work.partition.logs:
        alone = replace(work.partition, logs=(_present(pinned, sources.archive),), labels=(), control=())
        reading = read_partition(spec, alone, (work.as_of,), columns, sources.archive, sources.spool)
        first = 0
        for frame in reading.slices:
            numbered = frame.with_row_index(ROW, first)
            first += frame.height
            yield pinned.info.key, numbered.filter(numbered[EXCLUDED].is_null())


def _present(pinned: Pinned, archive: Storage) -> Pinned:
    """The object as the archive has it: a report does not say when one without a version last changed."""
    if pinned.info.version is not None:
        return pinned
    there = archive.head(pinned.info.key)
    if there is None or there.size != pinned.info.size:
        found = "nothing" if there is None else f"{there.size} bytes"
        raise _changed(f"{archive.url}: {pinned.info.key}", found, f"the {pinned.info.size} bytes of the report")
    return replace(pinned, info=there)


def _must_be(found: int, known: int, work: Work, sources: Sources) -> None:
    if found != known:
        where = f"{sources.archive.url}: {work.partition.key}"
        raise _changed(where, f"{found} rows that count", f"the {known} of the report")


def _changed(where: str, found: str, expected: str) -> IntegrityBroken:
    remedy = "The archive has changed since: audit it again, and draw from the new report."
    return IntegrityBroken(Fault(where, found, expected, remedy))


def _told(condition: Condition, work: tuple[Work, ...]) -> dict[str, Any]:
    """A condition and how many rows break it at most, null where the states do not know."""
    counts = [condition.failing.get(each.partition.key) for each in work]
    known = [count for count in counts if count is not None]
    rows = sum(known) if len(known) == len(counts) else None
    return {"name": condition.name, "columns": list(condition.columns), "rows_at_most": rows}
