"""How a partition's rows were accounted for, as a state: with it, a partition is audited without being read.

State: `section` (String: a field of `Accounting`), `name` (String, a key where the field is a mapping, or a text),
`count` (Int64). Fields that are None, and empty mappings, have no lines; a mapping that is empty and not None has one
line without a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from retroaudit.archive.inputs import Accounting
from retroaudit.measures.measure import State

NAME, VERSION = "account", 1
_SCHEMA = {"section": pl.String, "name": pl.String, "count": pl.Int64}
_NUMBERS = ("read", "counted", "control", "duplicate_ids", "null_ids")
_TABLES = ("excluded", "labels", "control_by_version")
_FAULT = "control_fault"


def state(accounting: Accounting) -> State:
    """The account of a partition that was read; one that could not be read is not kept, but tried again."""
    return pl.DataFrame(list(_lines(accounting)), schema=_SCHEMA, orient="row")


def finish(lines: State, partition: str, objects: int) -> Accounting:
    """The same account again, of the partition with this key and so many objects."""
    fields: dict[str, Any] = {"control_by_version": None}
    for section, name, count in lines.iter_rows():
        if section in _NUMBERS:
            fields[section] = count
        elif section == _FAULT:
            fields[section] = name
        else:
            fields[section] = (fields.get(section) or {}) | ({} if name is None else {name: count})
    return Accounting(partition, objects, **fields)


def _lines(accounting: Accounting) -> Iterator[tuple[str, str | None, int | None]]:
    for section in _NUMBERS:
        if (number := getattr(accounting, section)) is not None:
            yield section, None, number
    for section in _TABLES:
        table: Mapping[str, int] | None = getattr(accounting, section)
        if table is not None:
            yield from (
                ((section, name, count) for name, count in sorted(table.items())) if table else ((section, None, None),)
            )
    if accounting.control_fault:
        yield _FAULT, accounting.control_fault, None
