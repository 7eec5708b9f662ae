"""What the audits found against what was planted: pure functions over failed metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from retroaudit.checks.metric import Slice
from retroaudit.demo.incidents import Incident, Sign


@dataclass(frozen=True)
class FoundMetric:
    """The identity of a failed metric; `slice` in any order of its columns."""

    check: str
    metric: str
    subject: str = "model"
    slice: Slice = ()


@dataclass(frozen=True)
class Row:
    """One incident: the nights on which it was planted, and those of them on which a sign of it failed."""

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


@dataclass(frozen=True)
class FalseAlarm:
    """A metric that failed on a night when no incident explains it."""

    night: int
    metric: FoundMetric


@dataclass(frozen=True)
class Comparison:
    """A row for each incident, in the table's order, and every false alarm, by night."""

    rows: tuple[Row, ...]
    false_alarms: tuple[FalseAlarm, ...]

    @property
    def as_planted(self) -> bool:
        """Everything that was planted was found on each of its nights, and nothing else was."""
        return not self.false_alarms and not any(row.missed for row in self.rows)


def compare(found: Mapping[int, Iterable[FoundMetric]], incidents: Iterable[Incident]) -> Comparison:
    """Set the failed metrics of each night against the incidents.

    A night that is no key of `found` was not audited: what was planted on it counts as missed. A failed
    metric belongs to an incident where it matches one of its signs on one of its nights (`matches`); one that
    belongs to none is a false alarm.
    """
    failed = {night: frozenset(metrics) for night, metrics in sorted(found.items())}
    table = tuple(incidents)
    rows = tuple(_row(incident, failed) for incident in table)
    return Comparison(rows, tuple(alarm for night in failed for alarm in _unexplained(night, failed[night], table)))


def matches(metric: FoundMetric, sign: Sign) -> bool:
    """The same check, metric and subject, and a slice that holds every pair of the sign's slice.

    The slice may hold more, such as the date or the version that failed.
    """
    identity = (metric.check, metric.metric, metric.subject) == (sign.check, sign.metric, sign.subject)
    return identity and set(sign.slice) <= set(metric.slice)


def _row(incident: Incident, failed: Mapping[int, frozenset[FoundMetric]]) -> Row:
    nights = tuple(sorted(incident.nights))
    return Row(incident.name, nights, tuple(night for night in nights if _shows(incident, failed.get(night, ()))))


def _shows(incident: Incident, metrics: Iterable[FoundMetric]) -> bool:
    return any(matches(metric, sign) for metric in metrics for sign in incident.signs)


def _unexplained(
    night: int, metrics: Iterable[FoundMetric], incidents: tuple[Incident, ...]
) -> tuple[FalseAlarm, ...]:
    present = tuple(incident for incident in incidents if night in incident.nights)
    alarms = (metric for metric in metrics if not any(_shows(incident, (metric,)) for incident in present))
    return tuple(FalseAlarm(night, metric) for metric in sorted(alarms, key=repr))
