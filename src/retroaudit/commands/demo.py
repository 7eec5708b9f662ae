"""The demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retroaudit import console, telling
from retroaudit.commands.options import AsJson
from retroaudit.demo.run import run_demo

commands = typer.Typer()


@commands.command(epilog="Example: retroaudit demo --days 91 --out demo")
def demo(
    *,
    out: Annotated[Path, typer.Option("--out", help="A new or empty directory.")] = Path("demo"),
    days: Annotated[int, typer.Option(min=1, max=200, help="Nights, from 2026-04-01.")] = 91,
    rows: Annotated[int, typer.Option(min=1000, help="Decisions a day.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes another archive.")] = 1,
    incidents: Annotated[
        bool, typer.Option("--incidents/--no-incidents", help="Plant the incidents, or nothing.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Build an archive with planted incidents, audit every night and the quarter, and say what was found when."""
    with console.progress("demo", quiet=as_json) as (advance,):
        outcome = run_demo(out, days=days, rows=rows, seed=seed, incidents=incidents, progress=advance)
    if as_json:
        console.print_json(outcome.summary())
    else:
        telling.outcome(outcome)
    if not outcome.as_planted:
        raise typer.Exit(1)
