"""From somebody's words to an entry, or to a message that names each word that will not do."""

from __future__ import annotations

from typing import Any

import pytest

from retroaudit.declaring.writing import said
from retroaudit.faults import BadInput
from retroaudit.ledger.kinds import Change, Erasure
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
    ],
)
def test_all_that_is_wrong_is_told_at_once(change: dict[str, Any], names: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        said(Erasure, **{**GOOD, **change})
    subjects = [fault.subject for fault in caught.value.faults]
    for name in names:
        assert any(subject.startswith(name) for subject in subjects), subjects


def test_a_digest_is_a_digest() -> None:
    with pytest.raises(BadInput, match="before of a change entry"):
        said(Change, model="m", what="spec", before="v1", after=None, by="a", reason="b", at=NOON.isoformat())
