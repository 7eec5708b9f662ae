"""How long a store keeps, on the command line: what is asked for, and what its log says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Annotated, Final

import typer

from retroaudit.declaring.keeping import TIERS
from retroaudit.faults import BadInput, Fault, RetroauditError
from retroaudit.ledger.kinds import Store
from retroaudit.ledger.settings import settings
from retroaudit.storage.open import open_store
from retroaudit.storage.protocol import Denied

if TYPE_CHECKING:
    from retroaudit.storage.checking import Finding

Retain = Annotated[
    list[str] | None,
    typer.Option(
        "--retain", help="How long a tier's reports are kept, with --key: low=3y, medium=2557d; again for more."
    ),
]
_DEFAULT: Final[Mapping[str, int]] = {"low": 1_096, "medium": 2_557, "high": 3_653}  # 3, 7 and 10 years, rounded up
_MOST: Final = 36_500  # days that S3 allows
_RETAIN: Final = re.compile(r"(?P<tier>low|medium|high)=(?P<count>[0-9]{1,5})(?P<unit>[dwy])")
_UNITS: Final[Mapping[str, float]] = {"d": 1, "w": 7, "y": 365.25}


def tiers(store: str, retain: Sequence[str]) -> Mapping[str, int]:
    """Days by tier: as asked for, else as the store's log says, else 3, 7 and 10 years.

    Raises `BadInput`, all options at once, where one is none, or beyond 1 to 36,500 days.
    """
    asked: dict[str, int] = {}
    faults: list[Fault] = []
    for text in retain:
        found = _RETAIN.fullmatch(text)
        days = ceil(int(found["count"]) * _UNITS[found["unit"]]) if found else 0
        if found is None or not 1 <= days <= _MOST:
            faults.append(
                Fault("--retain", repr(text[:100]), f"low=3y, medium=2557d or high=520w, 1 to {_MOST:,} days")
            )
        else:
            asked[found["tier"]] = days
    if faults:
        raise BadInput(faults)
    return {**_DEFAULT, **_said(store), **asked}


def longest(days: Mapping[str, int], retain_days: int | None) -> int:
    """Days of the bucket's own lock: as asked for, else the longest tier's, else 10 years.

    Raises `BadInput` where a tier's is longer than what is asked for.
    """
    most = max(days.values(), default=0)
    if retain_days is not None and 0 < retain_days < most:
        remedy = "What a tier needs must not be deleted sooner: shorten it by --retain, or leave --retain-days out."
        raise BadInput(Fault("--retain-days", str(retain_days), f"{most} or more, the longest tier's", remedy))
    return (most or max(_DEFAULT.values())) if retain_days is None else retain_days


def describe(kept: Store) -> str:
    """What a log says of its store, in a line."""
    counts = [(tier, kept.retention_days[tier]) for tier in TIERS if tier in kept.retention_days]
    days = ", ".join(f"{tier} {count:,} {'day' if count == 1 else 'days'}" for tier, count in counts)
    return f"{days}; tenant {kept.tenant}; {'locked' if kept.locked else 'not locked'}"


def found_in_the_log(store: str) -> Finding:
    """Whether the log says how long the store keeps: where it does not, nothing but the bucket's default holds."""
    from retroaudit.storage import checking  # noqa: PLC0415  (boto3 takes a second)

    bucket = store.startswith("s3:")
    worse = checking.MISSING if bucket else checking.NOTE
    try:
        kept = settings(open_store(store))
    except Denied:
        return checking.Finding("kept", checking.UNSEEN, "these credentials may not look; the auditor's may")
    except RetroauditError as error:
        return checking.Finding(
            "kept", checking.MISSING, f"the log cannot be read: {error.faults[0].found}; run verify"
        )
    if kept is None:
        return checking.Finding("kept", worse, "the log does not say how long it keeps; `store init --key` does")
    if bucket and not kept.locked:
        words = "the log does not say that it is locked; `store init --key` does"
        return checking.Finding("kept", checking.MISSING, words)
    return checking.Finding("kept", checking.FINE, describe(kept))


def _said(store: str) -> Mapping[str, int]:
    """As the log says; nothing where there is no store, or none that can be read: founding says so itself."""
    try:
        kept = settings(open_store(store))
    except BadInput:
        return {}
    return {str(tier): count for tier, count in kept.retention_days.items()} if kept else {}
