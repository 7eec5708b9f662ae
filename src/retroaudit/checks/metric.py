"""One row of a report's table of metrics."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self

Severity = Literal["critical", "high", "medium", "low"]


class Verdict(StrEnum):
    """What may be said of a metric (law 4). They are different values; a null is none of them."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    INSUFFICIENT = "insufficient"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Threshold:
    """The values that are allowed: `min <= value <= max`; None leaves a side open."""

    min: float | None = None
    max: float | None = None


Slice = tuple[tuple[str, str | None], ...]
"""Column and value pairs in column order; () is every row; a value None is the null category."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number with its interval, its evidence and, where it has a threshold, its verdict.

    A check sets `verdict` only to `insufficient` or `skipped` (with the reason), and to `failed` for a question that is
    itself at fault; the others are decided by `judgement.verdicts` from the interval and the threshold, in one place.
    """

    check: str  # quality | drift | fairness | performance | versions | coverage
    metric: str
    subject: str = "model"  # a column's name, or "model"
    slice: Slice = ()
    value: float | None = None  # None where it cannot be known, or is withheld
    low: float | None = None
    high: float | None = None
    n: int | None = None  # how many rows (people) the number describes
    reference: float | None = None  # the reference's value of the same metric
    threshold: Threshold | None = None
    verdict: Verdict | None = None
    reason: str = ""
    severity: Severity | None = None  # of a failure, for a model of medium tier, where the check's own does not hold
    personal: bool = False  # fewer than `privacy.min_cell` people can be told from its numbers, whatever n says
    discloses: tuple[int, ...] = ()  # the people, class by class, who can be counted from value and n; not published
    reveals: tuple[Slice, ...] = ()  # groups other than `slice` that the number tells about; not published

    @classmethod
    def exact(cls, check: str, metric: str, value: float | None, **rest: Any) -> Self:
        """A fact about the rows that were read, no estimate: `low = high = value`."""
        number = None if value is None else float(value)
        return cls(check=check, metric=metric, value=number, low=number, high=number, **rest)

    @classmethod
    def skipped(cls, check: str, metric: str, reason: str, **rest: Any) -> Self:
        """What was not asked for, or is not due yet."""
        return cls(check=check, metric=metric, verdict=Verdict.SKIPPED, reason=reason, **rest)

    @classmethod
    def insufficient(cls, check: str, metric: str, reason: str, **rest: Any) -> Self:
        """What was asked for and the data cannot answer."""
        return cls(check=check, metric=metric, verdict=Verdict.INSUFFICIENT, reason=reason, **rest)
