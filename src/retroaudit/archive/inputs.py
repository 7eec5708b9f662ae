"""What an audit reads: every object pinned to a version, and what each partition yielded when it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from retroaudit.spec.window import Window
from retroaudit.storage.protocol import ObjectInfo


@dataclass(frozen=True)
class Pinned:
    """One object as it was when the audit began. `sha256` is of the content, where the tier asks for it."""

    info: ObjectInfo
    sha256: str | None = None


@dataclass(frozen=True)
class Partition:
    """One day of logs with the labels of its decisions, or a whole snapshot (`start` and `end` are then None)."""

    key: str  # "2026-07-01", "snapshot", or "reference"
    start: datetime | None
    end: datetime | None
    logs: tuple[Pinned, ...]
    labels: tuple[Pinned, ...] = ()
    control: tuple[Pinned, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """All that a window's audit may read: nothing that is not listed here is opened."""

    window: Window
    as_of: datetime | None
    partitions: tuple[Partition, ...]  # in key order, only those that have logs or control totals
    missing: tuple[str, ...]  # keys of days of the window without logs
    reference: Partition | None = None
    rolling: Mapping[str, Inputs] = field(default_factory=dict)  # the rolling references, each a window of its own
    labels_due: bool = False  # the audit ran before `as_of`: labels were not complete, and none was pinned

    def rolling_as_of(self, name: str, partition: Partition) -> datetime | None:
        """When the labels of a rolling reference's partition are looked at: at the age of the window's own.

        Of a trailing one that is as long after each day's end, of the others as long after the end of them all.
        """
        if name != "trailing" or self.as_of is None or self.window.end is None or partition.end is None:
            return self.rolling[name].as_of
        return partition.end + (self.as_of - self.window.end)

    def unlabelled(self) -> Inputs:
        """The same without label objects, since they are still due."""
        partitions = tuple(replace(partition, labels=()) for partition in self.partitions)
        rolling = {name: each.unlabelled() for name, each in self.rolling.items()}
        return replace(self, partitions=partitions, rolling=rolling, labels_due=True)


@dataclass(frozen=True)
class Accounting:
    """The rows of one partition: `read == counted + sum(excluded.values())` (law 2).

    `control` is the number that someone else counted, or None where the spec names no control totals, or where
    they cannot be used (`control_fault` says why); `control_by_version` the same for each version of the model, or
    None where the control totals, or the logs, do not name versions. Rows without a version are in `control` alone.
    `duplicate_ids` are rows whose id an earlier row of the partition has, `null_ids` rows without one; None where
    the spec names no column of ids.
    A partition that could not be read has `unreadable` set, and nothing counted.
    """

    partition: str
    objects: int
    read: int
    counted: int
    excluded: Mapping[str, int] = field(default_factory=dict)
    control: int | None = None
    labels: Mapping[str, int] = field(default_factory=dict)  # joined, unmatched, late, immature, undated, …
    unreadable: str | None = None
    control_fault: str = ""
    control_by_version: Mapping[str, int] | None = None
    duplicate_ids: int | None = None
    null_ids: int | None = None


@dataclass(frozen=True)
class SchemaChange:
    """A column whose type in one partition is not what most of the window has; "absent" is a type here."""

    partition: str
    column: str
    found: str
    expected: str


@dataclass(frozen=True)
class Schema:
    """What the footers say. `columns` maps each name to the type that most log files having it give it, in file order.

    `changes` compare every file of the window and the reference with what most files have.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[SchemaChange, ...] = ()
