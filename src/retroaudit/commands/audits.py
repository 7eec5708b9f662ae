"""Audits: a spec held against the archive, one window, many windows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from retroaudit import console, provenance, telling
from retroaudit.artefacts import Request, Run, utc_now
from retroaudit.audit import audit, pin
from retroaudit.backfill import Every, requests, without_window
from retroaudit.backfill import backfill as run_backfill
from retroaudit.commands.options import (
    Archive,
    AsJson,
    AsOf,
    Part,
    ReferencePath,
    SigningKey,
    SpecPath,
    States,
    Store,
    signer,
)
from retroaudit.explaining import passes
from retroaudit.intake import places, request
from retroaudit.ledger.read import find, read_file
from retroaudit.preflight import preflight
from retroaudit.progress import Step
from retroaudit.report.canonical import parse
from retroaudit.sealing.history import declared

commands = typer.Typer()


@commands.command(epilog="Example: retroaudit check lending.yaml --archive file:///data")
def check(
    *,
    spec: SpecPath,
    archive: Archive,
    window: Annotated[str | None, typer.Option(help="Default: the newest day in the archive.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hold a spec against the archive: all its faults at once, nothing is sealed."""
    found = preflight(spec, archive, window)
    if as_json:
        console.print_json(found)
        return
    telling.preflight(found)


@commands.command(
    epilog="Example: retroaudit run lending.yaml --archive file:///data --store file:///audits --window 2026-06-30"
)
def run(
    *,
    spec: SpecPath,
    archive: Archive,
    store: Store,
    window: Annotated[
        str | None, typer.Option(help="2026-07-01, 2026-07, 2026-Q3 or A/B; not for a snapshot without dates.")
    ] = None,
    as_of: AsOf = None,
    reference: ReferencePath = None,
    part: Part = "main",
    states: States = None,
    key: SigningKey = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Only say what would be read: nothing is sealed, and no key is needed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run one audit and seal its report; with --explain, say what it would read."""
    asked = request(spec, window, utc_now(), as_of=as_of, reference=reference, part=part)
    if explain:
        found = _explained(asked, archive, states, quiet=as_json)
        if as_json:
            console.print_json(found)
        else:
            telling.explained(found)
        return
    with tempfile.TemporaryDirectory(prefix="retroaudit-") as spool:
        by, where = signer(key), places(archive, store, states, Path(spool))
        with console.progress(f"{asked.spec.model} {asked.window.key}", quiet=as_json) as (advance,):
            sealed = audit(asked, where, by, Run(utc_now(), provenance.facts()), advance)
    entry = find(where.store, str(sealed.report))
    erasures = declared(where.store, entry.predicate["explained_by"])
    if as_json:
        console.print_json({**sealed.summary(), "explained_by": erasures})
    else:
        telling.sealed(sealed, parse(read_file(where.store, entry, "report.json")), store, erasures)
    if sealed.verdict == "failed":
        raise typer.Exit(1)


def _explained(asked: Request, archive: str, states: str | None, *, quiet: bool) -> dict[str, Any]:
    """What a run would read now, pass by pass and in all; the store is not even opened."""
    title = f"{asked.spec.model} {asked.window.key}"
    with tempfile.TemporaryDirectory(prefix="retroaudit-") as spool:
        where = places(archive, (Path(spool) / "store").as_uri(), states, Path(spool))
        with console.progress(title, quiet=quiet) as (advance,):
            advance(Step("pin"))
            pinned = pin(asked, where)
            advance(Step("look ahead"))
            found = [each.summary() for each in passes(pinned, where)]
    summed = ("rows", "bytes", "fetched", "requests", "states_there", "states_new")
    return {
        "model": asked.spec.model,
        "window": asked.window.key,
        "as_of": asked.as_of,
        "plan": pinned.plan,
        "states": states,
        "passes": found,
        "partitions": sum(len(each["partitions"]) for each in found),
        "partitions_read": sum(len(each["partitions"]) for each in found if each["columns"]),
        **{name: sum(each[name] for each in found) for name in summed},
    }


@commands.command(
    epilog="Example: retroaudit backfill lending.yaml --archive file:///data --store file:///audits "
    "--states file:///states --window 2025-07-01/2026-07-01 --every day --every month"
)
def backfill(
    *,
    spec: SpecPath,
    archive: Archive,
    store: Store,
    window: Annotated[str, typer.Option(help="What to cover: A/B (without day B), 2026-07 or 2026-Q3.")],
    every: Annotated[
        list[Every] | None, typer.Option(help="Which windows; again for more. Default: the spec's schedule, else day.")
    ] = None,
    as_of: AsOf = None,
    reference: ReferencePath = None,
    part: Part = "main",
    states: States = None,
    key: SigningKey = None,
    as_json: AsJson = False,
) -> None:
    """Audit every whole window of a span, each partition read once; run again, it goes on where it was."""
    asked = requests(spec, window, every or (), utc_now(), as_of=as_of, reference=reference, part=part)
    model = asked[0].spec.model
    telling.without_window(without_window(asked, every or ()), window)
    with tempfile.TemporaryDirectory(prefix="retroaudit-") as spool:
        by, where = signer(key), places(archive, store, states, Path(spool))
        if not states:
            telling.states_are_temporary()
        with console.progress(f"{model} backfill", model, quiet=as_json) as (of_all, of_each):
            outcomes = run_backfill(asked, where, by, of_all, of_each)
    if as_json:
        console.print_json([outcome.summary() for outcome in outcomes])
    else:
        telling.backfill(outcomes, store)
    if any(outcome.faults for outcome in outcomes):
        raise typer.Exit(2)
    if any(outcome.sealed and outcome.sealed.verdict == "failed" for outcome in outcomes):
        raise typer.Exit(1)
