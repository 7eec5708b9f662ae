"""Proofs that the ledger holds, and what stands in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from rich.text import Text

from retroaudit import console
from retroaudit.ledger.kinds import Body
from retroaudit.ledger.recording import Receipt
from retroaudit.ledger.verify import Verification
from retroaudit.replaying import Replayed
from retroaudit.telling.words import counted, say, some

_SAID = {  # what a line of the log says of an entry, by its kind
    "report": "{report}: {verdict}",
    "key": "key {keyid}",
    "store": "kept for {tenant}",
    "plan": "{model}/{window}/{audit}/{part}: plan {plan:.12}",
    "due": "{model}: {owed}, part {part}",
    "heartbeat": "the next before {next}",
    "decision": "{report}: {decision}, by {by}",
    "erasure": "{model}: {gone}, by {by}",
    "change": "{model}: another {what}, by {by}",
    "void": "{voided}, by {by}",
    "hold": "{report}: {held}, by {by}",
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
        where = f"{each['index']:>6}  {moment}  commit {each['commit']:<6}"
        say(f"{where}  {each['kind']:<9}  {logged(each['kind'], each['body'])}")
        say(f"        {each['entry']}")


def logged(kind: str, body: Mapping[str, Any]) -> str:
    """What an entry says, in a sentence: the log's, and that of the command which recorded it."""
    more = _MORE[kind](body) if kind in _MORE else {}
    return _SAID[kind].format_map({**body, **more})


def recorded(receipts: Sequence[Receipt], bodies: Sequence[Body]) -> None:
    """Where entries stand in the log, and what each says, as `ledger log` tells it."""
    for each, body in zip(receipts, bodies, strict=True):
        before = "" if each.created else "  (recorded before)"
        say(f"commit {each.commit}  {body.kind}  {logged(body.kind, body.model_dump())}{before}")
        say(f"        {each.key}")


def _owed(body: Mapping[str, Any]) -> dict[str, str]:
    first, last = body["windows"][0]["window"], body["windows"][-1]["window"]
    audits = f"{counted(len(body['windows']), 'audit')} of kind {body['audit']}"
    return {"owed": f"{audits}, {first if first == last else f'{first} to {last}'}"}


def _gone(body: Mapping[str, Any]) -> dict[str, str]:
    rows = "rows" if body["rows"] is None else counted(body["rows"], "row")
    place = "review place" if body["scope"] == "review" else body["scope"]
    return {"gone": f"{rows} of {some(body['partitions']) or 'no partition'} in the {place}"}


def _voided(body: Mapping[str, Any]) -> dict[str, str]:
    """An entry by what its key says it is about: `lending/2026-07-01/day/main: plan`."""
    parts = [part.partition("=")[2] for part in body["entry"].split("/") if "=" in part]
    kind, *about = (unquote(part) for part in parts or [body["entry"]])
    return {"voided": f"{'/'.join(about)}: {_CALLED.get(kind, kind)}" if about else kind}


_CALLED = {"due": "due list"}
_MORE: Mapping[str, Callable[[Mapping[str, Any]], dict[str, str]]] = {
    "due": _owed,
    "erasure": _gone,
    "void": _voided,
    "hold": lambda body: {"held": "put on hold" if body["on"] else "let out of the hold"},
}
