"""The planted truth: what is wrong in the demo's archive, on which nights, and by which failed metric it shows.

The archive is made from this table and what the audits found is compared with it afterwards. No check reads it.
Nights are numbered from 1, the archive's first day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from retroaudit.checks.metric import Slice

_ON = 366  # an incident that is never mended goes on through the longest archive


@dataclass(frozen=True)
class Sign:
    """A failed metric that shows an incident. `slice` is what the metric's slice must contain: () is any slice."""

    check: str
    metric: str
    subject: str = "model"
    slice: Slice = ()


@dataclass(frozen=True)
class Incident:
    """Something that goes wrong on these nights, and the signs of it: one of them on a night is enough."""

    name: str
    nights: Sequence[int]
    signs: tuple[Sign, ...]


BIASED_GROUP = (("gender", "female"), ("age_band", "45-59"))
DRIFTED, EMPTIED, STALE_VERSION = "num_03", "num_04", "1.4.0"

DRIFT = Incident("a feature drifts", range(31, _ON + 1), (Sign("drift", "wasserstein", DRIFTED),))
BIAS = Incident(
    "a crossed group is rejected more often",
    range(41, _ON + 1),
    (
        Sign("fairness", "impact_ratio", slice=BIASED_GROUP),
        Sign("fairness", "selection_rate_difference", slice=BIASED_GROUP),
    ),
)
NULLS = Incident("a column goes null", range(45, 48), (Sign("quality", "null_rate", EMPTIED),))
STALE = Incident("a stale version is served", range(52, 53), (Sign("versions", "undeclared_version_rate"),))
MISSING = Incident("a night is missing", range(60, 61), (Sign("coverage", "missing_partitions"),))
HOLE = Incident("the log has a hole", range(70, 71), (Sign("coverage", "control_difference"),))

INCIDENTS = (DRIFT, BIAS, NULLS, STALE, MISSING, HOLE)


def planted(days: int) -> tuple[Incident, ...]:
    """The incidents of an archive of this many days, each with the nights on which it can be seen.

    On the missing night there is nothing to see but that it is missing.
    """
    cut = (_within(incident, days) for incident in INCIDENTS)
    return tuple(incident for incident in cut if incident.nights)


def _within(incident: Incident, days: int) -> Incident:
    dark = () if incident is MISSING else MISSING.nights
    return replace(incident, nights=tuple(night for night in incident.nights if night <= days and night not in dark))
