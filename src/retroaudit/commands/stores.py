"""The store that reports are sealed in: made, and looked over."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from retroaudit import console
from retroaudit.commands.keeping import Retain, describe, found_in_the_log, longest, tiers
from retroaudit.commands.options import AsJson, SigningKey, Store, signer
from retroaudit.declaring.keeping import keep, lasting
from retroaudit.declaring.keeping import relock as lock_again
from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.kinds import Store as Settings
from retroaudit.ledger.settings import settings
from retroaudit.storage.open import open_store

commands = typer.Typer(no_args_is_help=True, help="The store: make one that nobody can delete from, and look it over.")

_REPORT_BYTES: Final = 500_000  # the demo's: 490 kB, with all that is sealed beside each
_DAYS_A_YEAR: Final = 365.25
_GB: Final = 1_000_000_000
_SIGNS: Final = {"fine": ("✓", "green"), "note": ("·", "dim"), "missing": ("✗", "red"), "unseen": ("?", "yellow")}
Days = Annotated[
    int | None,
    typer.Option("--retain-days", help="How long the bucket locks by itself; default: the longest --retain."),
]
Tenant = Annotated[str | None, typer.Option("--tenant", help="Whose store it is; default: the bucket's name.")]
Race = Annotated[bool, typer.Option("--race", help="Let writers race for a key too: one object more, which stays.")]
Volume = Annotated[float | None, typer.Option("--projected-gb-a-year", help="What a year will add.", min=0)]
Models = Annotated[int | None, typer.Option("--models", help="Or: how many models are audited.", min=1)]
PerDay = Annotated[float, typer.Option("--reports-a-day", help="And how often each is, in a day.", min=0)]
Writer = Annotated[str | None, typer.Option("--writer", help="ARN of who puts reports, but not into the log.")]
Log = Annotated[str | None, typer.Option("--log", help="ARN of who appends to the log.")]
Auditor = Annotated[str | None, typer.Option("--auditor", help="ARN of who may read everything, and nothing else.")]
Yes = Annotated[bool, typer.Option("--yes", help="Set the lock without asking.")]


@commands.command(epilog="Example: retroaudit store init --store s3://audits --key keys/signing.pem --models 300")
def init(
    *,
    store: Store,
    key: SigningKey = None,
    retain: Retain = None,
    retain_days: Days = None,
    tenant: Tenant = None,
    projected_gb_a_year: Volume = None,
    models: Models = None,
    reports_a_day: PerDay = 1.0,
    writer: Writer = None,
    log: Log = None,
    auditor: Auditor = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Make a bucket with versions, Object Lock and policies, or a directory; a bucket that is right stays as it is.

    The lock is in COMPLIANCE mode: nobody can lift it, so that you are asked first. With --key the log says how long
    reports are kept, by tier; without a `store` entry nothing but the bucket's default holds. One store a tenant.
    """
    from retroaudit.storage import founding, roles  # noqa: PLC0415  (boto3 takes a second)

    principals = {
        role: arn for role, arn in (("writer", writer), ("log", log), ("auditor", auditor)) if arn is not None
    }
    roles.require_principals(principals)
    a_year = _a_year(projected_gb_a_year, models, reports_a_day)
    if retain and key is None:
        raise BadInput(Fault("--retain", "no --key", "--key beside it", "How long is kept is said in the signed log."))
    who = signer(key) if key else None
    days = tiers(store, retain or ()) if who else {}
    plan = founding.plan(store, longest(days, retain_days), at_least=retain_days is None)
    held = _held(plan.days, a_year)
    if plan.locks:
        _ask(plan.url, held, yes=yes, as_json=as_json)
    founding.found(plan, principals)
    storage, directory = open_store(plan.url), isinstance(plan.place, Path)
    if who is not None:
        name = plan.place.name if isinstance(plan.place, Path) else plan.place[0]
        keep(storage, tenant or name, days, who, datetime.now(UTC), locked=not directory)
    kept = settings(storage)
    _told(plan.url, held, made=not plan.exists, locked=plan.locks, kept=kept, as_json=as_json)


