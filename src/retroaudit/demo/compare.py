"""What the audits found against what was planted: pure functions over failed metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from retroaudit.checks.metric import Slice
from retroaudit.demo.incidents import Incident, Sign


@dataclass(frozen=True)
class FoundMetric:
    """The identity of a failed metric."""

    check: str
    metric: str
    subject: str = "model"
    slice: Slice = ()

    def __str__(self) -> str:
        where = "".join(f" {name}={value}" for name, value in self.slice)
        return f"{self.check} {self.metric} {self.subject}{where}"


@dataclass(frozen=True)
class Row:
    """One incident, or one false alarm: the nights on which it was planted (none), and those when it was found."""

    name: str
    planted: tuple[int, ...]
    found: tuple[int, ...]

    @property
    def first_found(self) -> int | None:
        """The first night on which it was found; None where it never was."""
        return self.found[0] if self.found else None

    @property
    def missed(self) -> tuple[int, ...]:
        """The nights on which it was planted and not found."""
        return tuple(night for night in self.planted if night not in self.found)

    @property
    def as_planted(self) -> bool:
        """Found on every night on which it was planted, from the first; never so for a false alarm."""
        return self.found == self.planted

    def summary(self) -> dict[str, Any]:
        """The row as JSON."""
        return {
            "name": self.name,
            "planted": list(self.planted),
            "found": list(self.found),
            "first_found": self.first_found,
            "missed": list(self.missed),
            "as_planted": self.as_planted,
        }


def compare(found: Mapping[int, Iterable[FoundMetric]], incidents: Iterable[Incident], *, days: int) -> tuple[Row, ...]:
    """Set the failed metrics of each night against the incidents of an archive of `days` nights.

    A row for each incident that begins within `days`, in their order; then a row for each false alarm, a failed
    metric on nights when it is the sign of no incident that is planted then, in order of name. A night that is
    no key of `found` was not audited: what was planted on it is missed.
    """
    table = tuple(incidents)
    failed = {night: frozenset(metrics) for night, metrics in sorted(found.items())}
    rows = [_row(incident, failed, days) for incident in table]
    return (*(row for row in rows if row.planted), *_false_alarms(failed, table))


def matches(metric: FoundMetric, sign: Sign) -> bool:
    """The same check, metric and subject, and a slice that holds every pair of the sign's slice.

    The slice may hold more, such as the day or the version that failed.
    """
    same = (metric.check, metric.metric, metric.subject) == (sign.check, sign.metric, sign.subject)
    return same and set(sign.slice) <= set(metric.slice)


def _row(incident: Incident, failed: Mapping[int, frozenset[FoundMetric]], days: int) -> Row:
    nights = tuple(night for night in incident.nights if night <= days)
    return Row(incident.name, nights, tuple(night for night in nights if _shows(incident, failed.get(night, ()))))


def _shows(incident: Incident, metrics: Iterable[FoundMetric]) -> bool:
    return any(matches(metric, sign) for metric in metrics for sign in incident.signs)


def _false_alarms(failed: Mapping[int, frozenset[FoundMetric]], incidents: tuple[Incident, ...]) -> list[Row]:
    nights: dict[str, list[int]] = defaultdict(list)
    for night, metrics in failed.items():
        present = [incident for incident in incidents if night in incident.nights]
        for metric in metrics:
            if not any(_shows(incident, (metric,)) for incident in present):
                nights[f"false alarm: {metric}"].append(night)
    return [Row(name, (), tuple(sorted(set(when)))) for name, when in sorted(nights.items())]
