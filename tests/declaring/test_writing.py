"""From somebody's words to an entry, or to a message that names each word that will not do."""

from __future__ import annotations

from typing import Any

import pytest

from retroaudit.declaring.writing import said
from retroaudit.faults import BadInput
from retroaudit.ledger.kinds import Change, Decision, Erasure
from tests.world import NOON

GOOD: dict[str, Any] = {
    "model": "m",
    "scope": "archive",
    "partitions": ["2026-07-01"],
    "rows": 2,
    "by": "a",
    "reason": "b",
    "at": NOON.isoformat(),
}


def test_good_words_are_a_body() -> None:
    assert said(Erasure, **GOOD).model_dump() == GOOD


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"by": " "}, ["--by"]),
        ({"by": "", "reason": ""}, ["--by", "--reason"]),
        ({"by": "x" * 201}, ["by of"]),
        ({"reason": "x" * 2001, "rows": -1}, ["reason of", "rows of"]),
        ({"scope": "elsewhere"}, ["scope of"]),
        ({"at": "now"}, ["at of"]),
        ({"by": "", "rows": -1}, ["--by", "rows of an erasure"]),
    ],
)
def test_all_that_is_wrong_is_told_at_once(change: dict[str, Any], names: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        said(Erasure, **{**GOOD, **change})
    subjects = [fault.subject for fault in caught.value.faults]
    for name in names:
        assert any(subject.startswith(name) for subject in subjects), subjects


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"rows": -1}, "0 or more"),
        ({"by": "x" * 201}, "at most 200 characters"),
        ({"scope": "elsewhere"}, "'archive', 'states' or 'review'"),
        ({"at": "now"}, "a time: ISO 8601 in UTC"),
    ],
)
def test_what_is_expected_is_said_in_words(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(BadInput) as caught:
        said(Erasure, **{**GOOD, **change})
    assert [fault.expected for fault in caught.value.faults] == [expected]


def test_one_fault_is_told_once() -> None:
    with pytest.raises(BadInput) as caught:
        said(Decision, model="m", report="r", fingerprint=None, decision="", by="", reason="", at=NOON.isoformat())
    assert [fault.subject for fault in caught.value.faults] == ["--by", "--reason", "--decision"]


def test_a_digest_is_a_digest() -> None:
    with pytest.raises(BadInput, match=r"before of a change entry: .* 64 hex digits, lower case: the sha256"):
        said(Change, model="m", what="spec", before="v1", after=None, by="a", reason="b", at=NOON.isoformat())
