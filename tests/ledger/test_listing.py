"""Entries found by what they are about, and passed over where the log does not have them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from retroaudit.faults import IntegrityBroken
from retroaudit.ledger import entries, kinds
from retroaudit.ledger.entries import Entry, Recorded
from retroaudit.ledger.listing import listed
from retroaudit.ledger.read import logged
from retroaudit.ledger.recording import record
from retroaudit.ledger.settings import retain_until, settings
from retroaudit.ledger.signing import Signer
from tests.ledger.conftest import NOON, Memory

AT = NOON.isoformat()


def erasure(model: str, reason: str = "815") -> kinds.Erasure:
    own: dict[str, Any] = {"partitions": ["2026-07-01"], "rows": 2, "by": "dpo", "reason": reason, "at": AT}
    return kinds.Erasure(model=model, scope="archive", **own)


def store(days: int, hours: int = 0) -> kinds.Store:
    at = (NOON + timedelta(hours=hours)).isoformat()
    return kinds.Store(tenant="bank", retention_days={"low": days, "high": 10 * days}, locked=False, at=at)


def put(memory: Memory, signer: Signer, *bodies: kinds.Body) -> None:
    for body in bodies:
        record(memory, [Entry(body)], {}, signer, NOON)


def test_they_are_what_reading_the_whole_log_gives(memory: Memory, signer: Signer) -> None:
    put(memory, signer, erasure("a"), store(1), erasure("b"), erasure("a", "816"))
    every = list(logged(memory, "erasure"))
    assert sorted(listed(memory, "erasure"), key=lambda each: each.index) == every
    assert {each.recorded.entry.body.model_dump()["reason"] for each in listed(memory, "erasure", "a")} == {
        "815",
        "816",
    }
    assert list(listed(memory, "erasure", "c")) == []


def test_what_no_commit_has_is_passed_over(memory: Memory, signer: Signer, stranger: Signer) -> None:
    """A crash's entry, a stranger's, one that says it came later than the log, and what is no entry at all."""
    put(memory, signer, erasure("a"))
    for after, who in ((0, signer), (1, stranger), (999, stranger)):
        other = Entry(erasure("a", f"{after}"))
        memory.objects[other.key] = entries.sign(Recorded(other, NOON, after), who)
    memory.objects["entries/v1/kind=erasure/model=a/README"] = b"hello"
    assert [each.recorded.entry.body.model_dump()["reason"] for each in listed(memory, "erasure", "a")] == ["815"]


def test_what_was_replaced_is_found(memory: Memory, signer: Signer) -> None:
    put(memory, signer, erasure("a"))
    entry = Entry(erasure("a"))
    memory.objects[entry.key] = entries.sign(Recorded(entry, NOON + timedelta(days=1), 0), signer)
    with pytest.raises(IntegrityBroken):
        list(listed(memory, "erasure"))


def test_the_newest_word_on_retention_counts_and_only_what_the_log_has(
    memory: Memory, signer: Signer, stranger: Signer
) -> None:
    assert settings(memory) is None
    assert retain_until(memory, "low", NOON) is None
    put(memory, signer, store(30), store(20, hours=-1))
    squatter = Entry(store(1, hours=5))
    memory.objects[squatter.key] = entries.sign(Recorded(squatter, NOON, 2), stranger)
    found = {tier: retain_until(memory, tier, NOON) for tier in ("low", "medium", "high", None)}
    days = {tier: (until - NOON).days for tier, until in found.items() if until}
    assert days == {"low": 20, "medium": 200, "high": 200, None: 200}


def test_servers_that_keep_whole_seconds_keep_it_long_enough(memory: Memory, signer: Signer) -> None:
    put(memory, signer, store(1))
    for micro in (0, 1, 999_999):
        sealed_at = NOON.replace(microsecond=micro)
        until = retain_until(memory, "low", sealed_at)
        assert until is not None
        assert until.microsecond == 0
        assert timedelta(days=1) <= until - sealed_at <= timedelta(days=1, hours=2)
