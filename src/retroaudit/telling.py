"""What the commands tell people: reports, verifications, comparisons and the demo's outcome, as plain tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.text import Text

from retroaudit import console
from retroaudit.artefacts import Sealed
from retroaudit.backfill import Outcome as Backfilled
from retroaudit.demo.archive import FIRST
from retroaudit.demo.run import Outcome
from retroaudit.ledger.read import Entry
from retroaudit.ledger.verify import Verification
from retroaudit.replaying import Replayed
from retroaudit.retention import Holding

_UNDECIDED = ("inconclusive", "insufficient")
_MOST = 20
_MOST_NAMED = 5
PRUNED = (
    "What goes is measured again where an audit needs it, while the archive has the rows.",
    "Until then, reports that were made of it can be replayed from rows, not from states.",
)
ERASED = (
    "All merged states and artefacts of tasks go with it: any of them may hold values of these partitions.",
    "Reports and the archive are not touched. While the archive has the rows, an audit would measure them again.",
    "States of all that these partitions ever held, as reports of this store name it, go together.",
    "The ledger does not declare the erasure yet: that comes with a later release.",
)


def say(text: str) -> None:
    """One line; control characters from data are shown, never obeyed."""
    console.out().print(Text(console.plain(text)))


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


def sealed(audit: Sealed, document: Mapping[str, Any], store: str) -> None:
    """The end of a run: verdict, id, findings, what could not be decided, and how to read it."""
    console.out().print(Text.assemble("verdict  ", console.verdict_text(audit.verdict)))
    say(f"report   {audit.report}{'' if audit.created else '  (sealed before: the same bytes)'}")
    if document["audit"]["supersedes"]:
        say(f"         supersedes {document['audit']['supersedes']}: changed {', '.join(document['audit']['cause'])}")
    _findings(document)
    _metrics(document, _UNDECIDED)
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
    return f"{_some(found['columns']) or 'none'}{beside}"


def _some(names: Sequence[str]) -> str:
    """The first few names, and how many more."""
    more = f" and {len(names) - _MOST_NAMED} more" if names[_MOST_NAMED:] else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def replayed(found: Replayed, store: str) -> None:
    """Whether the bytes are the same, from what they were made, and what to do next."""
    same = Text("✓ the same bytes", style="green") if found.same else Text("✗ other bytes", style="bold red")
    console.out().print(Text.assemble(same, f"  {console.plain(found.report)}"))
    say(f"made from  {found.rows_read:,} rows read; {found.reused} of {found.partitions} partitions from states")
    say(f"sealed     sha256 {found.sealed}")
    say(f"made now   sha256 {found.found}")
    if found.same:
        say(f"its seal   retroaudit verify {found.report} --store {store} --key public.pem")
    else:
        say(f"differs    {', '.join(found.differs) or 'in form alone: the values are the same'}")
        say("compare the versions of libraries in its manifest with those here")


def holdings(found: Sequence[Holding]) -> None:
    """What a state store holds, by kind and in all."""
    names = ("kind", "objects", "size", "contents", "oldest", "newest")
    console.print_table(names, [_holding(each) for each in found])
    say(f"{_objects(found)} in all; contents are partitions' contents, or what was merged")


def _holding(each: Holding) -> tuple[object, ...]:
    times = (f"{moment:%Y-%m-%d %H:%M}Z" for moment in (each.oldest, each.newest))
    return (each.kind, f"{each.objects:,}", console.size(each.bytes), each.contents or None, *times)


def _objects(found: Iterable[Holding]) -> str:
    counts = [(each.objects, each.bytes) for each in found]
    objects, size = sum(count for count, _ in counts), sum(size for _, size in counts)
    return f"{objects:,} object{'' if objects == 1 else 's'}, {console.size(size)}"


def damaged(keys: Sequence[str] | None, url: str) -> None:
    """The damaged states, if they were looked for; they are measured again where they are needed."""
    if keys is None:
        return
    if not keys:
        console.out().print(Text("✓ no state is damaged", style="green"))
        return
    console.out().print(Text(f"✗ {len(keys)} damaged: they count as absent, and are measured again", style="yellow"))
    say(f"  {_some(keys)}")
    say(f"remove them: retroaudit states prune --damaged --states {url} --yes")


def removed(found: Sequence[Holding], about: Mapping[str, Any], cost: Sequence[str], *, yes: bool) -> None:
    """What went, or would go, and what that means."""
    if about:
        say(f"{about['report']}: {_some(about['partitions']) or 'no partitions'}")
    if not found:
        say("nothing to remove")
        return
    console.print_table(("kind", "objects", "size", "contents", "oldest", "newest"), [_holding(each) for each in found])
    say(f"{_objects(found)} {'were removed' if yes else 'would go'}")
    for line in cost:
        say(line)
    if not yes:
        say("this was a dry run: nothing was removed. Add --yes to do it.")


def exported(runs: Sequence[Mapping[str, Any]], workspace: Path) -> None:
    """The runs of a workspace that reports became, or were before, and how to see them."""
    rows = ((each["report"], each["run"], "added" if each["added"] else "is there already") for each in runs)
    console.print_table(("report", "run", ""), rows)
    say(f"see them  evidently ui --workspace {workspace}")


def states_are_temporary() -> None:
    """What a backfill without --states gives away."""
    text = "states are kept for this backfill alone: with --states, the next one reads only what is new"
    console.err().print(Text(text, style="dim"))


def backfill(outcomes: Sequence[Backfilled], store: str) -> None:
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


def _backfilled(outcome: Backfilled) -> tuple[object, ...]:
    if outcome.sealed is None:
        return (outcome.window.key, "not audited", None, None, None, None)
    audit = outcome.sealed
    found = "new" if audit.created else "found"
    verdict = console.verdict_text(audit.verdict)
    return (outcome.window.key, verdict, len(audit.findings), found, audit.rows_read, audit.reused)


def document(report: Mapping[str, Any], *, everything: bool) -> None:
    """A stored report: its findings, and its metrics that are not simply passed; or all that have a verdict."""
    head = console.plain(report["audit"]["id"])
    console.out().print(Text.assemble(head, "  ", console.verdict_text(report["summary"]["verdict"])))
    _findings(report)
    verdicts = ("failed", *_UNDECIDED, "passed", "skipped") if everything else ("failed", *_UNDECIDED)
    _metrics(report, verdicts)
    left = Counter(m["verdict"] for m in report["metrics"] if m["verdict"] and m["verdict"] not in verdicts)
    if left:
        say(f"{', '.join(f'{count} {verdict}' for verdict, count in sorted(left.items()))}: see them with --all")


def _findings(report: Mapping[str, Any]) -> None:
    if not report["findings"]:
        say("no findings")
        return
    rows = ((f["severity"], f["message"], f["owner"]) for f in report["findings"])
    console.print_table(("severity", "finding", "owner"), rows)


def _metrics(report: Mapping[str, Any], verdicts: Sequence[str]) -> None:
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


def verification(result: Verification) -> None:
    """Every problem with what it means, then what was checked."""
    for problem in result.problems:
        console.out().print(Text.assemble(("✗ ", "red"), (console.plain(problem.object), "bold")))
        say(f"  expected {problem.expected}, found {problem.found}: {problem.meaning}")
    counted = ", ".join(f"{count} {what}" for what, count in result.checked.items())
    mark = Text("✗ broken", style="bold red") if result.problems else Text("✓ intact", style="green")
    console.out().print(Text.assemble(mark, f"  checked {counted}"))
    for note in result.notes:
        console.out().print(Text(f"  note: {console.plain(note)}", style="dim"))


def outcome(found: Outcome) -> None:
    """What the demo planted and what was found, when; then whether the ledger holds, and what to open."""
    rows = (
        (row.name, _span(row.planted) or "never", _night(row.first_found), _span(row.missed) or "none")
        for row in found.incidents
    )
    title = f"{len(found.nights)} nights and the whole window audited"
    console.print_table(("planted", "nights", "first found", "missed"), rows, title=title)
    verification(found.verification)
    good = Text("✓ found exactly what was planted", style="green")
    console.out().print(good if found.as_planted else Text("✗ not what was planted", style="bold red"))
    store = (found.place / "store").absolute().as_uri()
    say("")
    say(f"open  {found.page}   (the whole window: {found.whole.report})")
    for row in [row for row in found.incidents if row.first_found][:_MOST]:
        say(f"or    retroaudit show {found.nights[(row.first_found or 1) - 1].report} --store {store}   ({row.name})")


def _night(number: int | None) -> str:
    return "never" if number is None else f"{FIRST + timedelta(days=number - 1)} (night {number})"


def _span(nights: tuple[int, ...]) -> str:
    """Nights in few words: "31-59, 61-91"."""
    runs: list[list[int]] = []
    for night in nights:
        if runs and night == runs[-1][-1] + 1:
            runs[-1][1:] = [night]
        else:
            runs.append([night])
    return ", ".join("-".join(map(str, run)) for run in runs)
