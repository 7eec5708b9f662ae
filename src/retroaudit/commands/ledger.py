"""Keys, and proofs that the ledger holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retroaudit import console, telling
from retroaudit.commands.options import AsJson, Store
from retroaudit.ledger.signing import load_public, write_keys
from retroaudit.ledger.verify import verify as verify_ledger
from retroaudit.storage.open import open_storage

commands = typer.Typer()


@commands.command(epilog="Example: retroaudit verify --store file:///audits --key public.pem")
def verify(
    *,
    store: Store,
    key: Annotated[Path, typer.Option("--key", help="public.pem, had from somewhere else than the store.")],
    report: Annotated[str | None, typer.Argument(help="One report; default: all.", metavar="[ID]")] = None,
    as_json: AsJson = False,
) -> None:
    """Prove offline that reports are what was sealed, and that nothing was removed, reordered or rewritten."""
    storage, public = open_storage(store), load_public(key)
    with console.progress("verify", quiet=as_json) as (advance,):
        result = verify_ledger(storage, public, report, advance)
    if as_json:
        console.print_json(result.summary())
    else:
        telling.verification(result)
    if result.problems:
        raise typer.Exit(3)


@commands.command(epilog="Example: retroaudit keygen --out keys")
def keygen(
    *,
    out: Annotated[Path, typer.Option("--out", help="A directory; nothing in it is overwritten.")],
    as_json: AsJson = False,
) -> None:
    """Make a key pair: signing.pem stays with whoever seals, public.pem goes to whoever verifies."""
    made = write_keys(out)
    if as_json:
        console.print_json({"signing": str(made.signing), "public": str(made.public), "keyid": made.keyid})
        return
    console.out().print(
        f"wrote {made.signing}: keep it secret, and out of the store\n"
        f"wrote {made.public}: give it to auditors\n"
        f"key id {made.keyid}",
        markup=False,
    )
