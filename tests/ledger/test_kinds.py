from __future__ import annotations

import pytest
from pydantic import ValidationError

from retroaudit.ledger.entries import Entry
from retroaudit.ledger.kinds import KINDS, Decision, Due, DueList, Heartbeat, Key, Plan, Sample
from tests.ledger.conftest import NOON, beat, plan_of

# in the order in which issue and format name them
NAMES = "key store plan due heartbeat decision erasure change void hold sample"
AT = NOON.isoformat()


def test_the_kinds_are_those_of_the_format() -> None:
    assert list(KINDS) == NAMES.split()
    assert all(body.kind == name for name, body in KINDS.items())


@pytest.mark.parametrize("kind", NAMES.split())
def test_what_a_body_is_about_are_fields_of_its_own(kind: str) -> None:
    assert set(KINDS[kind].about) <= set(KINDS[kind].model_fields)


def test_entries_lie_where_a_listing_finds_them() -> None:
    plan, _ = plan_of(1)
    folder = "entries/v1/kind=plan/model=lending/window=2026-07-01/audit=day/part=main/"
    assert plan.key == f"{folder}{plan.document.sha256}.dsse.json"
    assert Entry(beat(0)).key.startswith("entries/v1/kind=heartbeat/")


@pytest.mark.parametrize("text", ["", "soon", "2026-07-02", "2026-07-02T12:00:00", "2026-07-02T12:00:00Z", "9" * 41])
def test_times_have_the_spelling_of_the_log(text: str) -> None:
    with pytest.raises(ValidationError):
        Heartbeat(at=AT, next=text)


@pytest.mark.parametrize("digest", ["", "0" * 63, "A" * 64, "0" * 64 + "\n"])
def test_digests_are_strict(digest: str) -> None:
    with pytest.raises(ValidationError):
        Sample(model="m", report="m/w/day/main/1", commitment=digest, at=AT)


def test_a_reason_is_given_and_bounded() -> None:
    for reason in ("", "x" * 2001):
        with pytest.raises(ValidationError):
            Decision(model="m", report="r", fingerprint=None, decision="accepted", by="ann", reason=reason, at=AT)


def test_lists_are_not_empty_and_types_are_exact() -> None:
    with pytest.raises(ValidationError):
        DueList(model="m", audit="day", part="main", windows=[])
    with pytest.raises(ValidationError):
        Due.model_validate({"window": "2026-07-01", "due": AT, "more": 1})
    with pytest.raises(ValidationError):
        Plan.model_validate({"model": 1})
    with pytest.raises(ValidationError):
        Key.model_validate({"keyid": "0" * 64})
