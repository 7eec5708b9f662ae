"""Every check of an audit, in the order of the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from retroaudit.checks import coverage, fairness, performance, versions
from retroaudit.checks.drift import check as drift
from retroaudit.checks.metric import Metric
from retroaudit.checks.quality import check as quality
from retroaudit.checks.quality import suite
from retroaudit.measures.measure import Need
from retroaudit.measures.profile import Profile
from retroaudit.spec.model import Spec

Columns = Mapping[str, str]
"""Columns of the logs with their types, as `archive.schema.survey` gives them."""


@dataclass(frozen=True)
class Check:
    """A named, versioned question: what it needs of the measures, and how it answers from a profile.

    The version goes up whenever an answer may change for the same states; a replay needs it. `needs` takes the logs'
    columns with their types too. What `compares` needs is measured of the references as well, as far as they have it.
    """

    name: str
    version: int
    needs: Callable[[Spec, Columns], frozenset[Need]]
    check: Callable[[Spec, Profile, Profile | None], list[Metric]]
    compares: bool = True


def _of_spec(needs: Callable[[Spec], frozenset[Need]]) -> Callable[[Spec, Columns], frozenset[Need]]:
    """What a check needs that takes nothing of the logs' columns."""
    return lambda spec, _: needs(spec)


CHECKS: tuple[Check, ...] = (
    Check("coverage", 1, _of_spec(coverage.needs), coverage.check),
    Check("versions", 1, _of_spec(versions.needs), versions.check),
    Check("quality", 1, _of_spec(quality.needs), quality.check),
    Check("suite", 1, suite.needs, suite.check, compares=False),
    Check("drift", 3, _of_spec(drift.needs), drift.check),
    Check("fairness", 1, _of_spec(fairness.needs), fairness.check),
    Check("performance", 1, _of_spec(performance.needs), performance.check),
)
