"""The state store: what is in it, what may go, and what must."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from retroaudit import console, telling
from retroaudit.artefacts import Work
from retroaudit.commands.erasures import ErasedBy, ErasedFor, declarer
from retroaudit.commands.options import AsJson, ReportText, SigningKey, StatesPlace, Store, duration
from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.read import find, read_file, reports
from retroaudit.replaying import work_of
from retroaudit.report.canonical import parse
from retroaudit.retention import by_kind, damaged, expired, holdings, of_work, outdated
from retroaudit.retention import erase as remove
from retroaudit.storage.open import open_storage, open_store
from retroaudit.storage.protocol import Erasable, ObjectInfo

commands = typer.Typer(no_args_is_help=True, help="The state store: show what is in it, prune it, erase from it.")

Yes = Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would go.")]


@commands.command(epilog="Example: retroaudit states show --states file:///states")
def show(
    *,
    states: StatesPlace,
    verify: Annotated[bool, typer.Option("--verify", help="Read every state, and name the damaged ones.")] = False,
    as_json: AsJson = False,
) -> None:
    """What the state store holds, by kind."""
    storage = open_storage(states)
    found = holdings(storage)
    broken = [info.key for info in damaged(storage)] if verify else None
    if as_json:
        kinds = [each.summary() for each in found]
        console.print_json({"states": storage.url, "kinds": kinds, **({} if broken is None else {"damaged": broken})})
        return
    telling.holdings(found)
    telling.damaged(broken, storage.url)


@commands.command(epilog="Example: retroaudit states prune --states file:///states --older-than 400d --yes")
def prune(
    *,
    states: StatesPlace,
    older_than: Annotated[str | None, typer.Option(help="What was put there longer ago: 400d, 6h.")] = None,
    without_reader: Annotated[
        bool, typer.Option("--outdated", help="States of measures and versions that this retroaudit does not have.")
    ] = False,
    broken: Annotated[bool, typer.Option("--damaged", help="States whose bytes are not as they were written.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Remove states by age, by version or by damage; without --yes, only say what would go."""
    storage, chosen = open_storage(states), list[ObjectInfo]()
    if older_than is None and not without_reader and not broken:
        raise BadInput(Fault("prune", "nothing to choose by", "--older-than, --outdated or --damaged"))
    if older_than is not None:
        chosen += expired(storage, datetime.now(UTC), duration("--older-than", older_than))
    if without_reader:
        chosen += outdated(storage)
    if broken:
        chosen += damaged(storage)
    objects = _remove(storage, chosen, yes=yes, quiet=as_json)
    _tell(storage, objects, {}, telling.PRUNED, yes=yes, as_json=as_json)


@commands.command(
    epilog="Example: retroaudit states erase lending/2026-07-01/day/main --store file:///audits --states file:///states"
)
def erase(
    *,
    report: ReportText,
    store: Store,
    states: StatesPlace,
    partition: Annotated[
        list[str] | None, typer.Option(help="Only this one, such as 2026-07-01; again for more. Default: all.")
    ] = None,
    key: SigningKey = None,
    by: ErasedBy = "",
    reason: ErasedFor = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Remove every state that may hold values of a report's partitions, as they are and as any report ever read them.

    Without --yes, only say what would go. A partition that was rewritten has states of each of its contents: those of
    all revisions, and of all windows of the model that it was part of, go with it. With a signing key, the ledger
    declares it: that they were erased, who says so and why, and nothing of what they held.
    """
    ledger, storage = open_store(store), open_storage(states)
    entry = find(ledger, report)
    work = _only(work_of(parse(read_file(ledger, entry, "report.json"))), partition or ())
    keys = {each.partition.key for each in work}
    others = [each for each in reports(ledger) if each.report.model == entry.report.model]
    ever = [
        each
        for other in others
        for each in work_of(parse(read_file(ledger, other, "report.json")))
        if each.partition.key in keys
    ]
    named = sorted({each.name for each in work})
    about = {"report": str(entry.report), "partitions": named, "reports_that_read_them": len(others)}
    declares = declarer(store, key, "states", by, reason) if yes else None
    objects = _remove(storage, of_work(storage, ever), yes=yes, quiet=as_json)
    receipts = declares.declare([declares.body(entry.report.model, named, None)]) if declares else ()
    cost = telling.erased([each.key for each in receipts], by_key=key is not None)
    about = {**about, "declared": [each.key for each in receipts]}
    _tell(storage, objects, about, cost, yes=yes, as_json=as_json)


def _only(work: Sequence[Work], partitions: Sequence[str]) -> list[Work]:
    """The work of these partitions, whatever they were read for; all of it where none is named."""
    known = {each.partition.key for each in work}
    if unknown := [name for name in partitions if name not in known]:
        expected = f"one of {', '.join(sorted(known))}" if known else "a report with partitions"
        raise BadInput([Fault("--partition", repr(name), expected) for name in unknown])
    return [each for each in work if not partitions or each.partition.key in partitions]


def _remove(storage: Erasable, chosen: Iterable[ObjectInfo], *, yes: bool, quiet: bool) -> list[ObjectInfo]:
    """Remove what was chosen, where `yes`; gives each object once."""
    objects = list({info.key: info for info in chosen}.values())
    if yes:
        with console.progress("erase", quiet=quiet) as (advance,):
            remove(storage, objects, advance)
    return objects


def _tell(
    storage: Erasable,
    objects: Sequence[ObjectInfo],
    about: Mapping[str, Any],
    cost: Sequence[str],
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """What went, or would go, by kind; what it is about, and what it costs."""
    found = by_kind(objects)
    if as_json:
        kinds = [each.summary() for each in found]
        keys = [info.key for info in objects]
        console.print_json({**about, "states": storage.url, "erased": yes, "kinds": kinds, "objects": keys})
    else:
        telling.removed(found, about, cost, yes=yes)
