"""The document of a report: every number that an audit states, as plain values and in one order.

It holds no wall clock, no host and no address of a store, so that a replay gives the same bytes (law 3).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from retroaudit.archive.inputs import Accounting, Inputs, Schema
from retroaudit.checks.metric import Metric, Threshold, Verdict
from retroaudit.judgement.findings import Finding
from retroaudit.report.canonical import SCHEMA
from retroaudit.report.inputs import inputs_section
from retroaudit.report.plain import instant, plain

_DECIDED = frozenset({Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE})
_SEVERITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True, kw_only=True)
class Header:
    """What this report is: its id, whose model, which plan and which rules made it."""

    report: str  # model/window/kind/part/rev
    model: str
    owner: str
    tier: str
    task: str
    kind: str
    part: str
    rev: int
    supersedes: str | None = None
    cause: tuple[str, ...] = ()
    plan: str  # digest
    spec: str  # digest
    measures: Mapping[str, int]  # version of each measure
    checks: Mapping[str, int]  # version of each check
    confidence: float
    min_cell: int
    verdict: str


def build(
    *,
    header: Header,
    inputs: Inputs,
    accounting: Sequence[Accounting],
    states: Mapping[str, str],
    metrics: Sequence[Metric],
    findings: Sequence[Finding],
    histograms: Sequence[Mapping[str, Any]] = (),
    schema: Schema | None = None,
    notes: Sequence[str] = (),
    reference: Accounting | None = None,
    rolling: Mapping[str, Sequence[Accounting]] | None = None,
) -> dict[str, Any]:
    """The whole document; the same values in any order give the same document.

    `states` are the digests of the partitions' states; the reference's stands under "reference", those of rolling
    references under their name and day. `reference` accounts for the reference's rows, `rolling` for theirs.
    """
    return {
        "schema": SCHEMA,
        "audit": plain(_audit(header, inputs)),
        "inputs": plain(
            inputs_section(
                inputs,
                accounting,
                states,
                metrics,
                schema=schema or Schema(),
                reference=reference,
                rolling=rolling or {},
            )
        ),
        "metrics": metric_rows(metrics),
        "histograms": sorted((plain(histogram) for histogram in histograms), key=_column),
        "findings": sorted(map(_finding, findings), key=_urgency),
        "summary": plain(_summary(header, metrics, notes)),
    }


def metric_rows(metrics: Iterable[Metric]) -> list[dict[str, Any]]:
    """The metrics as a tidy table in one order: check, metric, subject, slice."""
    return sorted(map(_metric, metrics), key=_place)


def _audit(header: Header, inputs: Inputs) -> dict[str, Any]:
    fields = {name: value for name, value in vars(header).items() if name not in {"report", "verdict"}}
    return {"id": header.report, **fields, "window": inputs.window.key, "as_of": instant(inputs.as_of)}


def _metric(metric: Metric) -> Any:
    """One row. A number that is not finite becomes null, and the reason says what it was."""
    numbers = {name: getattr(metric, name) for name in ("value", "low", "high", "reference")}
    odd = [
        f"{name} is {number}" for name, number in numbers.items() if number is not None and not math.isfinite(number)
    ]
    return plain(
        {
            **numbers,
            "check": metric.check,
            "metric": metric.metric,
            "subject": metric.subject,
            "slice": dict(metric.slice),
            "n": metric.n,
            "threshold": _threshold(metric.threshold),
            "verdict": metric.verdict,
            "reason": "; ".join(filter(None, [metric.reason, *odd])),
        }
    )


def _threshold(threshold: Threshold | None) -> dict[str, float | None] | None:
    return None if threshold is None else {"min": threshold.min, "max": threshold.max}


def _finding(finding: Finding) -> dict[str, Any]:
    """A finding with the row that it is about."""
    own = {name: getattr(finding, name) for name in ("fingerprint", "severity", "owner", "message")}
    return {**_metric(finding.metric), **plain(own)}


def _summary(header: Header, metrics: Sequence[Metric], notes: Sequence[str]) -> dict[str, Any]:
    """Counts by verdict; `checked` are the metrics that could be decided: passed, failed, inconclusive (law 4)."""
    judged = [metric for metric in metrics if metric.verdict is not None]
    checks = sorted({metric.check for metric in metrics})
    return {
        "verdict": header.verdict,
        "checked": sum(metric.verdict in _DECIDED for metric in judged),
        "metrics": len(metrics),
        "verdicts": _counts(judged),
        "checks": {check: _counts(metric for metric in judged if metric.check == check) for check in checks},
        "notes": sorted(set(notes)),
    }


def _counts(metrics: Iterable[Metric]) -> dict[str, int]:
    counted = Counter(metric.verdict for metric in metrics)
    return {verdict.value: counted[verdict] for verdict in Verdict}


def _place(row: Mapping[str, Any]) -> tuple[str, str, str, bytes, bytes]:
    return row["check"], row["metric"], row["subject"], rfc8785.dumps(row["slice"]), rfc8785.dumps(dict(row))


def _urgency(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return _SEVERITIES.index(row["severity"]), *_place(row)


def _column(histogram: Mapping[str, Any]) -> tuple[str, bytes]:
    return histogram["column"], rfc8785.dumps(dict(histogram))
