from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger.entries import Entry, Recorded, parse, sign
from retroaudit.ledger.envelope import wrap
from retroaudit.ledger.kinds import Change
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import PAYLOAD_TYPE, File
from tests.ledger.conftest import NOON, at, beat, plan_of

PLAN, _ = plan_of(1)
RECORDED = Recorded(PLAN, NOON, 41)


def _document(signer: Signer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(parse(sign(RECORDED, signer), "x")[1].payload)
    return found


def test_an_entry_comes_back_as_it_was_signed(signer: Signer) -> None:
    found, envelope = parse(sign(RECORDED, signer), "x")
    assert found == RECORDED
    assert envelope.signed_by(signer.public)


def test_it_names_its_body_and_its_files(signer: Signer) -> None:
    document = _document(signer)
    assert document["predicateType"] == "https://retroaudit.dev/plan/v1"
    assert [subject["name"] for subject in document["subject"]] == ["plan", "plan.json", "spec.json"]
    assert document["subject"][0]["digest"]["sha256"] == PLAN.document.sha256
    assert document["predicate"]["after"] == 41
    assert document["predicate"]["recorded_at"] == "2026-07-02T12:00:00+00:00"
    assert document["predicate"]["body"]["plan"] == document["subject"][1]["digest"]["sha256"]


@given(st.text(st.characters(codec="utf-8"), max_size=50), st.text(st.characters(codec="utf-8"), max_size=50))
def test_the_key_is_a_function_of_the_body_alone(signer: Signer, by: str, model: str) -> None:
    body = Change(model=model, what="policy", before=None, after=None, by=by, reason="x", at=NOON.isoformat())
    later = parse(sign(Recorded(Entry(body), at(5), 9), signer), "x")[0]
    assert later.entry.key == Entry(body).key
    other = body.model_copy(update={"by": by + "!"})
    assert Entry(other).key != Entry(body).key


def test_the_order_in_which_files_were_given_does_not_count(signer: Signer) -> None:
    turned = Entry(PLAN.body, PLAN.files[::-1])
    assert turned == PLAN
    assert sign(Recorded(turned, NOON, 41), signer) == sign(RECORDED, signer)


@pytest.mark.parametrize("names", [("a", "a"), ("plan",)])
def test_names_are_not_shared(names: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="files of the same name"):
        Entry(PLAN.body, tuple(File.of(name, b"") for name in names))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("after", -1),
        ("after", None),
        ("recorded_at", "yesterday"),
        ("recorded_at", "2026-07-02T12:00:00Z"),
        ("body", {}),
        ("body", {"at": "2026-07-02T12:00:00+00:00", "next": "2026-07-03T12:00:00+00:00"}),  # a heartbeat's
        ("more", 1),
    ],
)
def test_a_field_without_sense_is_refused(signer: Signer, field: str, value: object) -> None:
    document = _document(signer)
    document["predicate"][field] = value
    with pytest.raises(IntegrityBroken):
        parse(wrap(rfc8785.dumps(document), PAYLOAD_TYPE, signer), "x")


def test_a_body_that_its_digest_does_not_name_is_refused(signer: Signer) -> None:
    document = _document(signer)
    document["predicate"]["body"]["part"] = "other"
    with pytest.raises(IntegrityBroken, match="contradict"):
        parse(wrap(rfc8785.dumps(document), PAYLOAD_TYPE, signer), "x")


@pytest.mark.parametrize("names", [["plan.json", "spec.json"], ["plan", "plan", "plan.json"], ["plan.json", "plan"]])
def test_files_without_the_body_or_out_of_order_are_refused(signer: Signer, names: list[str]) -> None:
    document = _document(signer)
    subjects = {subject["name"]: subject for subject in document["subject"]}
    document["subject"] = [subjects[name] for name in names]
    with pytest.raises(IntegrityBroken):
        parse(wrap(rfc8785.dumps(document), PAYLOAD_TYPE, signer), "x")


@pytest.mark.parametrize("kind", ["report", "audit", "PLAN", "", "heartbeat"])
def test_an_unknown_or_other_kind_is_refused(signer: Signer, kind: str) -> None:
    document = {**_document(signer), "predicateType": f"https://retroaudit.dev/{kind}/v1"}
    with pytest.raises(IntegrityBroken):
        parse(wrap(rfc8785.dumps(document), PAYLOAD_TYPE, signer), "x")


def test_text_that_json_cannot_hold_is_bad_input(signer: Signer) -> None:
    with pytest.raises(BadInput, match="the ledger cannot hold"):
        sign(Recorded(Entry(PLAN.body, (File.of("\ud800", b""),)), NOON, 0), signer)
    with pytest.raises(BadInput, match="without zone"):
        sign(replace(RECORDED, recorded_at=NOON.replace(tzinfo=None)), signer)


def test_every_bit_of_an_entry_matters(signer: Signer) -> None:
    data = sign(Recorded(Entry(beat(0)), NOON, 1), signer)
    for place in range(len(data) * 8):
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        try:
            _, envelope = parse(bytes(changed), "x")
        except IntegrityBroken:
            continue
        assert not envelope.signed_by(signer.public), place
