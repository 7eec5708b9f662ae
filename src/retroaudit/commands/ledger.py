"""A stored report made again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from retroaudit import console, telling
from retroaudit.artefacts import Places
from retroaudit.commands.options import AsJson, ReportText, States, Store
from retroaudit.faults import BadInput, Fault
from retroaudit.intake import refuse_nested
from retroaudit.ledger.read import find
from retroaudit.replaying import replay as make_again
from retroaudit.storage.open import open_storage, open_store

commands = typer.Typer()


@commands.command(
    epilog="Example: retroaudit replay lending/2026-06-30/day/main --store file:///audits --archive file:///data"
)
def replay(
    context: typer.Context,
    *,
    report: ReportText,
    store: Store,
    archive: Annotated[
        str | None,
        typer.Option(help="Where the logs lie; without it, from states alone.", envvar="RETROAUDIT_ARCHIVE"),
    ] = None,
    states: States = None,
    no_states: Annotated[bool, typer.Option("--no-states", help="From rows alone, whatever states there are.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a stored report again, from rows or from states, and compare its bytes with those that were sealed."""
    source = context.get_parameter_source("states")
    _refuse_replay(archive, states, no_states=no_states, named=source is not None and source.name == "COMMANDLINE")
    with tempfile.TemporaryDirectory(prefix="retroaudit-") as spool:
        where = _read_places(archive, store, None if no_states else states, Path(spool))
        entry = find(where.store, report)
        with console.progress(f"replay {entry.report}", quiet=as_json) as (advance,):
            found = make_again(entry, where, advance, archive=bool(archive))
    if as_json:
        console.print_json(found.summary())
    else:
        telling.replayed(found, store)
    if not found.same:
        raise typer.Exit(3)


def _refuse_replay(archive: str | None, states: str | None, *, no_states: bool, named: bool) -> None:
    """Refuse words that say two things, or too little."""
    if no_states and named:
        raise BadInput(Fault("--no-states", "--states too", "one of them"))
    if not archive and (no_states or not states):
        remedy = "Rows are in the archive, states where --states of the audit was."
        raise BadInput(Fault("--archive", "nothing to make it from", "--archive, or --states, or both", remedy))


def _read_places(archive: str | None, store: str, states: str | None, spool: Path) -> Places:
    """Where a replay reads; nothing is made but what is its own: a replay without archive has an empty one."""
    named = {"--archive": archive, "--store": store, "--states": states}
    refuse_nested({option: address for option, address in named.items() if address})
    empty, own = spool / "archive", spool / "states"
    return Places(
        open_storage(archive) if archive else open_storage(empty.as_uri(), create=True),
        open_store(store),
        open_storage(states) if states else open_storage(own.as_uri(), create=True, durable=False),
        spool,
    )
