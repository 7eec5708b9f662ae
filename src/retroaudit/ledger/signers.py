"""From a reference to whoever signs: a file, an environment variable, or a key in AWS KMS."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from retroaudit.faults import BadInput, Fault
from retroaudit.ledger.signing import Signer, load_signer, refuse_key_text, signer_from_pem

PASSPHRASE = "RETROAUDIT_SIGNING_PASSPHRASE"  # noqa: S105  (the variable's name)
_ALLOWED = "a path to signing.pem, env:NAME, or awskms:///ARN or awskms:///alias/NAME"
_KMS = re.compile(r"awskms:///(?P<key>[A-Za-z0-9:/_-]{1,2048})")
_VARIABLE = re.compile(r"env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)")
_SCHEME = re.compile(r"(env:|[A-Za-z][A-Za-z0-9+.-]*://)")


def open_signer(
    reference: str | Path, *, passphrase: Callable[[], str] | None = None, variable: str = PASSPHRASE
) -> Signer:
    """Whoever signs as the reference names them.

    `signing.pem` or any other path
        A PKCS#8 file. Where it is locked, its passphrase is in the environment's `variable`, or is what
        `passphrase` gives (None: nobody can be asked).
    `env:NAME`
        The PEM's text in this environment variable, locked or not.
    `awskms:///ARN`, `awskms:///KEY-ID`, `awskms:///alias/NAME`
        A key of kind ECC_NIST_P256 in AWS KMS.

    A `Path` is always a file. Raises `BadInput` where there is no such key, another kind, or it does not open. No
    message shows a variable's content, nor a key's text given in the place of its name.
    """
    refuse_key_text(str(reference))
    known = os.environ.get(variable)
    ask = passphrase if known is None else lambda: known
    text = "" if isinstance(reference, Path) else reference
    if named := _VARIABLE.fullmatch(text):
        return _from_environment(named["name"], ask)
    if key := _KMS.fullmatch(text):
        from retroaudit.ledger.kms import connect  # noqa: PLC0415  (boto3 takes a second, and files need none)

        return connect(key["key"])
    if _SCHEME.match(text):  # not shown: it may hold a secret
        raise BadInput(Fault("signing key", "a reference of another kind", _ALLOWED))
    return load_signer(Path(reference), ask)


def _from_environment(name: str, ask: Callable[[], str] | None) -> Signer:
    text = os.environ.get(name)
    if not text:
        raise BadInput(Fault(f"key env:{name}", "no such variable, or an empty one", "a signing.pem's text in it"))
    return signer_from_pem(text.encode("utf-8", "surrogateescape"), f"key env:{name}", ask)
