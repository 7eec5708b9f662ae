"""What an audit would read, before it reads: the passes of `run --explain`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from retroaudit.archive.footer import Footer, parse, tail
from retroaudit.archive.inputs import Pinned as PinnedObject
from retroaudit.artefacts import Pinned, Places, Work
from retroaudit.faults import Unreadable
from retroaudit.measuring import Ahead, look_ahead
from retroaudit.spec.model import Spec
from retroaudit.storage.protocol import Storage


@dataclass(frozen=True)
class Pass:
    """Neighbouring partitions that are read alike, or not at all.

    `rows`, and `bytes` of the columns as they are stored, are from the footers of their log files. `fetched` are the
    bytes that leave the store: a remote object is copied whole. `requests` are those to the archive; a local one
    answers none.
    """

    role: str
    partitions: tuple[str, ...]
    columns: tuple[str, ...]
    with_labels: bool
    rows: int
    bytes: int
    fetched: int
    requests: int
    states_there: int
    states_new: int

    def summary(self) -> dict[str, Any]:
        """The pass as plain values, for JSON."""
        return {**vars(self), "partitions": list(self.partitions), "columns": list(self.columns)}


def passes(pinned: Pinned, places: Places) -> tuple[Pass, ...]:
    """The passes over the archive that `measure` would make now; those that read nothing are named too."""
    ahead, before = [], set[Work]()
    for work in pinned.work():
        same = replace(work, role="")  # of two references that share a day, the first reads it
        ahead.append(Ahead.none(work) if same in before else look_ahead(pinned.spec, work, places.states))
        before.add(same)
    alike = groupby(ahead, key=lambda each: (each.work.role, each.columns, each.with_labels))
    return tuple(_pass(pinned.spec, tuple(group), places.archive) for _, group in alike)


def _pass(spec: Spec, group: Sequence[Ahead], archive: Storage) -> Pass:
    first = group[0]
    read = [each for each in group if not each.nothing]
    logs = [(each, pinned) for each in read for pinned in each.work.partition.logs]
    beside = [
        o for each in read if each.with_labels for o in (*each.work.partition.labels, *each.work.partition.control)
    ]
    footers = [(each.columns, _footer(pinned, archive, spec)) for each, pinned in logs]
    remote = not archive.url.startswith("file:")
    objects = [*(pinned for _, pinned in logs), *beside]
    return Pass(
        role=first.work.role,
        partitions=tuple(each.work.partition.key for each in group),
        columns=tuple(sorted(first.columns)),
        with_labels=bool(beside),
        rows=sum(found.rows for _, found in footers if found),
        bytes=sum(_stored(found, columns) for columns, found in footers if found) + _size(beside),
        fetched=_size(objects) if remote else 0,
        requests=len(objects) if remote else 0,
        states_there=sum(each.kept for each in group),
        states_new=sum(len(each.missing) for each in group),
    )


def _size(objects: Iterable[PinnedObject]) -> int:
    return sum(each.info.size for each in objects)


def _footer(pinned: PinnedObject, archive: Storage, spec: Spec) -> Footer | None:
    """The object's footer, or None where it cannot be read: its partition will be excluded."""
    info = pinned.info
    try:
        data = tail(
            lambda start, length: archive.read(info.key, version=info.version, start=start, length=length),
            info.size,
            info.key,
        )
        return parse(data, info.key, spec.limits)
    except Unreadable:
        return None


def _stored(found: Footer, columns: Iterable[str]) -> int:
    """Compressed bytes of the columns in all row groups."""
    leaves = [found.columns[name].leaf for name in columns if name in found.columns]
    groups = [found.metadata.row_group(number) for number in range(found.metadata.num_row_groups)]
    return sum(group.column(leaf).total_compressed_size for group in groups for leaf in leaves if leaf is not None)
