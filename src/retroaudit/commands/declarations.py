"""What people put into the log: decisions, approvals, erasures, voids, holds. Each says who and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from retroaudit import console, telling
from retroaudit.commands.options import AsJson, By, Reason, ReportText, SigningKey, Store, signer, writable
from retroaudit.declaring.holds import hold as put_on_hold
from retroaudit.declaring.standing import refuse_unknown_model, refuse_unknown_partitions, voidable
from retroaudit.declaring.writing import declare, said
from retroaudit.faults import BadInput, Fault
from retroaudit.ledger import kinds
from retroaudit.ledger.kinds import Body
from retroaudit.ledger.read import Entry, find, read_file
from retroaudit.ledger.recording import Receipt
from retroaudit.ledger.statement import instant
from retroaudit.report.canonical import parse
from retroaudit.spec.load import load
from retroaudit.storage.protocol import Storage

commands = typer.Typer()

_MODEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


class What(StrEnum):
    """What of a model changes with somebody's approval."""

    REFERENCE = "reference"
    POLICY = "policy"
    SPEC = "spec"


@commands.command(
    epilog="Example: retroaudit ledger decide lending/2026-07-01/day/main --decision accepted"
    " --by 'R. Owner' --reason 'known outage, ticket 4711' --store file:///audits"
)
def decide(
    *,
    report: ReportText,
    store: Store,
    decision: Annotated[str, typer.Option(help="What was decided: accepted, rejected, to be mended, …")],
    by: By,
    reason: Reason,
    finding: Annotated[str | None, typer.Option(help="The fingerprint of one finding; default: the report.")] = None,
    key: SigningKey = None,
    as_json: AsJson = False,
) -> None:
    """Record what somebody decided about a report, or about one of its findings."""
    who, storage, now = signer(key), writable(store), _now()
    entry = find(storage, report)
    if finding is not None:
        _must_have(storage, entry, finding)
    own = {"model": entry.report.model, "report": str(entry.report), "fingerprint": finding, "decision": decision}
    body = said(kinds.Decision, **own, by=by, reason=reason, at=instant(now, "at"))
    tell(declare(storage, [body], who, now), body, as_json=as_json)


def _must_have(storage: Storage, entry: Entry, finding: str) -> None:
    findings = parse(read_file(storage, entry, "report.json"))["findings"]
    known = [each["fingerprint"] for each in findings]
    if finding not in known:
        raise BadInput(Fault("--finding", repr(finding[:100]), f"one of {', '.join(known) or 'none: it has none'}"))


@commands.command(
    epilog="Example: retroaudit ledger approve lending --what reference --before SHA256 --after SHA256"
    " --by 'M. Validator' --reason 'retrained in June' --store file:///audits"
)
def approve(
    *,
    model: Annotated[str, typer.Argument(help="The model, or its spec.", metavar="MODEL")],
    store: Store,
    what: Annotated[What, typer.Option(help="What changed.")],
    by: By,
    reason: Reason,
    before: Annotated[str | None, typer.Option(help="The sha256 of what it was; leave out the first.")] = None,
    after: Annotated[str | None, typer.Option(help="The sha256 of what it is now; leave out what is gone.")] = None,
    key: SigningKey = None,
    as_json: AsJson = False,
) -> None:
    """Record that a change of a model's reference, policy or spec was approved, and by whom."""
    if before is None and after is None:
        raise BadInput(Fault("--before and --after", "neither", "one of them, or both"))
    own = {"model": model_named(model), "what": what.value, "before": before, "after": after}
    _record(kinds.Change, own, by, reason, store, key, as_json=as_json)