@commands.command(epilog="Example: retroaudit store check --store s3://audits")
def check(*, store: Store, race: Race = False, as_json: AsJson = False) -> None:
    """What is there and what is missing: exit 2 where anything is. Writes nothing but its probe.

    What these credentials may not see is neither: it is named, and the auditor's see it.
    """
    from retroaudit.storage import checking  # noqa: PLC0415  (boto3 takes a second)

    findings = checking.check(store, race=race)
    if len(findings) > 1:  # else there is no store
        findings.append(found_in_the_log(store))
    wrong, unseen = checking.is_wrong(findings), [each.what for each in findings if each.state == checking.UNSEEN]
    if as_json:
        told = [vars(each) for each in findings]
        console.print_json({"store": store, "right": not wrong, "unseen": unseen, "findings": told})
    else:
        rows = [(Text(*_SIGNS[each.state]), each.what, each.words) for each in findings]
        console.print_table(("", "what", "found"), rows, title=store)
        if unseen:
            _say(f"ask as auditor for these: {', '.join(unseen)}")
    if wrong:
        raise typer.Exit(2)


@commands.command(epilog="Example: retroaudit store relock --store s3://audits --yes")
def relock(*, store: Store, yes: Yes = False, as_json: AsJson = False) -> None:
    """Lock the log again for its longest tier from now on, before locks run out; as the log's role or administrator.

    Reports are locked until their own time is over, if they are not yet; nothing is ever locked for less long.
    """
    storage, now = open_store(store), datetime.now(UTC)
    until = lasting(storage, now)
    text = (
        f"{store}: the log and its entries cannot be deleted before {until:%Y-%m-%d} by anybody. This cannot be undone."
    )
    _agree(text, yes=yes, as_json=as_json)
    objects = lock_again(storage, now)
    if as_json:
        console.print_json({"store": store, "objects": objects, "until": until.isoformat()})
    elif objects is None:
        _say(f"{store} cannot lock: nothing was done")
    else:
        _say(f"{objects} objects looked over; the log is locked until {until:%Y-%m-%d} or longer")


def _a_year(gigabytes: float | None, models: int | None, reports_a_day: float) -> float | None:
    """Bytes that a year adds; None where nobody says."""
    if gigabytes is not None and models is not None:
        raise BadInput(Fault("--projected-gb-a-year", "--models beside it", "one of them"))
    if gigabytes is not None:
        return gigabytes * _GB
    return None if models is None else models * reports_a_day * _DAYS_A_YEAR * _REPORT_BYTES


def _held(days: int, a_year: float | None) -> Mapping[str, Any]:
    """What a lock of so many days holds: its length, the day until which today's objects stay, and its bytes."""
    until = datetime.now(UTC) + timedelta(days=days)
    held = None if a_year is None else round(a_year * days / _DAYS_A_YEAR)
    return {"days": days, "years": round(days / _DAYS_A_YEAR, 1), "until": f"{until:%Y-%m-%d}", "bytes": held}


def _ask(url: str, held: Mapping[str, Any], *, yes: bool, as_json: bool) -> None:
    """Go on where somebody says yes. Raises `BadInput` where nobody is there to ask, `typer.Abort` at a no."""
    much = "" if held["bytes"] is None else f"; once it is full, {console.size(held['bytes'])} stay locked"
    text = (
        f"{url}: COMPLIANCE lock of {_days(held['days'])} ({held['years']} years): what is sealed today cannot be "
        f"deleted before {held['until']} by anybody, the account's owner included{much}. This cannot be undone."
    )
    _agree(text, yes=yes, as_json=as_json)


def _agree(text: str, *, yes: bool, as_json: bool) -> None:
    if yes:
        return
    if as_json or not _somebody_is_there():
        raise BadInput(Fault("--yes", "nobody to ask", "a yes to a lock that cannot be undone", text))
    console.err().print(Text(console.plain(text)))
    typer.confirm("Lock it?", abort=True, err=True)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()


def _told(url: str, held: Mapping[str, Any], *, made: bool, locked: bool, kept: Settings | None, as_json: bool) -> None:
    if as_json:
        said = kept.model_dump(exclude={"locked"}) if kept else {"tenant": None, "retention_days": None, "at": None}
        console.print_json({"store": url, "made": made, "locked": locked, **held, **said})
        return
    lock = f", locked for {_days(held['days'])}" if held["days"] else ": a directory, which cannot lock: keep an anchor"
    _say(f"{url} is {'made' if made else 'there'}{lock}")
    if kept:
        _say(f"its log says: {describe(kept)}")
    else:
        _say(f"its log does not say yet how long it keeps: retroaudit store init --store {url} --key signing.pem")


def _say(text: str) -> None:
    console.out().print(Text(console.plain(text)))
