"""How a partition's rows were accounted for, as a state: with it, a partition is audited without being read.

State: `section` (String: a field of `Accounting`), `name` (String, a key where the field is a mapping, or a text),
`count` (Int64), `cutoff` (Int8, which of the partition's cut-offs the line is about; null where it is about all).
Fields that are None have no lines; a mapping has one without a name besides, so that an empty one is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import polars as pl

from retroaudit.archive.inputs import Accounting
from retroaudit.measures.measure import State

NAME, VERSION = "account", 1
_SCHEMA = {"section": pl.String, "name": pl.String, "count": pl.Int64, "cutoff": pl.Int8}
_NUMBERS = ("read", "counted", "control", "duplicate_ids", "null_ids")
_TABLES = ("excluded", "control_by_version")
_LABELS, _FAULT = "labels", "control_fault"
Line = tuple[str, str | None, int | None, int | None]


def state(accountings: Sequence[Accounting]) -> State:
    """The account of a partition that was read, at each of its cut-offs: they differ in their labels alone.

    One that could not be read is not kept, but tried again.
    """
    labels = (_table(_LABELS, each.labels, cutoff) for cutoff, each in enumerate(accountings))
    return pl.DataFrame([*_lines(accountings[0]), *chain.from_iterable(labels)], schema=_SCHEMA, orient="row")


def finish(lines: State, partition: str, objects: int, cutoff: int) -> Accounting:
    """The account at one of the cut-offs, of the partition with this key and so many objects."""
    fields: dict[str, Any] = {}
    for section, name, count, about in lines.iter_rows():
        if about not in {None, cutoff}:
            continue
        if section in _NUMBERS:
            fields[section] = count
        elif section == _FAULT:
            fields[section] = name
        else:
            fields[section] = fields.get(section, {}) | ({} if name is None else {name: count})
    return Accounting(partition, objects, **fields)


def _lines(accounting: Accounting) -> Iterator[Line]:
    for section in _NUMBERS:
        if (number := getattr(accounting, section)) is not None:
            yield section, None, number, None
    for section in _TABLES:
        if (table := getattr(accounting, section)) is not None:
            yield from _table(section, table, None)
    if accounting.control_fault:
        yield _FAULT, accounting.control_fault, None, None


def _table(section: str, table: Mapping[str, int], cutoff: int | None) -> Iterator[Line]:
    yield section, None, None, cutoff
    yield from ((section, name, count, cutoff) for name, count in sorted(table.items()))
