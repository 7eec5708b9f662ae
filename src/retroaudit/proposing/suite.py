"""A Great Expectations suite from evidence: what held in every partition, with a margin, and why.

Each proposal carries its evidence and its reason in `meta.retroaudit`. No value of a row stands in it but categories
that occur in ten rows or more: extremes are moved and rounded outward, ids are told as a shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from retroaudit.proposing.bounds import CONFIDENCE, mostly, span
from retroaudit.proposing.evidence import Column, Evidence
from retroaudit.proposing.roles import Roles, called_id, is_closed, is_code, listed
from retroaudit.proposing.shapes import regex

GX_VERSION = "1.24.1"
Expectation = dict[str, Any]

_NUMBERS = ("int8", "int16", "int32", "int64", "float32", "float64")
_UNUSUAL = {"uint8", "uint16", "uint32", "uint64"}
_TIMES = [f"datetime64[{unit}]" for unit in ("s", "ms", "us", "ns")]
_BOUND = f"Wilson's lower bound at {100 * CONFIDENCE:g} % for a partition of median size, rounded down"
_ISO_DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ENOUGH = 100  # texts of one length, from which that is no accident
_VALUES = "expect_column_values_to_"


def suite(name: str, found: Evidence, roles: Roles) -> dict[str, Any]:
    """The suite in the form in which Great Expectations 1.24.1 writes and reads it."""
    expectations = [*_table(found)]
    for column in found.columns.values():
        expectations += _of_column(column, roles.taken.get(column.name))
    return {
        "name": name,
        "id": None,
        "expectations": expectations,
        "meta": {"great_expectations_version": GX_VERSION},
        "notes": None,
    }


def _table(found: Evidence) -> Iterator[Expectation]:
    steady = [name for name in found.columns if name not in found.source.unsteady]
    yield _proposal(
        "expect_table_columns_to_match_set",
        {"column_set": steady, "exact_match": False},
        "every file has these columns; further ones are allowed",
        {"columns": len(steady), "partitions": len(found.rows)},
    )
    least = min(found.rows.values())
    limits: dict[str, Any] = {"min_value": max(1, least // 2)}
    why = "half of the smallest partition: a judgement, as a few days do not tell of holidays"
    if not found.source.dated:
        limits["max_value"] = 2 * found.total
        why = "half to twice the rows of the snapshot: a judgement, as one snapshot does not tell of the next"
    evidence = {"least": _rounded(least), "partitions": len(found.rows)}
    yield _proposal("expect_table_row_count_to_be_between", limits, why, evidence, "warning")


def _of_column(column: Column, role: str | None) -> Iterator[Expectation]:
    severity = "critical" if role else "warning"
    yield from _type(column)
    if role != "label":  # labels come late
        yield from _not_null(column, severity)
    if role == "version":  # the next version is no fault: the spec declares versions
        return
    if role == "score":
        kwargs = {"column": column.name, "min_value": 0.0, "max_value": 1.0}
        yield _proposal(f"{_VALUES}be_between", kwargs, "a score is a probability", {"values": column.held})
    elif is_closed(column):
        yield from _in_set(column, severity)
    elif column.kind == "time":
        yield from _text_time(column)
    elif _is_id(column, role):
        yield from _id(column)
    elif column.kind == "number":
        yield from _between(column)
    elif column.kind == "text":
        yield from _lengths(column)


def _is_id(column: Column, role: str | None) -> bool:
    """Whether it is an id: by its role, its name, or as text of one shape with many different values."""
    return role == "id" or (called_id(column.name) and not is_code(column)) or column.shape is not None


def _type(column: Column) -> Iterator[Expectation]:
    """Types that Great Expectations has a name for, whatever the engine: none for text, zoned times and decimals."""
    names: list[str] = []
    why = f"{column.type} in every file"
    if column.kind == "number" and not column.type.startswith("decimal"):
        names = [*_NUMBERS, *({column.type} & _UNUSUAL)]
        why = f"{why}; any number will do, as a null may turn whole numbers into floats"
    elif column.kind == "truth":
        names = ["bool"]
    elif column.type.startswith("timestamp") and "tz=" not in column.type:
        names = _TIMES
    if names and column.held:
        yield _proposal(f"{_VALUES}be_in_type_list", {"column": column.name, "type_list": names}, why, {})


def _not_null(column: Column, severity: str) -> Iterator[Expectation]:
    share = mostly([(part.rows - part.nulls - part.nan, part.rows) for part in column.parts])
    if not column.held or not share:
        return
    evidence = {"rows": column.rows, "null_rate": _rounded(column.missing / column.rows)}
    kwargs: dict[str, Any] = {"column": column.name}
    why = "no row is null"
    if column.missing:
        kwargs["mostly"] = share
        why = f"{_BOUND}; never more than the partition with the most nulls has"
    yield _proposal(f"{_VALUES}not_be_null", kwargs, why, evidence, severity)


def _in_set(column: Column, severity: str) -> Iterator[Expectation]:
    values = listed(column)
    if not values:
        return
    known = [(sum(part.get(value, 0) for value in values), sum(part.values())) for part in column.few]
    share = mostly(known)
    native: list[Any] = sorted(_native(value, column) for value in values)
    kwargs: dict[str, Any] = {"column": column.name, "value_set": native}
    why = "every row has one of these values"
    if share < 1:
        kwargs["mostly"] = share
        why = f"values of ten rows or more, for privacy; the share of the others: {_BOUND}"
    evidence = {"values": column.held, "distinct": len(column.values or ()), "listed": len(values)}
    yield _proposal(f"{_VALUES}be_in_set", kwargs, why, evidence, severity)


def _native(value: str, column: Column) -> str | int | bool:
    if column.kind == "truth":
        return value == "true"
    return int(value) if column.kind == "number" else value


def _id(column: Column) -> Iterator[Expectation]:
    if column.unique:
        why = "no value occurs twice in the window"
        yield _proposal(f"{_VALUES}be_unique", {"column": column.name}, why, {"values": column.held})
    pattern = regex(column.shape) if column.shape else None
    if pattern:
        kwargs = {"column": column.name, "regex": pattern}
        yield _proposal(f"{_VALUES}match_regex", kwargs, "every value has this shape", {"values": column.held})
    elif column.kind == "text":
        yield from _lengths(column)


def _between(column: Column) -> Iterator[Expectation]:
    bounds = span(column.grid, whole=column.whole) if column.grid else None
    if bounds is None:
        return
    low, high = bounds
    kwargs: dict[str, Any] = {"column": column.name, "min_value": low, "max_value": high}
    why = "the extremes, as far again as they are from the outer 5 %, rounded outward; no other sign than was seen"
    infinite = [(part.rows - part.nulls - part.nan, part.pos_inf + part.neg_inf) for part in column.parts]
    share = mostly([(held - endless, held) for held, endless in infinite])
    if share < 1:
        kwargs["mostly"] = share
        why = f"{why}; infinite values are outside, their share: {_BOUND}"
    evidence = {"values": column.held, "infinite": column.infinite}
    yield _proposal(f"{_VALUES}be_between", kwargs, why, evidence, "warning")


def _text_time(column: Column) -> Iterator[Expectation]:
    if column.type == "string":
        kwargs = {"column": column.name, "regex": _ISO_DAY}
        yield _proposal(f"{_VALUES}match_regex", kwargs, "every text is a time of ISO 8601", {"values": column.held})


def _lengths(column: Column) -> Iterator[Expectation]:
    if column.lengths is None:
        return
    shortest, longest = column.lengths
    if shortest == longest and column.held >= _ENOUGH:
        low, high, why = shortest, longest, "every text has this length"
    else:
        low, high, why = min(shortest, 1), max(2 * longest, 1), "at most twice the longest text; empty only where seen"
    kwargs = {"column": column.name, "min_value": low, "max_value": high}
    evidence = {"values": column.held}
    yield _proposal("expect_column_value_lengths_to_be_between", kwargs, why, evidence, "warning")


def _proposal(
    type_: str, kwargs: Mapping[str, Any], why: str, evidence: Mapping[str, Any], severity: str = "critical"
) -> Expectation:
    meta = {"retroaudit": {"why": why, "evidence": dict(evidence)}}
    return {"type": type_, "kwargs": dict(kwargs), "meta": meta, "severity": severity}


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")
