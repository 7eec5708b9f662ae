"""Stored reports: one, many, two compared, for other tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
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
    names = ("metric", "subject", "slice", "verdict", "value", "low to high", "n", "reason")
    console.print_table(names, (_metric(m) for m in chosen))


def _metric(metric: Mapping[str, Any]) -> tuple[object, ...]:
    value, low, high = (console.number(metric[name]) for name in ("value", "low", "high"))
    interval = None if low == high == "-" else f"{low} to {high}"
    verdict = console.verdict_text(metric["verdict"])
    return (
        metric["metric"],
        metric["subject"],
        console.where(metric["slice"]),
        verdict,
        value,
        interval,
        metric["n"],
        metric["reason"],
    )


def entries(found: Sequence[Entry], store: str, model: str | None = None) -> None:
    """The reports of a store, or of one model in it, and which of them another revision superseded."""
    if not found:
        say(f"no reports{f' of model {model}' if model else ''} in {store}: is this the store?")
        return
    newest = {e.report.series_folder: e.report.rev for e in found}  # in the order of the log
    rows = (
        (
            str(e.report),
            console.verdict_text(e.verdict),
            e.findings,
            f"{e.sealed_at:%Y-%m-%d %H:%M}Z",
            e.commit,
            f"superseded by /{newest[e.report.series_folder]}" if e.report.rev < newest[e.report.series_folder] else "",
        )
        for e in found
    )
    console.print_table(("report", "verdict", "findings", "sealed", "commit", ""), rows)


def changes(found: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """What differs between two reports, and why the second was made where it supersedes."""
    if after["audit"]["cause"]:
        say(f"{after['audit']['id']} was made because these changed: {', '.join(after['audit']['cause'])}")
    names = ("check", "metric", "subject", "slice", "before", "after", "verdict before", "verdict after")
    title = f"{len(found['metrics'])} of {found['compared']} metrics differ"
    console.print_table(names, (_change(c) for c in found["metrics"]), title=title)
    if found["inputs"]:
        count = len(found["inputs"])
        say(f"{count} input object{' differs' if count == 1 else 's differ'}")
        console.print_table(("partition", "what", "object", "bytes", ""), (_input(each) for each in found["inputs"]))


def _input(found: Mapping[str, Any]) -> tuple[object, ...]:
    before, after = (None if found[name] is None else f"{found[name]:,}" for name in ("size_before", "size_after"))
    said = "new" if before is None else "gone" if after is None else "other bytes"
    return (found["partition"], found["role"], found["key"], f"{before or '-'} → {after or '-'}", said)


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
