"""What an audit found, would read, or could not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from retroaudit import console
from retroaudit.artefacts import Sealed
from retroaudit.backfill import Outcome
from retroaudit.telling.reports import UNDECIDED, findings, metrics
from retroaudit.telling.words import say, some


def preflight(found: Mapping[str, Any]) -> None:
    """What `check` found, and its warnings."""
    console.out().print(Text("✓ the spec fits the archive", style="green"))
    facts = ((name.replace("_", " "), _fact(value)) for name, value in found.items() if name != "warnings")
    console.print_table(("what", "found"), facts)
    for warning in found["warnings"]:
        console.out().print(Text(f"! {console.plain(warning)}", style="yellow"))


def _fact(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {item}" for name, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(" by ".join(item) if isinstance(item, list) else str(item) for item in value) or "none"
    return str(value)


def sealed(audit: Sealed, document: Mapping[str, Any], store: str, erasures: Sequence[Mapping[str, Any]] = ()) -> None:
    """The end of a run: verdict, id, what explains it, findings, what could not be decided, and how to read it."""
    console.out().print(Text.assemble("verdict  ", console.verdict_text(audit.verdict)))
    say(f"report   {audit.report}{'' if audit.created else '  (sealed before: the same bytes)'}")
    if before := document["audit"]["supersedes"]:
        say(f"         supersedes {before}: changed {', '.join(document['audit']['cause'])}")
        say(f"what     retroaudit diff {before} {audit.report} --store {store}")
    for each in erasures:
        rows = "no number of rows" if each["rows"] is None else f"{each['rows']} rows"
        say(f"         explained by the erasure declared on {each['at'][:10]} ({rows} of {some(each['partitions'])})")
    findings(document)
    metrics(document, UNDECIDED)
    say(f"read it  retroaudit show {audit.report} --store {store} --html report.html")


def explained(found: Mapping[str, Any]) -> None:
    """What a run would read, pass by pass and in all, and what it finds in states; a local archive is read in place."""
    remote = found["requests"] > 0
    rows = [_pass(each, _from_to(each["partitions"]), _columns(each), remote=remote) for each in found["passes"]]
    names = ("rows", "stored", *(("fetched", "requests") if remote else ()), "states there", "to make")
    total = _pass({**found, "role": "in all"}, str(found["partitions"]), "", remote=remote)
    console.print_table(
        ("for", "partitions", "columns", *names),
        [*rows, total],
        title=f"what an audit of {found['model']} {found['window']} would read",
    )
    there = found["partitions"] - found["partitions_read"]
    say(f"{found['partitions_read']} of {found['partitions']} partitions would be read, {there} taken from states")
    if found["states"] is None:
        say("without --states nothing is known of states: all would be measured anew, and kept for this run alone")
    say("nothing was measured or sealed")


def _pass(found: Mapping[str, Any], partitions: str, columns: str, *, remote: bool) -> tuple[object, ...]:
    read = (f"{found['rows']:,}", console.size(found["bytes"]))
    moved = (console.size(found["fetched"]), f"{found['requests']:,}") if remote else ()
    return (found["role"], partitions, columns, *read, *moved, found["states_there"], found["states_new"])


def _from_to(partitions: Sequence[str]) -> str:
    first, last = partitions[0], partitions[-1]
    return first if len(partitions) == 1 else f"{first} … {last} ({len(partitions)})"


def _columns(found: Mapping[str, Any]) -> str:
    beside = " + what lies beside (labels, control totals)" if found["with_labels"] else ""
    return f"{some(found['columns']) or 'none'}{beside}"


def states_are_temporary() -> None:
    """What a backfill without --states gives away."""
    text = "states are kept for this backfill alone: with --states, the next one reads only what is new"
    console.err().print(Text(text, style="dim"))


def backfill(outcomes: Sequence[Outcome], store: str) -> None:
    """Each window with its verdict and what it cost; then why some have none, and how to read one."""
    names = ("window", "verdict", "findings", "report", "rows read", "from states")
    console.print_table(names, (_backfilled(outcome) for outcome in outcomes))
    sealed = [outcome.sealed for outcome in outcomes if outcome.sealed]
    partitions, rows = sum(each.reused for each in sealed), sum(each.rows_read for each in sealed)
    say(f"{len(sealed)} of {len(outcomes)} windows audited, {rows} rows read, {partitions} partitions from states")
    for outcome in outcomes:
        if outcome.faults:
            say(f"{outcome.window.key} was not audited:")
            console.print_faults(outcome.faults, as_json=False)
    if sealed:
        say(f"read one  retroaudit show {sealed[-1].report} --store {store} --html report.html")


def without_window(kinds: Sequence[str], span: str) -> None:
    """The kinds of which the span of a backfill holds no whole window: none of them is audited."""
    if kinds:
        text = f"{span} holds no whole {' and no whole '.join(kinds)}: none is audited"
        console.err().print(Text(console.plain(text), style="yellow"))


def _backfilled(outcome: Outcome) -> tuple[object, ...]:
    if outcome.sealed is None:
        return (outcome.window.key, "not audited", None, None, None, None)
    audit = outcome.sealed
    found = "new" if audit.created else "found"
    verdict = console.verdict_text(audit.verdict)
    return (outcome.window.key, verdict, len(audit.findings), found, audit.rows_read, audit.reused)