@commands.command(
    epilog="Example: retroaudit ledger erasure lending.yaml --partition 2026-07-01 --rows 2"
    " --by 'D. Protection' --reason 'request 815' --store file:///audits"
)
def erasure(
    *,
    model: Annotated[str, typer.Argument(help="The model's spec, or its name.", metavar="SPEC")],
    store: Store,
    partition: Annotated[list[str], typer.Option(help="Whose rows went: 2026-07-01; again for more.")],
    by: By,
    reason: Reason,
    rows: Annotated[int | None, typer.Option(min=0, help="How many, in all of them; leave out where unknown.")] = None,
    key: SigningKey = None,
    as_json: AsJson = False,
) -> None:
    """Declare that people's rows were erased from the archive: the next audit's loss of rows is then explained."""
    named, storage, partitions = model_named(model), writable(store), sorted(set(partition))
    refuse_unknown_model(storage, named)
    refuse_unknown_partitions(storage, named, partitions, by_spec=is_spec(model))
    own = {"model": named, "scope": "archive", "partitions": partitions, "rows": rows}
    _record(kinds.Erasure, own, by, reason, store, key, as_json=as_json)


@commands.command(
    epilog="Example: retroaudit ledger void entries/v1/kind=plan/… --by 'R. Owner' --reason 'window was wrong'"
    " --store file:///audits"
)
def void(
    *,
    entry: Annotated[str, typer.Argument(help="The key of a plan or a due list, as `ledger log` names it.")],
    store: Store,
    by: By,
    reason: Reason,
    key: SigningKey = None,
    as_json: AsJson = False,
) -> None:
    """Give up a plan that will have no report, or a due list that was wrong. Both stay in the log, and are seen."""
    voidable(writable(store), entry)
    _record(kinds.Void, {"entry": entry}, by, reason, store, key, as_json=as_json)


@commands.command(
    epilog="Example: retroaudit ledger hold lending/2026-07-01/day/main --on --by 'L. Egal' --reason 'case 12'"
    " --store s3://bucket/audits"
)
def hold(
    *,
    report: ReportText,
    store: Store,
    on: Annotated[bool, typer.Option("--on/--off", help="Put on hold, or let out of it.")],
    by: By,
    reason: Reason,
    key: SigningKey = None,
    as_json: AsJson = False,
) -> None:
    """Put everything that a report consists of under legal hold, or let it out, and record that."""
    who, storage, now = signer(key), writable(store), _now()
    entry = find(storage, report)
    own = {"model": entry.report.model, "report": str(entry.report), "on": on}
    body = said(kinds.Hold, **own, by=by, reason=reason, at=instant(now, "at"))
    objects = put_on_hold(storage, entry, on=on)
    receipts = declare(storage, [body], who, now)
    if as_json:
        console.print_json({"report": str(entry.report), "on": on, "objects": objects, "entry": receipts[0].key})
        return
    if objects is None:
        telling.say("a directory cannot hold objects: the hold is recorded, and nothing but that")
    else:
        telling.say(f"{telling.counted(objects, 'object')} {'held' if on else 'let out'}")
    telling.recorded(receipts, [body])


def tell(receipts: Sequence[Receipt], body: Body, *, as_json: bool) -> None:
    """Where what was recorded stands in the log, and what it says."""
    if as_json:
        console.print_json([vars(each) for each in receipts])
    else:
        telling.recorded(receipts, [body])


def model_named(text: str) -> str:
    """The model of a spec, or the text where it is a model's name; raises `BadInput` where it is neither."""
    if is_spec(text):
        return load(Path(text)).model
    if not _MODEL.fullmatch(text):
        raise BadInput(Fault("model", repr(text[:200]), "a model's name, or its spec, a .yaml"))
    return text


def is_spec(text: str) -> bool:
    """Whether the text is the path of a spec rather than a model's name."""
    return Path(text).suffix in {".yaml", ".yml"}


def _record(
    kind: type[Body], own: dict[str, Any], by: str, reason: str, store: str, key: str | None, *, as_json: bool
) -> None:
    now = _now()
    body = said(kind, **own, by=by, reason=reason, at=instant(now, "at"))
    tell(declare(writable(store), [body], signer(key), now), body, as_json=as_json)


def _now() -> datetime:
    return datetime.now(UTC)
