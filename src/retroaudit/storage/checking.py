"""Is a store what it must be? What is there and what is missing, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from retroaudit.faults import BadInput
from retroaudit.storage import buckets, roles
from retroaudit.storage.answers import Patience, as_faults
from retroaudit.storage.connecting import OPENING_SECONDS, client_of, is_amazon
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.nesting import require_alone
from retroaudit.storage.open import open_storage, place_of
from retroaudit.storage.probing import require_one_winner, require_put_if_absent
from retroaudit.storage.protocol import Denied
from retroaudit.storage.s3 import S3Storage, connect

FINE: Final = "fine"
NOTE: Final = "note"  # cannot be had or was not tried here: to know, not to mend
MISSING: Final = "missing"
UNSEEN: Final = "unseen"  # these credentials may not look
_MOST_SKEW: Final = 60.0  # seconds; from 15 minutes on S3 refuses requests


@dataclass(frozen=True)
class Finding:
    """One thing about a store: its name, FINE, NOTE, MISSING or UNSEEN, and what that means."""

    what: str
    state: str
    words: str


def check(url: str, *, race: bool = False) -> list[Finding]:
    """All findings about the store at `url`. Writes the probe of `probing`, with `race` a new one, and nothing else.

    Raises `BadInput` where the URL is none, or the server is out of reach. A bucket or directory that is not there is
    a finding, and the only one.
    """
    place = place_of(url)
    return list(_directory(url, place) if isinstance(place, Path) else _bucket(*place, race=race))


def is_right(findings: list[Finding]) -> bool:
    """Whether nothing is missing or unseen; of no findings at all, no."""
    return bool(findings) and all(each.state in {FINE, NOTE} for each in findings)


def is_wrong(findings: list[Finding]) -> bool:
    """Whether something is missing, or nothing was found out; what is unseen is neither right nor wrong."""
    return not findings or any(each.state == MISSING for each in findings)


def _directory(url: str, path: Path) -> Iterator[Finding]:
    if not path.is_dir():
        yield Finding("directory", MISSING, "there is none; `store init` makes it")
        return
    storage = open_storage(url)
    yield Finding("directory", FINE, "it is there")
    yield Finding("lock", NOTE, "a directory has none: whoever may write here can delete; keep an anchor elsewhere")
    yield Finding("versions", NOTE, "a directory has none: what was replaced shows by its hash, the old bytes are gone")
    if isinstance(storage, LocalStorage):
        yield _tried("other ledgers", "none above or below", lambda: require_alone(storage))


def _bucket(name: str, prefix: str, *, race: bool) -> Iterator[Finding]:
    client = client_of(name, Patience(OPENING_SECONDS))
    with as_faults(f"s3://{name}"):
        found = buckets.look(client, name)
    if found is None:
        yield Finding("bucket", MISSING, "there is none; `store init` makes it")
        return
    yield Finding("bucket", FINE, "it is there")
    yield from _properties(found)
    yield from _policy(found, name, prefix, amazon=is_amazon(client))
    storage = connect(name, prefix)
    yield from _behaviour(storage, race=race)


def _properties(found: buckets.Bucket) -> Iterator[Finding]:
    yield _seen(found, "versioning", found.versioned, "versions", "each is kept", "overwriting and deleting lose data")
    yield _seen(found, "lock", found.locks, "lock", "Object Lock is on", "none: what lies here can be deleted")
    compliant = found.mode == "COMPLIANCE" and found.days > 0
    worse = f"{found.mode}: an administrator can lift it" if found.mode else "none: only what asks for it is locked"
    yield _seen(found, "lock", compliant, "retention", f"COMPLIANCE by default, days: {found.days}", worse)
    yield _seen(found, "lifecycle", not found.expires, "lifecycle", "no rule deletes", "a rule deletes by itself")
    yield _encryption(found)
    ahead = f"{abs(found.skew):.0f} seconds {'ahead of' if found.skew > 0 else 'behind'} the server's"
    fits = abs(found.skew) <= _MOST_SKEW
    yield Finding("clock", FINE if fits else MISSING, "it is right" if fits else f"this machine's is {ahead}")


def _encryption(found: buckets.Bucket) -> Finding:
    if "encryption" in found.unseen:
        return Finding("encryption", NOTE, "these credentials may not look")
    if found.encryption is None:
        return Finding("encryption", NOTE, "no default: RETROAUDIT_S3_SSE sets one")
    return Finding("encryption", FINE, f"{found.encryption} by default")


def _policy(found: buckets.Bucket, name: str, prefix: str, *, amazon: bool) -> Iterator[Finding]:
    lacking = roles.lacking(roles.statements(name, prefix, {}, days=found.days if amazon else None), found.statements)
    denies = f"the policy lacks {', '.join(lacking)}; `store init` adds it"
    yield _seen(found, "policy", not lacking, "policy", "nobody may delete", denies)
    closed = not roles.open_to_all(found.statements)
    yield _seen(found, "policy", closed, "public", "only who is named may come in", "the policy lets everybody in")
    granted = {} if "policy" in found.unseen else roles.granted(prefix, found.statements)
    for role, arn in granted.items():
        short = roles.lacking(roles.statements(name, prefix, {role: arn}, days=None), found.statements)
        words = f"{arn}; its rights differ in {', '.join(short)}" if short else arn
        yield Finding(f"{role} role", MISSING if short else FINE, words)
    for role in (role for role in roles.ROLES if role not in granted and "policy" not in found.unseen):
        yield Finding(f"{role} role", NOTE, f"the policy names none; `store init --{role} ARN` does")


def _behaviour(storage: S3Storage, *, race: bool) -> Iterator[Finding]:
    yield _tried("other ledgers", "none above or below", lambda: require_alone(storage))
    yield _tried("put-if-absent", "it holds", lambda: require_put_if_absent(storage))
    if race:
        fine = "one of eight writers at once wins, and its bytes stay"
        yield _tried("race", fine, lambda: require_one_winner(storage))


def _seen(found: buckets.Bucket, fact: str, right: object, what: str, fine: str, worse: str) -> Finding:
    if fact in found.unseen:
        return Finding(what, UNSEEN, "these credentials may not look; the auditor's may")
    return Finding(what, FINE if right else MISSING, fine if right else worse)


def _tried(what: str, fine: str, attempt: Callable[[], None]) -> Finding:
    try:
        attempt()
    except Denied:
        return Finding(what, NOTE, "not tried: these credentials may not")
    except BadInput as error:
        return Finding(what, MISSING, "; ".join(fault.found for fault in error.faults))
    return Finding(what, FINE, fine)
