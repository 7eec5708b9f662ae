"""Stored reports for others: one as a bundle that proves itself, or many as runs of an Evidently workspace."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from retroaudit import console, telling
from retroaudit.commands.options import AsJson, Store
from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.bundle import BUNDLE, bundle
from retroaudit.ledger.packing import pack, require_free
from retroaudit.ledger.read import Entry, find, read_file, reports
from retroaudit.ledger.signing import load_public
from retroaudit.ledger.statement import File
from retroaudit.progress import Progress, Step
from retroaudit.report.canonical import parse
from retroaudit.report.evidently.beside import Child, beside
from retroaudit.storage.open import open_store
from retroaudit.storage.protocol import Storage

commands = typer.Typer()
_STORED = "evidently.json"


@commands.command(
    epilog="Example: retroaudit export lending/2026-06-30/day/main --store file:///audits --key public.pem --out report"
)
def export(
    *,
    report: Annotated[
        list[str] | None, typer.Argument(help="Reports; default: the newest revision of each.", metavar="[ID]...")
    ] = None,
    store: Store,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A new folder, or a new file that ends in .zip, for one report and its proof.", metavar="PATH"
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="With --out: public.pem, had from somewhere else than the store.")
    ] = None,
    evidently_workspace: Annotated[
        Path | None, typer.Option(help="A directory; made where it is missing.", metavar="DIR")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Without IDs: only this model's reports.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hand on stored reports: one with all that proves it, or any as runs of an Evidently workspace."""
    if (out is None) == (evidently_workspace is None):
        found = "neither" if out is None else "both"
        raise BadInput(Fault("--out and --evidently-workspace", found, "one of them: where the export goes"))
    if out is not None:
        _export_bundle(report or [], store, out, key, model, as_json=as_json)
    elif evidently_workspace is not None:
        if key is not None:
            raise BadInput(Fault("--key", "nothing that is proven", "--key with --out alone"))
        _export_runs(report, store, evidently_workspace, model, as_json=as_json)


def _export_bundle(
    reports_named: Sequence[str], store: str, out: Path, key: Path | None, model: str | None, *, as_json: bool
) -> None:
    """One report with its proof, its history and a verifier, as a folder or zip."""
    if len(reports_named) != 1 or model:
        found = f"{len(reports_named)} reports" + (" and --model" if model else "")
        raise BadInput(Fault("--out", found, "exactly one report", "List them with `retroaudit list`."))
    if key is None:
        remedy = "`retroaudit keygen` wrote it; an auditor has it from the operator."
        raise BadInput(Fault("--key", "no public key", "public.pem: what is exported is verified first", remedy))
    require_free(out)
    made = bundle(open_store(store), reports_named[0], load_public(key))
    pack(made, out)
    told = _told(made, out)
    if as_json:
        console.print_json(told)
        return
    telling.say(f"wrote {out}: {told['report']}, {len(made)} files, {console.size(told['bytes'])}")
    unpacked = "" if out.is_dir() else "unpack it; then "
    folder = shlex.quote(str(out) if out.is_dir() else out.stem)
    telling.say(f"check it  {unpacked}python {folder}/verify.py {folder} --key public.pem")


def _told(made: Mapping[str, bytes], out: Path) -> dict[str, Any]:
    """What was written, as plain values."""
    manifest = json.loads(made[BUNDLE])
    origin, size, root, *_ = manifest["checkpoint"].split("\n")
    return {
        "report": manifest["report"],
        "wrote": str(out),
        "files": {name: {"sha256": File.of(name, data).sha256, "size": len(data)} for name, data in made.items()},
        "bytes": sum(map(len, made.values())),
        "checkpoint": {"origin": origin, "size": int(size), "root": root},
    }


def _export_runs(named: Sequence[str] | None, store: str, workspace: Path, model: str | None, *, as_json: bool) -> None:
    """Add stored reports as runs to an Evidently workspace, a project a model; what is there already stays."""
    if workspace.exists() and not workspace.is_dir():
        raise BadInput(Fault(str(workspace), "a file", "a directory, or a new name"))
    if named and model:
        raise BadInput(Fault("--model", "reports by name too", "one of them, not both"))
    storage = open_store(store)
    entries = [find(storage, text) for text in named] if named else _newest(storage, model)
    with console.progress("export", quiet=as_json) as (advance,):
        runs = _add(storage, entries, workspace, advance)
    if as_json:
        console.print_json(runs)
    else:
        telling.exported(runs, workspace)


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
