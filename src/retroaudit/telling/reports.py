"""Stored reports: one, many, two compared, for other tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from retroaudit import console
from retroaudit.ledger.read import Entry
from retroaudit.telling.words import say

UNDECIDED = ("inconclusive", "insufficient")


def document(report: Mapping[str, Any], *, everything: bool) -> None:
    """A stored report: its findings, and its metrics that are not simply passed; or all that have a verdict."""
    head = console.plain(report["audit"]["id"])
    console.out().print(Text.assemble(head, "  ", console.verdict_text(report["summary"]["verdict"])))
    findings(report)
    verdicts = ("failed", *UNDECIDED, "passed", "skipped") if everything else ("failed", *UNDECIDED)
    metrics(report, verdicts)
    left = Counter(m["verdict"] for m in report["metrics"] if m["verdict"] and m["verdict"] not in verdicts)
    if left:
        say(f"{', '.join(f'{count} {verdict}' for verdict, count in sorted(left.items()))}: see them with --all")


def findings(report: Mapping[str, Any]) -> None:
    """A report's findings, or that there are none."""
    if not report["findings"]:
        say("no findings")
        return
    rows = ((f["severity"], f["message"], f["owner"]) for f in report["findings"])
    console.print_table(("severity", "finding", "owner"), rows)


def metrics(report: Mapping[str, Any], verdicts: Sequence[str]) -> None:
    """Metrics with these verdicts, in this order, with the reason of each."""
    chosen = [m for verdict in verdicts for m in report["metrics"] if m["verdict"] == verdict]
    if not chosen:
        return
    names = ("metric", "subject", "slice", "value", "low", "high", "n", "verdict", "reason")
    console.print_table(names, (_metric(m) for m in chosen))


def _metric(metric: Mapping[str, Any]) -> tuple[object, ...]:
    numbers = (console.number(metric[name]) for name in ("value", "low", "high"))
    verdict = console.verdict_text(metric["verdict"])
    return (
        metric["metric"],
        metric["subject"],
        console.where(metric["slice"]),
        *numbers,
        metric["n"],
        verdict,
        metric["reason"],
    )


def entries(found: Iterable[Entry], store: str) -> None:
    """The reports of a store."""
    rows = [
        (str(e.report), console.verdict_text(e.verdict), e.findings, f"{e.sealed_at:%Y-%m-%d %H:%M}Z", e.commit)
        for e in found
    ]
    if not rows:
        say(f"no reports in {store}: is this the store?")
        return
    console.print_table(("report", "verdict", "findings", "sealed", "commit"), rows)


def changes(found: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """What differs between two reports, and why the second was made where it supersedes."""
    if after["audit"]["cause"]:
        say(f"{after['audit']['id']} was made because these changed: {', '.join(after['audit']['cause'])}")
    names = ("check", "metric", "subject", "slice", "before", "after", "verdict before", "verdict after")
    title = f"{len(found['metrics'])} of {found['compared']} metrics differ"
    console.print_table(names, (_change(c) for c in found["metrics"]), title=title)


def _change(change: Mapping[str, Any]) -> tuple[object, ...]:
    where = console.where(change["slice"])
    values = console.number(change["before"]), console.number(change["after"])
    verdicts = console.verdict_text(change["verdict_before"]), console.verdict_text(change["verdict_after"])
    return (change["check"], change["metric"], change["subject"], where, *values, *verdicts)


def exported(runs: Sequence[Mapping[str, Any]], workspace: Path) -> None:
    """The runs of a workspace that reports became, or were before, and how to see them."""
    rows = ((each["report"], each["run"], "added" if each["added"] else "is there already") for each in runs)
    console.print_table(("report", "run", ""), rows)
    say(f"see them  evidently ui --workspace {workspace}")
