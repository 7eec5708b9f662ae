"""The demo's outcome."""

from __future__ import annotations

from datetime import timedelta

from rich.text import Text

from retroaudit import console
from retroaudit.demo.archive import FIRST
from retroaudit.demo.incidents import INCIDENTS
from retroaudit.demo.run import Outcome
from retroaudit.telling.ledger import verification
from retroaudit.telling.words import say

_MOST = 20


def outcome(found: Outcome) -> None:
    """What the demo planted and what was found, when; then whether the ledger holds, and what to open."""
    rows = (
        (row.name, _span(row.planted) or "never", _night(row.first_found), _span(row.missed) or "none")
        for row in found.incidents
    )
    title = f"{len(found.nights)} nights and the whole window audited"
    console.print_table(("planted", "nights", "first found", "missed"), rows, title=title)
    if found.incidents and not any(row.planted for row in found.incidents):
        first = min(night for each in INCIDENTS for night in each.nights)
        say(f"nothing is planted in the first {len(found.nights)} nights: the first incident is on night {first}")
    verification(found.verification)
    good = Text("✓ found exactly what was planted", style="green")
    console.out().print(good if found.as_planted else Text("✗ not what was planted", style="bold red"))
    store = (found.place / "store").absolute().as_uri()
    say("")
    say(f"proof retroaudit verify --store {store} --key {found.place / 'keys' / 'public.pem'}")
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
