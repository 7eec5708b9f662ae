"""The keys of a log: who may sign which commits. A key's id is the digest of the key, so none can be passed off."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import entries
from retroaudit.ledger.commits import Leaf
from retroaudit.ledger.coordinates import ENTRIES
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.envelope import Envelope
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


@dataclass(frozen=True)
class Named:
    """A key entry as the store has it, whether or not it was committed: anybody who may write can put one there."""

    key: LogKey
    recorded: Recorded
    leaf: Leaf
    envelope: Envelope

    def hands_over(self, before: PublicKey) -> bool:
        """Whether that key's holder made this one its successor, and this one's agreed."""
        return self.key.follows(before) and self.envelope.signed_by(before)

    def begins(self) -> bool:
        """Whether the key says of itself that it is a log's first."""
        return self.key.possession is None and self.envelope.signed_by(self.key.public)


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
    return {each.key.public.keyid: each.key for each in named(storage)}


def named(storage: Storage) -> Iterator[Named]:
    """Every key entry in the store; what else was put among them is passed over: nobody can block a log."""
    for info in storage.list(FOLDER):
        data = storage.read(info.key)
        try:
            recorded, envelope = entries.parse(data, info.key)
            key = read(recorded.entry)
        except IntegrityBroken:
            continue
        yield Named(key, recorded, Leaf(info.key, hashlib.sha256(data).hexdigest()), envelope)


def find(storage: Storage, keyid: str) -> LogKey | None:
    """The key of this id, or None where no entry names it."""
    return load(storage).get(keyid)


def lineage(storage: Storage, own: PublicKey) -> Mapping[str, LogKey]:
    """A key and those that handed the log down to it, by id: each signed its successor, and was agreed to by it.

    So whoever holds none of them adds none, whatever they put into the store. A key that was handed over twice,
    which only a broken-off rotation does, expires at the earlier time. Empty where no entry names the key.
    """
    stored = tuple(named(storage))
    publics = {each.key.public.keyid: each.key.public for each in stored}
    found: dict[str, LogKey] = {}
    waiting, seen = [own.keyid], {own.keyid}
    while waiting:
        keyid = waiting.pop()
        for each in (each for each in stored if each.key.public.keyid == keyid):
            giver = publics.get(each.envelope.keyid)
            if each.begins() or (giver and each.hands_over(giver)):
                found[keyid] = min(found.get(keyid, each.key), each.key, key=_until)
                waiting += {each.envelope.keyid} - seen
                seen.add(each.envelope.keyid)
    return found


def public(storage: Storage, keyid: str, own: Signer) -> PublicKey | None:
    """The public key of this id: the signer's, or one that handed the log down to it."""
    if keyid == own.public.keyid:
        return own.public
    found = lineage(storage, own.public).get(keyid)
    return found.public if found else None


def require_fresh(key: LogKey | None, at: datetime) -> None:
    """Raise `BadInput` where the key has expired."""
    if key and key.expires and at >= key.expires:
        remedy = "Hand the log over to a new one: `retroaudit keys rotate`; and look at the clock."
        found = f"expired at {key.expires.isoformat()}"
        raise BadInput(Fault(f"key {key.public.keyid}", found, f"a key valid at {at.isoformat()}", remedy))


def _until(key: LogKey) -> datetime:
    return key.expires or datetime.max.replace(tzinfo=UTC)


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
