"""Stored reports for other tools: Evidently's snapshots, its page and its workspaces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from retroaudit import console, telling
from retroaudit.commands.options import AsJson, Store
from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.read import Entry, find, read_file, reports
from retroaudit.progress import Progress, Step
from retroaudit.report.canonical import parse
from retroaudit.report.evidently.beside import Child, beside
from retroaudit.storage.open import open_storage
from retroaudit.storage.protocol import Storage

commands = typer.Typer()
_STORED = "evidently.json"


@commands.command(epilog="Example: retroaudit export --store file:///audits --evidently-workspace workspace")
def export(
    *,
    report: Annotated[
        list[str] | None, typer.Argument(help="Reports; default: the newest revision of each.", metavar="[ID]...")
    ] = None,
    store: Store,
    evidently_workspace: Annotated[Path, typer.Option(help="A directory; made where it is missing.", metavar="DIR")],
    model: Annotated[str | None, typer.Option(help="Without IDs: only this model's reports.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add stored reports as runs to an Evidently workspace, a project a model; what is there already stays."""
    if evidently_workspace.exists() and not evidently_workspace.is_dir():
        raise BadInput(Fault(str(evidently_workspace), "a file", "a directory, or a new name"))
    if report and model:
        raise BadInput(Fault("--model", "reports by name too", "one of them, not both"))
    storage = open_storage(store)
    entries = [find(storage, text) for text in report] if report else _newest(storage, model)
    with console.progress("export", quiet=as_json) as (advance,):
        runs = _add(storage, entries, evidently_workspace, advance)
    if as_json:
        console.print_json(runs)
    else:
        telling.exported(runs, evidently_workspace)


def evidently_snapshot(storage: Storage, entry: Entry, child: Child) -> bytes:
    """The report's `evidently.json`: the stored one, else one that is made of `report.json`."""
    if any(file.name == _STORED for file in entry.files):
        return read_file(storage, entry, _STORED)
    return child.snapshot(parse(read_file(storage, entry, "report.json")))


def _newest(storage: Storage, model: str | None) -> list[Entry]:
    newest = {entry.report.series: entry for entry in reports(storage) if model in {None, entry.report.model}}
    if not newest:
        found = f"no report of {model}" if model else "no reports"
        raise BadInput(Fault(storage.url, found, "a store with reports", "List them with `retroaudit list`."))
    return list(newest.values())


def _add(storage: Storage, entries: Sequence[Entry], workspace: Path, progress: Progress) -> list[dict[str, Any]]:
    """One run a report. Evidently keeps a run as PROJECT/snapshots/RUN.json: what has that was there before."""
    there = {path.stem for path in workspace.glob("*/snapshots/*.json")}
    runs: list[dict[str, Any]] = []
    with beside() as child:
        for number, entry in enumerate(entries):
            progress(Step("reports", number, len(entries)))
            run = child.add(evidently_snapshot(storage, entry, child), workspace, entry.report.model)
            runs.append({"report": str(entry.report), "run": run, "added": run not in there})
            there.add(run)
    return runs
