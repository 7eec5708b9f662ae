"""Schemas and row counts of a window, from the footers of its objects alone; what the spec asks for against them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from retroaudit.archive.footer import Column, Kind, parse, tail
from retroaudit.archive.inputs import Inputs, Partition, Pinned, Schema, SchemaChange
from retroaudit.archive.outcomes import positives
from retroaudit.archive.rows import RESERVED
from retroaudit.faults import BadInput, Fault, Unreadable
from retroaudit.spec.features import best, expand
from retroaudit.spec.model import Limits, Spec
from retroaudit.spec.tree import show
from retroaudit.spec.wording import did_you_mean
from retroaudit.storage.protocol import Storage

ABSENT = "absent"
_READERS = 8  # footers asked for at once; the order of results does not depend on it


@dataclass(frozen=True)
class _File:
    partition: str
    rows: int
    columns: Mapping[str, Column]


def survey(spec: Spec, inputs: Inputs, storage: Storage) -> Schema:
    """Read the footer of every log, label and reference object.

    Raises `BadInput`, all faults at once, for columns that the spec names and no readable file has (with the
    nearest name), for types that are wrong for their use in every file, and for more rows than `limits.rows`.
    A file that cannot be read says nothing here: its partition will be excluded with the reason, the audit goes on.
    """
    reference = (inputs.reference,) if inputs.reference else ()
    logs = _footers(inputs.partitions, storage, spec.limits)
    labels = _footers([_only_labels(each) for each in inputs.partitions], storage, spec.limits)
    held = _footers(reference, storage, spec.limits)
    rows = sum(file.rows for file in logs)
    faults = [*_log_faults(spec, logs), *_label_faults(spec, labels)]
    if rows > spec.limits.rows:
        remedy = "Audit a shorter window, or raise the limit."
        faults.append(Fault("archive", f"{rows} rows to read", f"at most {spec.limits.rows} (limits.rows)", remedy))
    if faults:
        raise BadInput(faults)
    compared = {name for file in logs for name in file.columns if best(spec.columns.features, name)}
    changes = (*_changes(logs, logs), *_changes(logs, held, only=compared))
    usual = _usual(logs, absent=False)
    in_order = dict.fromkeys(name for file in logs for name in file.columns if name in usual)
    return Schema({name: usual[name] for name in in_order}, changes)


def _only_labels(partition: Partition) -> Partition:
    return Partition(partition.key, partition.start, partition.end, partition.labels)


def _footers(partitions: Iterable[Partition], storage: Storage, limits: Limits) -> list[_File]:
    """What the footers of the partitions' logs say, in order, without those that cannot be read.

    Some are fetched at once, since a store may be far away; they are parsed one by one and not kept.
    """
    work = [(partition.key, pinned) for partition in partitions for pinned in partition.logs]
    files: list[_File] = []
    with ThreadPoolExecutor(_READERS) as pool:
        for start in range(0, len(work), _READERS):
            some = work[start : start + _READERS]
            tails = pool.map(partial(_tail, storage=storage), [pinned for _, pinned in some])
            for (partition, pinned), data in zip(some, tails, strict=True):
                if data is not None:
                    with suppress(Unreadable):
                        found = parse(data, pinned.info.key, limits)
                        files.append(_File(partition, found.rows, found.columns))
    return files


def _tail(pinned: Pinned, storage: Storage) -> bytes | None:
    info = pinned.info
    try:
        return tail(
            lambda start, length: storage.read(info.key, version=info.version, start=start, length=length),
            info.size,
            info.key,
        )
    except Unreadable:
        return None


def _usual(files: Iterable[_File], *, absent: bool) -> Mapping[str, str]:
    """The commonest type of each column, the first by name among equals; `absent` counts where it is asked for."""
    files = list(files)
    counts: dict[str, Counter[str]] = {}
    for file in files:
        for name, column in file.columns.items():
            if name[:1] != RESERVED:
                counts.setdefault(name, Counter())[column.type] += 1
    if absent:
        for count in counts.values():
            count[ABSENT] = len(files) - count.total()
    return {name: min(count, key=lambda kind: (-count[kind], kind)) for name, count in sorted(counts.items())}


def _changes(logs: list[_File], files: Iterable[_File], only: Collection[str] | None = None) -> Iterator[SchemaChange]:
    """Every column of every file that is not as most of the window's files have it, once a partition.

    Of a reference, `only` the features are compared: it need not have what belongs to decisions.
    """
    usual = _usual(logs, absent=True)
    seen = set()
    for file in files:
        present = file.columns
        names = sorted(usual.keys() | {name for name in present if name[:1] != RESERVED})
        for name in names:
            found = present[name].type if name in present else ABSENT
            expected = usual.get(name, ABSENT)
            change = SchemaChange(file.partition, name, found, expected)
            if only is not None and name not in only:
                continue
            if found != expected and change not in seen:
                seen.add(change)
                yield change


def _label_faults(spec: Spec, labels: list[_File]) -> Iterator[Fault]:
    """Columns of labels that no readable label file has."""
    if not labels or spec.labels is None:
        return
    have = {name for file in labels for name in file.columns}
    own = {"columns.id": spec.columns.id, "columns.label": spec.columns.label, "labels.arrived": spec.labels.arrived}
    for place, name in own.items():
        if name is not None and name not in have:
            yield Fault(place, f"no column {show(name)} in labels", "a column of labels.path", did_you_mean(name, have))


def _log_faults(spec: Spec, logs: list[_File]) -> tuple[Fault, ...]:
    """Columns that the spec names and no readable file has, or else types that are wrong for their use."""
    columns = _usual(logs, absent=False)
    if not columns:
        return ()
    try:
        expanded = expand(spec, columns)
    except BadInput as error:
        return error.faults
    return tuple(_type_faults(expanded, logs))


def _type_faults(spec: Spec, logs: list[_File]) -> Iterator[Fault]:
    """Types that are wrong for their use in every readable file that has the column."""
    own, words = spec.columns, positives(spec.columns.positive)
    comparable: tuple[Kind, ...] = ("text",) if all(isinstance(word, str) for word in words) else ("numeric", "text")
    label = None if spec.labels else own.label
    uses: list[tuple[str, str | None, tuple[Kind, ...], str]] = [
        ("columns.score", own.score, ("numeric",), "numbers"),
        ("columns.time", own.time, ("time", "text"), "times, or ISO 8601 text"),
        ("columns.prediction", own.prediction, comparable, "values to compare with columns.positive"),
        ("columns.label", label, comparable, "values to compare with columns.positive"),
    ]
    for feature, kind in own.features.items():
        if kind == "numeric":
            uses.append(("columns.features", feature, ("numeric",), "numbers"))
        else:
            uses.append(("columns.features", feature, ("numeric", "text", "time"), "plain values"))
    for where, name, allowed, expected in uses:
        if name is None:
            continue
        have = [file.columns[name] for file in logs if name in file.columns]
        if have and not any(_fits(column, allowed) for column in have):
            yield Fault(f"{where} {name[:100]!r}", f"{have[0].type} in every file", expected)


def _fits(column: Column, allowed: tuple[Kind, ...]) -> bool:
    return column.kind in allowed or column.type == "null"
