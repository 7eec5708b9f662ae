"""What `verify` tells people: every problem first, then what was proved, by what, and what was not."""

from __future__ import annotations

from rich.text import Text

from retroaudit import console
from retroaudit.ledger.verify import Verification

_MOST = 20  # lines of a kind


def tell(result: Verification, *, since: str | None = None, saved: str | None = None) -> None:
    """An outcome; `since` is the auditor's own file, and `saved` what became of it."""
    for problem in result.problems:
        console.out().print(Text.assemble(("✗ ", "red"), (console.plain(problem.object), "bold")))
        _say(f"  expected {console.plain(problem.expected)}, found {console.plain(problem.found)}")
        _say(f"  {console.plain(problem.meaning)}")
    counted = ", ".join(f"{count:,} {_one(what) if count == 1 else what}" for what, count in result.checked.items())
    mark = Text("✗ broken", style="bold red") if result.problems else Text("✓ intact", style="green")
    console.out().print(Text.assemble(mark, f"  checked {counted}"))
    _tell_head(result)
    for title, lines in (("note", result.notes), ("not checked", result.unchecked)):
        for line in lines[:_MOST]:
            console.out().print(Text(f"  {title}: {console.plain(line)}", style="dim"))
        if len(lines) > _MOST:
            console.out().print(Text(f"  {title}: {len(lines) - _MOST:,} more, in --json", style="dim"))
    if since:
        _say(_kept(since, saved))


def _tell_head(result: Verification) -> None:
    head = result.head
    if head is None:
        return
    found = head.note.checkpoint
    where = f"commit {head.commit}, {head.time.isoformat()}" if head.commit and head.time else "the given checkpoint"
    _say(f"  head: {found.size:,} entries, root {found.root.hex()} ({where})")
    _say(f"  log:  {console.plain(found.origin)}")
    if result.judged_at:
        _say(f"  what was due is judged as of {result.judged_at.isoformat(timespec='seconds')}")


def _kept(since: str, saved: str | None) -> str:
    name = console.plain(since)
    return {
        "created": f"  saved this head in {name}, which did not exist: nothing earlier was compared",
        "moved on": f"  saved this head in {name}: the log goes on from the one you saw before",
        "unchanged": f"  {name} stays: the log is as you saw it",
    }.get(saved or "", f"  {name} stays as it was: nothing broken is saved")


def _say(text: str) -> None:
    console.out().print(Text(text))


def _one(what: str) -> str:
    return f"{what[:-3]}y" if what.endswith("ies") else what.removesuffix("s")
