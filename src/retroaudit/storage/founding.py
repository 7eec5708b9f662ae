"""A new store: what will be made is said first, since a COMPLIANCE lock cannot be undone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from retroaudit.faults import BadInput, Fault
from retroaudit.storage import buckets, roles
from retroaudit.storage.answers import Patience, as_faults
from retroaudit.storage.connecting import OPENING_SECONDS, client_of, encryption, is_amazon
from retroaudit.storage.local import LocalStorage
from retroaudit.storage.nesting import require_alone
from retroaudit.storage.open import open_storage, place_of
from retroaudit.storage.probing import require_one_winner, require_put_if_absent
from retroaudit.storage.s3 import connect

MOST_DAYS: Final = 36_500  # what S3 allows
_PREFIX: Final = re.compile(r"[A-Za-z0-9!_.'()=,/-]*")  # in a policy * ? and $ have a meaning of their own


@dataclass(frozen=True)
class Plan:
    """What `found` will do to a bucket, or that there is a directory to make."""

    url: str
    place: Path | tuple[str, str]
    exists: bool
    days: int  # of the default retention, once it is there; 0 for a directory
    locks: bool  # whether `found` sets the COMPLIANCE default retention, or makes it longer


def plan(url: str, days: int, *, at_least: bool = False) -> Plan:
    """What is to do for a store at `url` whose objects are locked for `days`; changes nothing.

    With `at_least` a bucket that locks for longer stays as it is, and is the plan's.

    Raises `BadInput` where days are no number from 1 to 36,500 or fewer than the bucket has now, where the bucket has
    no Object Lock, and where another ledger lies above or below.
    """
    place = place_of(url)
    if isinstance(place, Path):
        exists = place.is_dir()
        if exists:
            require_alone(_local(url))
        return Plan(url, place, exists, days=0, locks=False)
    _require_sound(days, place[1])
    found = _look(place[0])
    if found is None:
        return Plan(url, place, exists=False, days=days, locks=True)
    days = max(days, found.days) if at_least and found.mode == "COMPLIANCE" else days
    _require_fit(place[0], found, days)
    require_alone(connect(*place))
    return Plan(url, place, exists=True, days=days, locks=(found.mode, found.days) != ("COMPLIANCE", days))


def found(plan: Plan, principals: Mapping[str, str], *, race: bool = True) -> None:
    """Make what was planned, and try put-if-absent there: in a new bucket, with `race`, by writers at once too.

    Doing it again changes nothing.

    `principals` are the roles' ARNs, any of `roles.ROLES`; the policy keeps what it says of others. The policy comes
    before the lock: what cannot be undone is done last. Raises `BadInput` where the server refuses.
    """
    roles.require_principals(principals)
    if isinstance(plan.place, Path):
        open_storage(plan.url, create=True)
        require_alone(_local(plan.url))
        return
    bucket, prefix = plan.place
    client = client_of(bucket, Patience(OPENING_SECONDS))
    with as_faults(f"s3://{bucket}"):
        if not plan.exists:
            buckets.create(client, bucket)
        buckets.encrypt_by_default(client, bucket, encryption())
        present = (buckets.look(client, bucket) or _no_bucket(bucket)).statements
        own = roles.statements(bucket, prefix, principals, days=plan.days if is_amazon(client) else None)
        client.put_bucket_policy(Bucket=bucket, Policy=roles.document(own, present))
    storage = connect(bucket, prefix)
    require_put_if_absent(storage)
    if race and not plan.exists:
        require_one_winner(storage)
    if plan.locks:
        with as_faults(f"s3://{bucket}"):
            buckets.lock_by_default(client, bucket, plan.days)


def _look(bucket: str) -> buckets.Bucket | None:
    with as_faults(f"s3://{bucket}"):
        return buckets.look(client_of(bucket, Patience(OPENING_SECONDS)), bucket)


def _no_bucket(bucket: str) -> buckets.Bucket:
    raise BadInput(Fault(f"s3://{bucket}", "no such bucket", "the bucket that was just made", "Try again."))


def _local(url: str) -> LocalStorage:
    storage = open_storage(url)
    if not isinstance(storage, LocalStorage):
        raise BadInput(Fault(url, "a bucket", "a directory"))
    return storage


def _require_sound(days: int, prefix: str) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise BadInput(Fault("--retain-days", str(days), f"1 to {MOST_DAYS:,} days"))
    if _PREFIX.fullmatch(prefix) is None:
        remedy = "A policy would take *, ? and $ for more than themselves."
        raise BadInput(Fault("--store", repr(prefix), "a prefix of letters, digits and !_.'()=,/-", remedy))


def _require_fit(name: str, found: buckets.Bucket, days: int) -> None:
    subject = f"s3://{name}"
    if "lock" in found.unseen or "versioning" in found.unseen:
        raise BadInput(Fault(subject, "access denied", "the bucket's administrator", "Look at AWS_*."))
    if not found.locks or not found.versioned:
        what = "a bucket without Object Lock" if not found.locks else "a bucket that keeps no versions"
        remedy = "Name a bucket that is not there yet: it is made with both, and most servers allow neither later."
        raise BadInput(Fault(subject, what, "a bucket with versions and Object Lock", remedy))
    if found.mode == "COMPLIANCE" and days < found.days:
        remedy = "What is locked stays so, and a store's promise is not made shorter here."
        raise BadInput(Fault("--retain-days", str(days), f"{found.days} or more, as {subject} has it", remedy))
