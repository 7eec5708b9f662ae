"""The keys of a log: who may sign which commits. A key's id is the digest of the key, so none can be passed off."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from retroaudit.faults import BadInput, Fault, IntegrityBroken
from retroaudit.ledger import commits, entries
from retroaudit.ledger.commits import Commit, Leaf
from retroaudit.ledger.coordinates import ENTRIES, commit_key
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.envelope import Envelope
from retroaudit.ledger.kinds import Key
from retroaudit.ledger.signing import PublicKey, Signer, public_from_der
from retroaudit.ledger.statement import instant, moment
from retroaudit.storage.protocol import Storage

FOLDER = f"{ENTRIES}kind=key/"
_LONGEST = 1 << 20  # bytes of a key's entry, and of a commit that holds nothing else


@dataclass(frozen=True)
class LogKey:
    """A key as an entry of the log names it."""

    public: PublicKey
    expires: datetime | None
    by: str
    reason: str
    possession: bytes | None

    def follows(self, before: PublicKey, previous: str | None) -> bool:
        """Whether whoever holds this key agreed to come after that one, upon the commit with this sha256.

        Through it they vouch for all that the log held by then. False where there is no such commit.
        """
        if self.possession is None or previous is None:
            return False
        return self.public.verifies(self.possession, _possession(before, previous))


@dataclass(frozen=True)
class Named:
    """A key entry as the store has it, whether or not it was committed: anybody who may write can put one there."""

    key: LogKey
    recorded: Recorded
    leaf: Leaf
    envelope: Envelope

    def begins(self) -> bool:
        """Whether the key says of itself that it is a log's first."""
        return self.key.possession is None and self.envelope.signed_by(self.key.public)

    def handed_over_by(self, giver: PublicKey, commit: Commit) -> bool:
        """Whether this commit hands the log from that key to this one: both agreed, each with its signature."""
        body = commit.body
        return (
            body.leaves == (self.leaf,)
            and body.next_key == self.key.public.keyid
            and body.number == self.recorded.after + 1
            and self.envelope.signed_by(giver)
            and commit.envelope.signed_by(giver)
            and self.key.follows(giver, body.previous)
        )


@dataclass(frozen=True)
class Handover:
    """The commit that hands the log from one key to the next, and the entry that it holds."""

    giver: PublicKey
    named: Named
    commit: Commit

    @property
    def number(self) -> int:
        """The commit's: the last that the giver signs."""
        return self.commit.body.number

    @property
    def receiver(self) -> PublicKey:
        """The key that signs from the next commit on."""
        return self.named.key.public

    def extends(self, before: Commit) -> bool:
        """Whether the commit is what the receiver agreed to: that one's tree, and the entry."""
        body = self.commit.body
        grown = commits.grow(before, body.leaves)
        return (body.previous, body.origin) == (before.sha256, before.body.origin) and (
            body.size,
            body.frontier,
        ) == grown


@dataclass(frozen=True)
class Link:
    """A key of the log, and how it came to it: None for the first."""

    named: Named
    handover: Handover | None


def first(signer: Signer) -> Entry:
    """The entry that every log begins with: its first key."""
    return Entry(_body(signer.public, None, "", "the log's first key", None))


def successor(old: PublicKey, previous: str, new: Signer, by: str, reason: str, expires: datetime | None) -> Entry:
    """The entry that hands the log over to a new key, which signs that it agrees.

    `previous` is the sha256 of the log's last commit: the one that holds the entry must come right after it.
    """
    return Entry(_body(new.public, expires, by, reason, new.sign(_possession(old, previous))))


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


def named(storage: Storage) -> Iterator[Named]:
    """Every key entry in the store; what else was put among them is passed over: nobody can block a log."""
    for info in storage.list(FOLDER):
        data = storage.read(info.key, length=_LONGEST)
        try:
            recorded, envelope = entries.parse(data, info.key)
            key = read(recorded.entry)
        except IntegrityBroken:
            continue
        yield Named(key, recorded, Leaf(info.key, hashlib.sha256(data).hexdigest()), envelope)


def handovers(storage: Storage, stored: Sequence[Named]) -> tuple[Handover, ...]:
    """The handovers that commits hold, of those that key entries speak of, in the order of the log.

    An entry that no commit holds is a crash's, or somebody's who kept a retired key: it says nothing.
    """
    publics = {each.key.public.keyid: each.key.public for each in stored}
    found = []
    for each in stored:
        giver = publics.get(each.envelope.keyid)
        if giver is None or each.key.possession is None or not each.envelope.signed_by(giver):
            continue
        commit = _handing(storage, each.recorded.after + 1)
        if commit and each.handed_over_by(giver, commit):
            found.append(Handover(giver, each, commit))
    return tuple(sorted(found, key=lambda each: each.number))


def chain(storage: Storage, keyid: str) -> tuple[Link, ...]:
    """A key and those that handed the log down to it, the newest first: by commits, to which both sides agreed.

    So whoever holds none of them adds none, whatever they put into the store, and whoever was retired changes none.
    It ends before a key that the store does not name; empty where it does not name this one.
    """
    stored = tuple(named(storage))
    handed = {each.receiver.keyid: each for each in reversed(handovers(storage, stored))}  # of two, the first counts
    found: list[Link] = []
    while last := handed.pop(keyid, None):
        found.append(Link(last.named, last))
        keyid = last.giver.keyid
    begun = [each for each in stored if each.key.public.keyid == keyid and each.begins()]
    if len(begun) > 1:  # others than the log's own were put there by whoever holds this key
        own = commits.read(storage, 1).body.leaves[0]
        begun = [each for each in begun if each.leaf == own]
    return (*found, *(Link(each, None) for each in begun))


def lineage(storage: Storage, own: PublicKey) -> Mapping[str, LogKey]:
    """A key and those that handed the log down to it, by id, the newest first; empty where no entry names the key."""
    return {link.named.key.public.keyid: link.named.key for link in chain(storage, own.keyid)}


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


def _handing(storage: Storage, number: int) -> Commit | None:
    """A commit, where it is there and of the size of one that hands the log over."""
    try:
        found = commits.parse(storage.read(commit_key(number), length=_LONGEST), f"commit {number}")
    except IntegrityBroken:
        return None
    except BadInput:
        if storage.head(commit_key(number)) is None:
            return None
        raise
    return found if found.body.number == number else None


def _possession(before: PublicKey, previous: str) -> bytes:
    return f"retroaudit.dev/log key after {before.keyid} at {previous}".encode()


def _body(public: PublicKey, expires: datetime | None, by: str, reason: str, possession: bytes | None) -> Key:
    return Key(
        keyid=public.keyid,
        public=base64.b64encode(public.der).decode(),
        expires=instant(expires, "expires") if expires else None,
        by=by,
        reason=reason,
        possession=base64.b64encode(possession).decode() if possession is not None else None,
    )
