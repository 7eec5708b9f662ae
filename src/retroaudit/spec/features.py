"""Patterns of a spec over the columns of an archive: feature names, and the limits that patterns set."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain

from retroaudit.faults import BadInput, Fault
from retroaudit.spec.model import ColumnType, Spec
from retroaudit.spec.rules import role_columns
from retroaudit.spec.tree import path_text, show
from retroaudit.spec.wording import did_you_mean


def expand(spec: Spec, columns: Mapping[str, str]) -> Spec:
    """The spec with its feature patterns replaced by names, sorted; `columns` are those of the logs, with their types.

    A name wins over patterns, and a pattern with more letters over one with fewer. Columns that have a role, or
    that groups are made of, are features only where they are named. Raises BadInput with every name and pattern
    that matches no column: of roles, groups, features and the limits of quality.
    """
    faults = (*_absent(spec, columns), *_matching_nothing(spec, columns))
    if faults:
        raise BadInput(faults)
    expanded = spec.columns.model_copy(update={"features": _features(spec, columns)})
    return spec.model_copy(update={"columns": expanded})


def literal(spec: Spec) -> Spec:
    """The spec without its feature patterns: for a window of which no file can be read, so that none has a name."""
    named = {name: kind for name, kind in spec.columns.features.items() if "*" not in name}
    return spec.model_copy(update={"columns": spec.columns.model_copy(update={"features": named})})


def limit_for(spec: Spec, column: str) -> float | None:
    """The largest null rate that is allowed in a column; None where the spec sets none."""
    limits = spec.quality.null_rate
    if limits is None or isinstance(limits, float | int):
        return limits
    key = best(limits, column)
    return None if key is None else limits[key]


def range_for(spec: Spec, column: str) -> tuple[float, float] | None:
    """The lowest and highest allowed value of a column, both inclusive; None where the spec sets none."""
    key = best(spec.quality.ranges, column)
    return None if key is None else spec.quality.ranges[key]


def best(patterns: Iterable[str], column: str) -> str | None:
    """The name or pattern that speaks for a column: the name itself, else the pattern with the most letters.

    Between patterns of as many letters it is the one that sorts first, so the order of writing never matters.
    """

    def generality(pattern: str) -> tuple[bool, int, str]:
        return pattern != column, pattern.count("*") - len(pattern), pattern

    return min((pattern for pattern in patterns if matches(pattern, column)), key=generality, default=None)


def matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern: `*` stands for any text, all else for itself, capitals included.

    Linear in the name for each `*`: names come from data and may be made to be slow.
    """
    first, *others = pattern.split("*")
    if not others:
        return pattern == name
    last, at = others.pop(), len(first)
    for piece in others:
        found = name.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return name.startswith(first) and name.endswith(last) and at + len(last) <= len(name)


def _features(spec: Spec, columns: Collection[str]) -> dict[str, ColumnType]:
    given, taken = spec.columns.features, _taken(spec)
    chosen = {column: best(given, column) for column in sorted(columns) if column in given or column not in taken}
    return {column: given[key] for column, key in chosen.items() if key is not None}


def _taken(spec: Spec) -> frozenset[str]:
    return frozenset((*role_columns(spec).values(), *chain.from_iterable(spec.groups)))


def _absent(spec: Spec, columns: Collection[str]) -> Iterator[Fault]:
    """Columns of roles and groups that the archive does not have."""
    needed = [(f"columns.{role}", column) for role, column in role_columns(spec).items()]
    needed += [(f"groups[{at}]", column) for at, group in enumerate(spec.groups) for column in group]
    for place, column in needed:
        if column not in columns:
            yield _fault(place, f"no column {show(column)}", "a column of the logs", column, columns)


def _matching_nothing(spec: Spec, columns: Collection[str]) -> Iterator[Fault]:
    """Names and patterns, of features and of quality's limits, that fit no column."""
    free = frozenset(columns) - _taken(spec)
    for key in spec.columns.features:
        if key not in columns and not any(matches(key, column) for column in free):
            place = path_text(("columns", "features", key))
            yield _fault(place, f"no column {show(key)}", "a column of the logs without another role", key, free)
    null_rates = spec.quality.null_rate if isinstance(spec.quality.null_rate, Mapping) else {}
    for name, limits in (("ranges", spec.quality.ranges), ("null_rate", null_rates)):
        for key in limits:
            if not any(matches(key, column) for column in columns):
                place = path_text(("quality", name, key))
                yield _fault(place, f"no column {show(key)}", "a column of the logs", key, columns)


def _fault(place: str, found: str, expected: str, name: str, columns: Collection[str]) -> Fault:
    return Fault(place, found, expected, did_you_mean(name.strip("*"), columns) or _some(columns))


def _some(columns: Collection[str]) -> str:
    shown = ", ".join(show(column) for column in sorted(columns)[:10])
    return f"It has {shown}{' and more' if len(columns) > 10 else ''}."  # noqa: PLR2004 - the ten that are shown
