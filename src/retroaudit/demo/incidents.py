"""The planted truth: what is wrong in the demo's archive, on which nights, and by which failed metric it shows.

The archive is made from this table and what the audits found is compared with it afterwards. No check reads it.
Nights are numbered from 1, the archive's first day.
"""

from __future__ import annotations

from dataclasses import dataclass

from retroaudit.checks.metric import Slice

_ALWAYS = 366  # what nobody mends goes on through the longest archive
_MISSING = 60


@dataclass(frozen=True)
class Sign:
    """A failed metric that shows an incident. `slice` is what the metric's slice must hold: () is any slice."""

    check: str
    metric: str
    subject: str = "model"
    slice: Slice = ()


@dataclass(frozen=True)
class Incident:
    """Something that goes wrong on these nights, and the signs of it: one of them on a night is enough."""

    name: str
    nights: tuple[int, ...]
    signs: tuple[Sign, ...]


def _nights(first: int, last: int) -> tuple[int, ...]:
    """`first` to `last`, but for the missing night: there is nothing to see on it."""
    return tuple(night for night in range(first, last + 1) if night != _MISSING)


DRIFTED, EMPTIED, MISSPELT, STALE_VERSION = "num_03", "num_04", "cat_02", "1.4.0"
BIASED_GROUP = (("gender", "female"), ("age_band", "45-59"))

SPELLING = Incident(
    "a category is misspelt", _nights(24, 25), (Sign("quality", "expect_column_values_to_be_in_set", MISSPELT),)
)
DRIFT = Incident("a feature drifts", _nights(31, _ALWAYS), (Sign("drift", "wasserstein", DRIFTED),))
BIAS = Incident(
    "a crossed group is rejected more often",
    _nights(41, _ALWAYS),
    (
        Sign("fairness", "impact_ratio", slice=BIASED_GROUP),
        Sign("fairness", "selection_rate_difference", slice=BIASED_GROUP),
    ),
)
NULLS = Incident(
    "a column goes null",
    _nights(45, 47),
    (
        Sign("quality", "null_rate", EMPTIED),
        Sign("quality", "expect_column_values_to_not_be_null", EMPTIED),
        Sign("drift", "null_rate_difference", EMPTIED),
    ),
)
STALE = Incident("a stale version is served", _nights(52, 52), (Sign("versions", "undeclared_version_rate"),))
MISSING = Incident(
    "a night is missing",
    (_MISSING,),
    (Sign("coverage", "missing_partitions"), Sign("coverage", "control_difference")),  # the gateway did count it
)
HOLE = Incident("the log has a hole", _nights(70, 70), (Sign("coverage", "control_difference"),))

INCIDENTS = (SPELLING, DRIFT, BIAS, NULLS, STALE, MISSING, HOLE)
