"""The ledger's log: what stands in it, and what schedulers put there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from retroaudit import console, telling
from retroaudit.commands import declarations
from retroaudit.commands.options import AsJson, Part, SigningKey, SpecPath, Store, duration, signer, writable
from retroaudit.declaring.due import due_lists, heartbeat
from retroaudit.declaring.writing import declare
from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.kinds import KINDS
from retroaudit.ledger.read import leaves, logged, reports
from retroaudit.spec.load import load
from retroaudit.storage.keys import encode
from retroaudit.storage.open import open_store
from retroaudit.storage.protocol import Storage

commands = typer.Typer(no_args_is_help=True, help="The ledger's log: show it, and record what is no report.")
commands.add_typer(declarations.commands)

_REPORT = "report"
_KINDS = (_REPORT, *KINDS)


@commands.command("log", epilog="Example: retroaudit ledger log --store file:///audits --kind plan --kind void")
def show_log(
    *,
    store: Store,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only entries of this kind: plan, void, report, …; again for more.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Only what is about this model.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every entry of the log, in the order in which they were recorded."""
    if unknown := set(kind or ()) - set(_KINDS):
        raise BadInput(Fault("--kind", ", ".join(sorted(unknown)), f"one of {', '.join(_KINDS)}"))
    found = [each for each in _entries(open_store(store), set(kind or _KINDS)) if _is_of(each, model)]
    if as_json:
        console.print_json(found)
    else:
        telling.log(found, store)


def _entries(storage: Storage, kinds: set[str]) -> Iterator[dict[str, Any]]:
    others = kinds - {_REPORT}
    found = {each.key: each.summary() for each in logged(storage, *others)} if others else {}
    sealed = {each.manifest_key: each for each in reports(storage)} if _REPORT in kinds else {}
    for number, index, leaf in leaves(storage):
        if entry := sealed.get(leaf.key):
            body = {"model": entry.report.model, "report": str(entry.report), "verdict": entry.verdict}
            told = {"index": index, "commit": number, "kind": _REPORT, "entry": leaf.key, "body": body}
            yield {**told, "recorded_at": entry.sealed_at.isoformat()}
        elif leaf.key in found:
            yield found[leaf.key]


def _is_of(entry: dict[str, Any], model: str | None) -> bool:
    """Whether the entry is of the model, or voids one that is."""
    if model is None or entry["body"].get("model") == model:
        return True
    return f"/model={encode(model)}/" in entry["body"].get("entry", "")


@commands.command(epilog="Example: retroaudit ledger due lending.yaml --window 2026-Q3 --store file:///audits")
def due(
    *,
    spec: SpecPath,
    store: Store,
    window: Annotated[str, typer.Option(help="The span that is owed: 2026-07, 2026-Q3 or A/B.")],
    grace: Annotated[str, typer.Option(help="How long after the labels are due: 2d, 12h.")] = "2d",
    part: Part = "main",
    key: SigningKey = None,
    as_json: AsJson = False,
) -> None:
    """Record which audits the spec's schedule owes for a span: `verify` finds those that never ran."""
    lists = due_lists(load(spec), window, duration("--grace", grace), part)
    by = signer(key)
    receipts = declare(writable(store), lists, by, datetime.now(UTC))
    if as_json:
        console.print_json([{**each.model_dump(), **vars(r)} for each, r in zip(lists, receipts, strict=True)])
        return
    telling.recorded(receipts, lists)


@commands.command("heartbeat", epilog="Example: retroaudit ledger heartbeat --store file:///audits --next 1d")
def beat(
    *,
    store: Store,
    following: Annotated[str, typer.Option("--next", help="When the next one comes at the latest: 1d, 12h.")],
    key: SigningKey = None,
    as_json: AsJson = False,
) -> None:
    """Record that somebody is at work here: a log that falls silent, or lost its end, is then seen."""
    at, within, by = datetime.now(UTC), duration("--next", following), signer(key)
    body = heartbeat(at, within)
    declarations.tell(declare(writable(store), [body], by, at), body, as_json=as_json)
