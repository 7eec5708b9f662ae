"""The shape of a stored report, as far as whoever shows, compares or renders it relies on it.

A report comes out of a store that anybody may have written to. Keys that nobody relies on are not looked at, so
that they may be added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from retroaudit.faults import BadInput, Fault

_MOST_FAULTS = 20
_LONGEST = 100
_REMEDY = "Run verify: nobody who sealed with retroaudit wrote this."


def require_shape(document: object) -> None:
    """Raises `BadInput`, with every fault up to twenty, where the document is no report."""
    try:
        _Report.model_validate(document)
    except ValidationError as error:
        raise BadInput(
            Fault(
                ".".join(["report.json", *map(str, fault["loc"])])[:_LONGEST],
                "nothing" if fault["type"] == "missing" else repr(fault["input"])[:_LONGEST],
                fault["msg"],
                _REMEDY,
            )
            for fault in error.errors(include_url=False)[:_MOST_FAULTS]
        ) from None


def _check_instant(text: str) -> str:
    datetime.fromisoformat(text)
    return text


_Count = Annotated[int, Field(ge=0)]
_Counts = Mapping[str, _Count]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Instant = Annotated[str, Field(pattern="^[1-9][0-9]{3}-"), AfterValidator(_check_instant)]
_Verdict = Literal["passed", "failed", "inconclusive", "insufficient", "skipped"]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)


class _Audit(_Part):
    id: str
    model: str
    owner: str
    tier: str
    kind: str
    part: str
    rev: int
    supersedes: str | None
    cause: list[str]
    plan: str
    spec: str
    measures: Mapping[str, int]
    checks: Mapping[str, int]
    confidence: Annotated[float, Field(ge=0, le=1)]
    min_cell: int
    window: str
    as_of: _Instant | None


class _Window(_Part):
    key: str
    zone: str
    start: _Instant | None
    end: _Instant | None
    days: _Count

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("a window has both ends or none")
        return self


class _Population(_Part):
    evidence: str
    sentence: str


class _Objects(_Part):
    listed: _Count
    read: _Count
    excluded: _Counts


class _Rows(_Part):
    read: _Count
    counted: _Count
    excluded: _Counts
    control: _Count | None


class _Totals(_Part):
    objects: _Objects
    rows: _Rows


class _Measured(_Rows):
    labels: _Counts
    unreadable: str | None


class _Object(_Part):
    key: str
    size: _Count
    version: str | None
    checksum: str | None
    sha256: str | None


class _Partition(_Part):
    key: str
    logs: list[_Object]
    labels: list[_Object]
    control: list[_Object]
    rows: _Measured | None
    states: str | None


class _SchemaChange(_Part):
    column: str
    partition: str
    found: str
    expected: str


class _Rolling(_Part):
    window: _Window
    as_of: _Instant | None
    missing: list[str]
    partitions: list[_Partition]


class _Inputs(_Part):
    window: _Window
    population: _Population
    totals: _Totals
    missing: list[str]
    partitions: list[_Partition]
    reference: _Partition | None
    rolling: Mapping[str, _Rolling] = {}
    labels_due: bool = False
    schema_changes: list[_SchemaChange]


class _Threshold(_Part):
    min: _Number | None
    max: _Number | None


class _Metric(_Part):
    check: str
    metric: str
    subject: str
    slice: Mapping[str, str | None]
    value: _Number | None
    low: _Number | None
    high: _Number | None
    n: _Count | None
    reference: _Number | None
    threshold: _Threshold | None
    verdict: _Verdict | None
    reason: str


class _Finding(_Metric):
    fingerprint: str
    severity: Literal["critical", "high", "medium", "low"]
    owner: str
    message: str


class _Histogram(_Part):
    column: str
    current: list[_Count] | None
    reference: list[_Count] | None


class _Numeric(_Histogram):
    kind: Literal["numeric"]
    edges: list[_Number]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _require_lengths(self, len(self.edges) + 1)
        if any(low >= high for low, high in pairwise(self.edges)):
            raise ValueError("edges ascend")
        return self


class _Categorical(_Histogram):
    kind: Literal["categorical"]
    values: list[str | None]
    exact: bool

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _require_lengths(self, len(self.values) + 1)
        return self


def _require_lengths(histogram: _Histogram, wanted: int) -> None:
    sides: Sequence[list[int] | None] = (histogram.current, histogram.reference)
    if any(side is not None and len(side) != wanted for side in sides):
        raise ValueError(f"each side has {wanted} counts")


class _Verdicts(_Part):
    passed: _Count
    failed: _Count
    inconclusive: _Count
    insufficient: _Count
    skipped: _Count


class _Summary(_Part):
    verdict: _Verdict
    checked: _Count
    metrics: _Count
    verdicts: _Verdicts
    checks: Mapping[str, _Verdicts]
    notes: list[str]


class _Report(_Part):
    audit: _Audit
    inputs: _Inputs
    metrics: list[_Metric]
    histograms: list[Annotated[_Numeric | _Categorical, Field(discriminator="kind")]]
    findings: list[_Finding]
    summary: _Summary

    @model_validator(mode="after")
    def _names_its_checks(self) -> Self:
        if not {row.check for row in (*self.metrics, *self.findings)} <= set(self.summary.checks):
            raise ValueError("summary.checks has every check")
        return self
