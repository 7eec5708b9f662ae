"""Keys: made, shown, and handed over."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from retroaudit import console, telling
from retroaudit.commands.options import AsJson, By, Reason, SigningKey, Store, signer, writable
from retroaudit.commands.passphrases import asker, new_passphrase
from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.recording import rotate as hand_over
from retroaudit.ledger.signers import PASSPHRASE, open_signer
from retroaudit.ledger.signing import write_keys
from retroaudit.ledger.terms import Term, terms
from retroaudit.storage.open import open_store

commands = typer.Typer()
keys = typer.Typer(no_args_is_help=True, help="The keys of a log: show them, hand the log over to a new one.")

_NEW_PASSPHRASE = "RETROAUDIT_NEW_SIGNING_PASSPHRASE"  # noqa: S105  (the variable's name)


@commands.command(epilog="Example: retroaudit keygen --out keys")
def keygen(
    *,
    out: Annotated[Path, typer.Option("--out", help="A directory; nothing in it is overwritten.")],
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help=f"Lock signing.pem: {PASSPHRASE}, or asked twice.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a key pair: signing.pem stays with whoever seals, public.pem goes to whoever verifies."""
    made = write_keys(out, new_passphrase() if passphrase else None)
    if as_json:
        console.print_json({"signing": str(made.signing), "public": str(made.public), "keyid": made.keyid})
        return
    console.out().print(
        f"wrote {made.signing}: keep it secret, and out of the store\n"
        f"wrote {made.public}: give it to auditors\n"
        f"key id {made.keyid}",
        markup=False,
    )


@keys.command(epilog="Example: retroaudit keys show --store file:///audits")
def show(*, store: Store, as_json: AsJson = False) -> None:
    """Which key signed which commits, as the log says; `retroaudit verify` proves it."""
    found = [_summary(term) for term in terms(open_store(store))]
    if as_json:
        console.print_json({"keys": found})
        return
    for each in found:
        until = f"to {each['to']}" if each["to"] else "on"
        telling.say(f"commits {each['from']} {until}  {each['algorithm']}  expires {each['expires'] or 'never'}")
        telling.say(f"        key {each['keyid']}")
        telling.say(f"        {each['reason']}" + (f", by {each['by']}" if each["by"] else ""))


@keys.command(
    epilog="Example: retroaudit keys rotate --store file:///audits --key old/signing.pem --new new/signing.pem"
    " --by 'A. Keeper' --reason 'yearly change'"
)
def rotate(
    *,
    store: Store,
    new: Annotated[str, typer.Option("--new", help="The key that signs from now on; it signs that it agrees.")],
    by: By,
    reason: Reason,
    key: SigningKey = None,
    expires: Annotated[
        str | None, typer.Option("--expires", help="When the new key signs no more: 2027-12-31, at 00:00 UTC.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hand the log over to a new key, by a commit that the old one signs; from then on the old one signs nothing."""
    now = datetime.now(UTC)
    until = _later(expires, now)
    _require_text(by=by, reason=reason)
    old = signer(key)
    variable = _NEW_PASSPHRASE if _NEW_PASSPHRASE in os.environ else PASSPHRASE
    following = open_signer(new, passphrase=asker("the new key"), variable=variable)
    receipt = hand_over(writable(store), old, following, by, reason, until, now)
    keyid = following.public.keyid
    if as_json:
        told = until.isoformat() if until else None
        console.print_json({"keyid": keyid, "commit": receipt.commit, "entry": receipt.key, "expires": told})
        return
    first = receipt.commit + 1
    console.out().print(f"commit {receipt.commit} hands the log over: key {keyid} signs from {first} on", markup=False)


def _summary(term: Term) -> dict[str, Any]:
    key = term.key
    return {
        "keyid": key.public.keyid,
        "algorithm": key.public.algorithm,
        "from": term.start,
        "to": term.end,
        "expires": key.expires.isoformat() if key.expires else None,
        "by": key.by,
        "reason": key.reason,
    }


def _later(text: str | None, now: datetime) -> datetime | None:
    """The time that `--expires` names; a date is its first moment in UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(Fault("--expires", repr(text), "a date such as 2027-12-31")) from None
    if found <= now:
        raise BadInput(Fault("--expires", text, "a day to come"))
    return found


def _require_text(**options: str) -> None:
    longest = 200  # the entry's own limit
    faults = [
        Fault(f"--{name}", repr(text[:longest]), f"1 to {longest} printable characters")
        for name, text in options.items()
        if not text.strip() or len(text) > longest or not text.isprintable()
    ]
    if faults:
        raise BadInput(faults)
