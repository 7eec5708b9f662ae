"""Passphrases, asked on a terminal; nothing that is typed is shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import typer

from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.signers import PASSPHRASE

_SHORTEST = 12
_LONGEST = 1023  # bytes: what OpenSSL takes


def asker(whose: str) -> Callable[[], str] | None:
    """Whom `open_signer` asks for the passphrase of a key; None where there is no terminal."""
    if not sys.stdin.isatty():
        return None
    return lambda: str(typer.prompt(f"passphrase of {whose}", hide_input=True, err=True))


def new_passphrase() -> str:
    """A passphrase for a new key: RETROAUDIT_SIGNING_PASSPHRASE, or asked twice.

    Raises `BadInput` where there is neither that nor a terminal, and where it is too short to protect a key.
    """
    text = os.environ.get(PASSPHRASE)
    if text is None:
        if not sys.stdin.isatty():
            raise BadInput(Fault("--passphrase", "no terminal to ask on", f"the passphrase in {PASSPHRASE}"))
        text = str(typer.prompt("passphrase of the new key", hide_input=True, confirmation_prompt=True, err=True))
    if len(text) < _SHORTEST or len(text.encode("utf-8", "surrogateescape")) > _LONGEST:
        remedy = "A key file is guarded by its passphrase alone once it is copied."
        expected = f"{_SHORTEST} characters or more, and at most {_LONGEST} bytes"
        raise BadInput(Fault("passphrase", f"one of {len(text)} characters", expected, remedy))
    return text
