"""The kinds of entries that are no reports, and what each says: the body of an entry, by kind.

Times are ISO 8601 in UTC, digests sha256 in lower-case hex. A body that somebody wrote by hand says who (`by`) and
why (`reason`): these are claims of whoever holds the log's key, and attributable to it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from retroaudit.faults import IntegrityBroken
from retroaudit.ledger.envelope import Exact, Sha256
from retroaudit.ledger.statement import moment


def _spelled(text: str) -> str:
    try:
        moment(text, "time")
    except IntegrityBroken:
        message = "no time as the log writes it: ISO 8601 in UTC"
        raise ValueError(message) from None
    return text


Text = Annotated[str, Field(min_length=1, max_length=2000)]
Name = Annotated[str, Field(max_length=200)]
ReportName = Annotated[str, Field(max_length=900)]  # four parts of up to 200 characters, and the revision
Time = Annotated[str, Field(max_length=40), AfterValidator(_spelled)]  # as `statement.instant` writes it


class Body(Exact):
    """What an entry says. `about` are the fields that stand in its key, where a listing finds them."""

    kind: ClassVar[str]
    about: ClassVar[tuple[str, ...]] = ()


class Key(Body):
    """A key that signs the log from the commit after this entry's on; in the first commit, from that one on."""

    kind: ClassVar[str] = "key"
    keyid: Sha256
    public: str  # base64 of the DER SubjectPublicKeyInfo
    expires: Time | None
    by: Name
    reason: Name
    possession: str | None  # base64: the new key signs the old key's id and the commit before; null for the first


class Store(Body):
    """How long the store keeps what is sealed, in days by the model's tier, from the day of sealing."""

    kind: ClassVar[str] = "store"
    tenant: Name
    retention_days: dict[Literal["low", "medium", "high"], Annotated[int, Field(ge=1)]]
    locked: bool  # whether the store is meant to be under Object Lock in COMPLIANCE mode
    at: Time


class Plan(Body):
    """What will be tested, sealed before a row is read: the file plan.json, whose sha256 is `plan`."""

    kind: ClassVar[str] = "plan"
    about: ClassVar[tuple[str, ...]] = ("model", "window", "audit", "part")
    model: Name
    window: Name
    audit: Name  # the kind of window
    part: Name
    plan: Sha256
    as_of: Time | None


class Due(Exact):
    """One audit that is owed, and until when."""

    window: Name
    due: Time


class DueList(Body):
    """Audits that are owed."""

    kind: ClassVar[str] = "due"
    about: ClassVar[tuple[str, ...]] = ("model",)
    model: Name
    audit: Name
    part: Name
    windows: Annotated[list[Due], Field(min_length=1)]


class Heartbeat(Body):
    """The log's keeper was at work at `at`, and promises to be again before `next`."""

    kind: ClassVar[str] = "heartbeat"
    at: Time
    next: Time


class Decision(Body):
    """What a person decided about a report, or about one finding of it."""

    kind: ClassVar[str] = "decision"
    about: ClassVar[tuple[str, ...]] = ("model",)
    model: Name
    report: ReportName
    fingerprint: Name | None
    decision: Name
    by: Name
    reason: Text
    at: Time


class Erasure(Body):
    """People's data that were erased: of which partitions, where, how many rows, under which ticket.

    The objects are named as they are afterwards; what was erased is not described here.
    """

    kind: ClassVar[str] = "erasure"
    about: ClassVar[tuple[str, ...]] = ("model",)
    model: Name
    scope: Literal["archive", "states", "review"]
    partitions: list[Name]
    rows: Annotated[int, Field(ge=0)] | None
    by: Name
    reason: Text
    at: Time


class Change(Body):
    """A change of a model's reference, policy or spec, and who approved it."""

    kind: ClassVar[str] = "change"
    about: ClassVar[tuple[str, ...]] = ("model",)
    model: Name
    what: Literal["reference", "policy", "spec"]
    before: Sha256 | None
    after: Sha256 | None
    by: Name
    reason: Text
    at: Time


class Void(Body):
    """An entry that shall count no more: a plan that was given up, a due list that was wrong."""

    kind: ClassVar[str] = "void"
    entry: Annotated[str, Field(max_length=2000)]  # its key
    by: Name
    reason: Text
    at: Time


class Hold(Body):
    """A report's objects were put under legal hold, or let out of it."""

    kind: ClassVar[str] = "hold"
    about: ClassVar[tuple[str, ...]] = ("model",)
    model: Name
    report: ReportName
    on: bool
    by: Name
    reason: Text
    at: Time


class Sample(Body):
    """A sample of rows was drawn for people. It lies elsewhere and may be erased: here is a salted commitment to it."""

    kind: ClassVar[str] = "sample"
    about: ClassVar[tuple[str, ...]] = ("model",)
    model: Name
    report: ReportName
    commitment: Sha256  # HMAC-SHA256 of the sample's bytes, keyed with a salt that is erased with it
    at: Time


KINDS: dict[str, type[Body]] = {
    each.kind: each for each in (Key, Store, Plan, DueList, Heartbeat, Decision, Erasure, Change, Void, Hold, Sample)
}
