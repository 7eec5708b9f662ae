"""Options that several commands have, and the key that one of them names."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from retroaudit.commands.passphrases import asker
from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.signers import open_signer
from retroaudit.ledger.signing import Signer
from retroaudit.spec.model import Duration
from retroaudit.storage.open import open_store
from retroaudit.storage.protocol import Storage

SpecPath = Annotated[Path, typer.Argument(help="The model's spec, a YAML file.", metavar="SPEC")]
Archive = Annotated[
    str,
    typer.Option("--archive", help="Where logs lie: file:///dir or s3://bucket/prefix.", envvar="RETROAUDIT_ARCHIVE"),
]
Store = Annotated[
    str,
    typer.Option(
        "--store", help="Where reports are sealed: file:///dir or s3://bucket/prefix.", envvar="RETROAUDIT_STORE"
    ),
]
States = Annotated[
    str | None,
    typer.Option("--states", help="Where states are kept; default: a temporary directory.", envvar="RETROAUDIT_STATES"),
]
StatesPlace = Annotated[
    str, typer.Option("--states", help="Where states are kept.", envvar="RETROAUDIT_STATES", show_default=False)
]
AsOf = Annotated[str | None, typer.Option(help="Labels known by then; default: window's end + labels.delay.")]
ReferencePath = Annotated[str | None, typer.Option(help="Another reference path than the spec's.")]
Part = Annotated[str, typer.Option(help="A name for this reference or candidate.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
SigningKey = Annotated[
    str | None,
    typer.Option(
        "--key", help="signing.pem as keygen wrote it, env:NAME or awskms:///ARN.", envvar="RETROAUDIT_SIGNING_KEY"
    ),
]
By = Annotated[str, typer.Option("--by", help="Who says so.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; a ticket.")]
ReportText = Annotated[str, typer.Argument(help="model/window/kind/part/rev; without rev, the newest.", metavar="ID")]


def signer(key: str | None) -> Signer:
    """Who seals. Raises `BadInput` where no key is named, it is none, or it does not open."""
    if key is None:
        raise BadInput(
            Fault(
                "--key",
                "no signing key",
                "signing.pem, or its path in RETROAUDIT_SIGNING_KEY",
                "Make one with `retroaudit keygen --out keys`.",
            )
        )
    return open_signer(key, passphrase=asker("the signing key"))


def writable(store: str) -> Storage:
    """The store, which must be there, about to be written: an S3 server is probed for put-if-absent."""
    open_store(store)
    return open_store(store, create=True)


def duration(option: str, text: str) -> timedelta:
    """A span of time as a spec has it. Raises `BadInput` naming the option where the text is none."""
    try:
        found: timedelta = TypeAdapter(Duration).validate_python(text)
    except ValidationError as error:
        raise BadInput(Fault(option, repr(text), "a duration such as 400d, 6h or 2w")) from error
    return found
