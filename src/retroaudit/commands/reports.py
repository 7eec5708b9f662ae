"""Stored reports: listed, shown, compared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from retroaudit import console, telling
from retroaudit.commands.exports import evidently_snapshot
from retroaudit.commands.options import AsJson, ReportText, Store
from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.read import find, read_file, reports
from retroaudit.progress import Step
from retroaudit.report.canonical import parse
from retroaudit.report.compare import compare
from retroaudit.report.evidently.beside import beside
from retroaudit.report.objects import changed_objects
from retroaudit.storage.open import open_store

commands = typer.Typer()


@commands.command("list", epilog="Example: retroaudit list --store file:///audits --model lending")
def list_reports(
    *,
    store: Store,
    model: Annotated[str | None, typer.Option(help="Only this model's reports.")] = None,
    as_json: AsJson = False,
) -> None:
    """The sealed reports, in the order in which they were sealed."""
    rows = [entry for entry in reports(open_store(store)) if model in {None, entry.report.model}]
    if as_json:
        console.print_json([entry.summary() for entry in rows])
        return
    telling.entries(rows, store, model)


@commands.command(
    epilog="Example: retroaudit show lending/2026-06-30/day/main --store file:///audits --html report.html"
)
def show(
    *,
    report: ReportText,
    store: Store,
    html: Annotated[Path | None, typer.Option(help="Write the page here instead.")] = None,
    evidently: Annotated[Path | None, typer.Option(help="Write Evidently's page of its drift here instead.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Passed and skipped metrics too.")] = False,
    as_json: AsJson = False,
) -> None:
    """One stored report: its findings and verdicts, `report.json` with --json, a page with --html or --evidently."""
    storage = open_store(store)
    entry = find(storage, report)
    if html:
        _write_new(html, read_file(storage, entry, "report.html"))
    if evidently:
        with console.progress("Evidently", quiet=as_json) as (advance,), beside() as child:
            advance(Step("page"))
            page = child.page(evidently_snapshot(storage, entry, child))
        _write_new(evidently, page.encode())
    if wrote := [str(path) for path in (html, evidently) if path]:
        if as_json:
            console.print_json({"wrote": wrote})
        else:
            telling.say(f"wrote {', '.join(wrote)}")
        return
    document = read_file(storage, entry, "report.json")
    if as_json:
        sys.stdout.buffer.write(document)  # these very bytes were sealed: no line end is added
        return
    telling.document(parse(document), everything=everything)


@commands.command(
    epilog="Example: retroaudit diff lending/2026-06-29/day/main lending/2026-06-30/day/main --store file:///audits"
)
def diff(
    *,
    before: ReportText,
    after: ReportText,
    store: Store,
    as_json: AsJson = False,
) -> None:
    """What changed between two stored reports: verdicts first, then values, then the objects that they read."""
    storage = open_store(store)
    documents = [parse(read_file(storage, find(storage, text), "report.json")) for text in (before, after)]
    changes = {**compare(*documents), "inputs": changed_objects(*documents)}
    if as_json:
        console.print_json(changes)
        return
    telling.changes(changes, documents[1])


def _write_new(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        raise BadInput(Fault(str(path), "a file", "a new name", "Nothing is overwritten.")) from error
    except OSError as error:
        raise BadInput(Fault(str(path), error.strerror or "an error", "a place that can be written")) from error
