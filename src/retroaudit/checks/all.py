"""Every check of an audit, in the order of the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from retroaudit.checks import coverage, fairness, performance, versions
from retroaudit.checks.drift import check as drift
from retroaudit.checks.metric import Metric
from retroaudit.checks.quality import check as quality
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Spec


@dataclass(frozen=True)
class Check:
    """A named, versioned question: what it needs of the measures, and how it answers from a profile.

    The version goes up whenever an answer may change for the same states; a replay needs it.
    """

    name: str
    version: int
    needs: Callable[[Spec], frozenset[Need]]
    check: Callable[[Spec, Profile, Profile | None], list[Metric]]


CHECKS: tuple[Check, ...] = (
    Check("coverage", 1, coverage.needs, coverage.check),
    Check("versions", 1, versions.needs, versions.check),
    Check("quality", 1, quality.needs, quality.check),
    Check("drift", 3, drift.needs, drift.check),
    Check("fairness", 1, fairness.needs, fairness.check),
    Check("performance", 1, performance.needs, performance.check),
)
