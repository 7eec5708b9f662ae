"""Proofs that the ledger holds, and what stands in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.text import Text

from retroaudit import console
from retroaudit.ledger.recording import Receipt
from retroaudit.ledger.verify import Verification
from retroaudit.replaying import Replayed
from retroaudit.telling.words import say

_SAID = {  # what a line of the log says of an entry, by its kind
    "report": "{report}: {verdict}",
    "key": "key {keyid}",
    "store": "kept for {tenant}",
    "plan": "{model}/{window}/{audit}/{part}: plan {plan}",
    "due": "{model}: audits of kind {audit}, part {part}",
    "heartbeat": "the next before {next}",
    "decision": "{report}: {decision}, by {by}",
    "erasure": "{model}: {partitions} in the {scope}, by {by}",
    "change": "{model}: another {what}, by {by}",
    "void": "{entry}, by {by}",
    "hold": "{report}: on {on}, by {by}",
    "sample": "a sample of {report}",
}


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


def log(found: Sequence[Mapping[str, Any]], store: str) -> None:
    """The log's entries: what each says, and below it its key, which `ledger void` takes."""
    if not found:
        say(f"no such entries in {store}")
    for each in found:
        moment = f"{datetime.fromisoformat(each['recorded_at']):%Y-%m-%d %H:%M}Z"
        say(f"{each['index']:>6}  {moment}  commit {each['commit']:<6}  {each['kind']:<9}  {_said(each)}")
        say(f"        {each['entry']}")


def _said(entry: Mapping[str, Any]) -> str:
    return _SAID[entry["kind"]].format(**entry["body"])


def recorded(receipts: Sequence[Receipt]) -> None:
    """Where entries stand in the log."""
    for each in receipts:
        before = "" if each.created else "  (recorded before)"
        say(f"commit {each.commit}  {each.key}{before}")
