"""Proofs that the ledger holds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from retroaudit import console
from retroaudit.commands import verified
from retroaudit.commands.options import AsJson, Store
from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.anchors import load_saved, save
from retroaudit.ledger.signing import load_public
from retroaudit.ledger.timestamps import load_roots
from retroaudit.ledger.verify import Options, Verification
from retroaudit.ledger.verify import verify as verify_ledger
from retroaudit.storage.open import open_storage, open_store

commands = typer.Typer()


@commands.command(epilog="Example: retroaudit verify --store file:///audits --key public.pem --since seen.checkpoint")
def verify(
    *,
    store: Store,
    key: Annotated[Path, typer.Option("--key", help="public.pem, had from somewhere else than the store.")],
    report: Annotated[str | None, typer.Argument(help="One report; default: all.", metavar="[ID]")] = None,
    since: Annotated[
        Path | None, typer.Option(help="Your own file: the checkpoint you saw last; the new one is saved there.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A saved checkpoint to prove one report against, instead of the log's end.")
    ] = None,
    anchors: Annotated[
        str | None, typer.Option(help="The second place of checkpoints: file:///dir or s3://bucket/prefix.")
    ] = None,
    tsa_roots: Annotated[Path | None, typer.Option(help="PEM of the time-stamping authorities' roots.")] = None,
    archive: Annotated[str | None, typer.Option(help="Where logs lie: compares the inputs of reports.")] = None,
    at: Annotated[str | None, typer.Option(help="What was due is judged as of then; default: now.")] = None,
    log_only: Annotated[bool, typer.Option("--log-only", help="The log itself, without entries and files.")] = False,
    as_json: AsJson = False,
) -> None:
    """Prove offline that reports are what was sealed, and that nothing was removed, reordered or rewritten."""
    _refuse(report, checkpoint, log_only=log_only)
    public = load_public(key)
    options = Options(
        at=_moment(at),
        since=load_saved(since) if since else None,
        checkpoint=load_saved(checkpoint) if checkpoint else None,
        anchors=open_storage(anchors) if anchors else None,
        tsa_roots=load_roots(tsa_roots) if tsa_roots else None,
        archive=open_storage(archive) if archive else None,
        log_only=log_only,
    )
    _refuse_absent(checkpoint, options)
    with console.progress("verify", quiet=as_json) as (advance,):
        result = verify_ledger(open_store(store), public, report, advance, options)
    kept = _keep(since, options, result)
    if as_json:
        console.print_json({**result.summary(), "saved": kept})
    else:
        verified.tell(result, since=str(since) if since else None, saved=kept)
    if result.problems:
        raise typer.Exit(3)


def _refuse(report: str | None, checkpoint: Path | None, *, log_only: bool) -> None:
    if report and log_only:
        raise BadInput(Fault("--log-only", "a report too", "one of them"))
    if checkpoint and not report:
        remedy = "For all, --since proves that the log goes on from a checkpoint you saved."
        raise BadInput(Fault("--checkpoint", "no report", "the id of one report", remedy))


def _refuse_absent(path: Path | None, options: Options) -> None:
    if path and options.checkpoint is None:
        raise BadInput(Fault(f"checkpoint {path}", "no such file", "a saved checkpoint"))


def _keep(path: Path | None, options: Options, result: Verification) -> str | None:
    """Save the head that was seen: `created`, `moved on` or `unchanged`; None where nothing was, or all is not well."""
    if path is None or result.problems or result.head is None:
        return None
    before = options.since
    if before and before.checkpoint == result.head.note.checkpoint:
        return "unchanged"
    save(path, result.head.note)
    return "moved on" if before else "created"


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(Fault("--at", repr(text[:50]), "a time such as 2026-07-02 or 2026-07-02T12:00:00Z")) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
