"""Findings: what somebody must look at, with who and how urgent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import rfc8785

from retroaudit.checks.metric import Metric, Severity, Slice, Threshold, Verdict
from retroaudit.spec.model import Spec

POLICY_VERSION = 1
_SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
_BASE: dict[str, Severity] = {
    "coverage": "high",  # what was not seen cannot be vouched for
    "fairness": "high",
    "versions": "high",
    "performance": "high",
    "quality": "medium",
    "drift": "medium",
}
_TIER_STEP = {"low": -1, "medium": 0, "high": 1}
_LONGEST_NAME = 120


@dataclass(frozen=True)
class Finding:
    """A failed metric with an owner. The fingerprint is the same for the same trouble in every window."""

    fingerprint: str
    severity: Severity
    owner: str
    message: str
    metric: Metric


def findings(spec: Spec, metrics: Iterable[Metric]) -> tuple[Finding, ...]:
    """One finding for each failed metric, the most severe first.

    Metrics that differ only in the day on which they failed are one finding: the first of them.
    """
    found: dict[str, Finding] = {}
    for metric in metrics:
        if metric.verdict is Verdict.FAILED:
            print_, urgency = fingerprint(spec.model, metric), severity(spec.tier, metric)
            found.setdefault(print_, Finding(print_, urgency, spec.owner, sentence(metric), metric))
    return tuple(sorted(found.values(), key=lambda finding: -_SEVERITIES.index(finding.severity)))


def severity(tier: str, metric: Metric) -> Severity:
    """How urgent its failure is for a model of this tier: one step up for high, one down for low.

    A suite's author says how much an expectation weighs; all else weighs as its check does.
    """
    step = _SEVERITIES.index(metric.severity or _BASE[metric.check]) + _TIER_STEP[tier]
    return _SEVERITIES[min(max(step, 0), len(_SEVERITIES) - 1)]


def fingerprint(model: str, metric: Metric) -> str:
    """16 hex digits of a hash over model, check, metric, subject and slice; days are left out."""
    where = [[name, value] for name, value in metric.slice if name != "date"]
    identity = rfc8785.dumps([model, metric.check, metric.metric, metric.subject, where])
    return hashlib.sha256(identity).hexdigest()[:16]


def sentence(metric: Metric) -> str:
    """The failure in words: what, where, how much, and what is allowed."""
    subject = "" if metric.subject == "model" else f" of {_short(metric.subject)}"
    tail = f"; {metric.reason}" if metric.reason else ""
    what = f"{metric.metric}{subject}{_where(metric.slice)}"
    allowed = f", allowed is {_allowed(metric.threshold)}" if metric.threshold else ""
    return f"{what} {_found(metric)}{allowed}{tail}"


def _found(metric: Metric) -> str:
    """How much it is; a failure without numbers is one whose numbers are withheld."""
    value, low, high = metric.value, metric.low, metric.high
    if value is None:
        ends = [f"{word} {end:.4g}" for word, end in (("at least", low), ("at most", high)) if end is not None]
        return f"is {' and '.join(ends)}" if ends else "failed"
    spread = "" if low is None or high is None or low == high else f" ({low:.4g} to {high:.4g})"
    return f"is {value:.4g}{spread}"


def _where(slice_: Slice) -> str:
    if not slice_:
        return ""
    return " for " + ", ".join(
        f"{_short(name)} = {'null' if value is None else _short(value)}" for name, value in slice_
    )


def _allowed(threshold: Threshold) -> str:
    if threshold.min is None:
        return f"at most {threshold.max:g}"
    if threshold.max is None:
        return f"at least {threshold.min:g}"
    return f"{threshold.min:g} to {threshold.max:g}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"
