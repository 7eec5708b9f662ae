"""The keys of a log: who may sign which commits. A key's id is the digest of the key, so none can be passed off."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import entries
from retroaudit.ledger.coordinates import ENTRIES
from retroaudit.ledger.entries import Entry
from retroaudit.ledger.kinds import Key
from retroaudit.ledger.signing import PublicKey, Signer, public_from_der
from retroaudit.ledger.statement import instant, moment
from retroaudit.storage.protocol import Storage

FOLDER = f"{ENTRIES}kind=key/"
_POSSESSION = b"retroaudit.dev/log key after "


@dataclass(frozen=True)
class LogKey:
    """A key as an entry of the log names it."""

    public: PublicKey
    expires: datetime | None
    by: str
    reason: str
    possession: bytes | None

    def follows(self, before: PublicKey) -> bool:
        """Whether whoever holds this key agreed to come after that one."""
        return self.possession is not None and self.public.verifies(self.possession, _possession(before))


def first(signer: Signer) -> Entry:
    """The entry that every log begins with: its first key."""
    return Entry(_body(signer.public, None, "", "the log's first key", None))


def successor(old: PublicKey, new: Signer, by: str, reason: str, expires: datetime | None) -> Entry:
    """The entry that hands the log over to a new key, which signs that it agrees."""
    return Entry(_body(new.public, expires, by, reason, new.sign(_possession(old))))


def read(entry: Entry) -> LogKey:
    """The key that a key entry names; raises `IntegrityBroken` where it is none."""
    body = entry.body
    if not isinstance(body, Key):
        raise IntegrityBroken(Fault(entry.key, f"an entry of kind {entry.kind}", "a key"))
    try:
        der = base64.b64decode(body.public, validate=True)
        possession = base64.b64decode(body.possession, validate=True) if body.possession is not None else None
    except ValueError:
        raise IntegrityBroken(Fault(entry.key, "text that is not base64", "a key")) from None
    public = public_from_der(der, entry.key)
    if public.keyid != body.keyid:
        raise IntegrityBroken(Fault(entry.key, f"key {public.keyid}", f"key {body.keyid}"))
    expires = moment(body.expires, entry.key) if body.expires else None
    return LogKey(public, expires, body.by, body.reason, possession)


def load(storage: Storage) -> Mapping[str, LogKey]:
    """Every key that an entry of the store names, by id: what it says of itself, whether or not it was committed."""
    return {key.public.keyid: key for key in map(read, named(storage))}


def named(storage: Storage) -> Iterator[Entry]:
    """Every key entry in the store, whether or not it was committed."""
    for info in storage.list(FOLDER):
        recorded, _ = entries.parse(storage.read(info.key), info.key)
        yield recorded.entry


def find(storage: Storage, keyid: str) -> LogKey | None:
    """The key of this id, or None where no entry names it."""
    return load(storage).get(keyid)


def public(storage: Storage, keyid: str, own: Signer) -> PublicKey | None:
    """The public key of this id: the signer's, or one that an entry of the store names."""
    if keyid == own.public.keyid:
        return own.public
    found = find(storage, keyid)
    return found.public if found else None


def require_fresh(key: LogKey | None, at: datetime) -> None:
    """Raise `BadInput` where the key has expired."""
    if key and key.expires and at >= key.expires:
        remedy = "Hand the log over to a new one: `retroaudit keys rotate`; and look at the clock."
        found = f"expired at {key.expires.isoformat()}"
        raise BadInput(Fault(f"key {key.public.keyid}", found, f"a key valid at {at.isoformat()}", remedy))


def _possession(before: PublicKey) -> bytes:
    return _POSSESSION + before.keyid.encode()


def _body(public: PublicKey, expires: datetime | None, by: str, reason: str, possession: bytes | None) -> Key:
    return Key(
        keyid=public.keyid,
        public=base64.b64encode(public.der).decode(),
        expires=instant(expires, "expires") if expires else None,
        by=by,
        reason=reason,
        possession=base64.b64encode(possession).decode() if possession is not None else None,
    )
