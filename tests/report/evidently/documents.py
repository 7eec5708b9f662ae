"""Stored reports with nothing but what Evidently's reports are made from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from retroaudit.checks.metric import Metric, Threshold, Verdict
from retroaudit.judgement.verdicts import decide
from retroaudit.report.document import metric_rows

ATTACK = "</script><script>alert(1)</script>"
HOSTILE = (
    ATTACK,
    "quote ' \" back\\slash",
    "line\nbreak\u2028\u2029",
    "<img src=x onerror=alert(1)>",
    "xaxis",
    "*",
    "id",
)


def judged(subject: str, value: float | None, *, metric: str = "wasserstein", **more: Any) -> Metric:
    """A judged distance without an interval; at most 0.1 is allowed."""
    told = {"low": value, "high": value, "n": 1000, "threshold": Threshold(max=0.1), **more}
    return Metric(check="drift", metric=metric, subject=subject, value=value, **told)


def numeric(column: str, current: Sequence[int] | None, reference: Sequence[int] | None) -> dict[str, Any]:
    """A histogram with the edges 0, 1, and so on."""
    edges = list(range(len(current or reference or ()) - 1))
    return {"column": column, "kind": "numeric", "edges": edges, "current": current, "reference": reference}


def document(
    metrics: Iterable[Metric],
    histograms: Iterable[Mapping[str, Any]] = (),
    report: str = "lending/2026-04/month/main/1",
) -> dict[str, Any]:
    """A report of April 2026 in Berlin, which ends two hours before it does in UTC."""
    model, window, kind, part, _ = report.split("/")
    rows = metric_rows(decide(metric) for metric in metrics)
    return {
        "audit": {
            "id": report,
            "model": model,
            "window": window,
            "kind": kind,
            "part": part,
            "spec": "5" * 64,
            "plan": "9" * 64,
            "as_of": "2026-06-01T00:00:00Z",
        },
        "inputs": {"window": {"key": window, "end": "2026-04-30T22:00:00Z"}},
        "metrics": rows,
        "histograms": list(histograms),
        "summary": {"verdict": "failed"},
    }


def mixed() -> dict[str, Any]:
    """One column of each verdict, one without a value, hostile names, a p-value, and what is not the judged drift."""
    plot = ([0, 600, 400], [100, 500, 400])
    found = [
        judged("calm", 0.02),
        judged("moved", 0.4),
        judged("open", 0.1, low=0.09, high=0.11),
        judged("few", 0.3, verdict=Verdict.INSUFFICIENT, reason="window: 12 rows, 100 are asked for"),
        judged("gone", None, verdict=Verdict.SKIPPED, reason="the reference has no such column"),
        judged("colour", 0.6, metric="chisquare_pvalue", threshold=Threshold(min=0.05)),
        *(judged(name, 0.01) for name in HOSTILE),
        judged("calm", 0.9, slice=(("reference", "previous"),)),
        Metric(check="drift", metric="psi", subject="calm", value=0.7),
    ]
    colours = {"column": "colour", "kind": "categorical", "values": [ATTACK, "12", None], "exact": True}
    colours |= {"current": [30, 20, 10, 40], "reference": [40, 20, 10, 30]}
    names = ("calm", "moved", "open", *HOSTILE)
    return document(found, [colours, numeric("few", None, [10, 20, 30]), *(numeric(name, *plot) for name in names)])
