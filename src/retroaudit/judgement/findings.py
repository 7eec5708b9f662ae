"""Findings: what somebody must look at, with who and how urgent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from retroaudit.checks.metric import Metric

Severity = Literal["critical", "high", "medium", "low"]


@dataclass(frozen=True)
class Finding:
    """A failed metric with an owner. The fingerprint is the same for the same trouble in every window."""

    fingerprint: str
    severity: Severity
    owner: str
    message: str
    metric: Metric
