from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger.envelope import wrap
from retroaudit.ledger.manifest import File, Manifest, parse, sign
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import PAYLOAD_TYPE
from tests.ledger.conftest import NOON, id_of, run_of

MANIFEST = Manifest(
    id_of(1, rev=2),
    (File.of("a<script>", b"1"), File.of("report.json", b"{}")),
    run_of(1),
    NOON,
    {"verdict": "failed", "hostile": "'\"<script>\n\u2028" * 100, "nested": [1, 5, None]},
    after=41,
)


def _statement(signer: Signer) -> dict[str, Any]:
    _, envelope = parse(sign(MANIFEST, signer), "x")
    found: dict[str, Any] = json.loads(envelope.payload)
    return found


def test_a_manifest_comes_back_as_it_was_signed(signer: Signer) -> None:
    found, envelope = parse(sign(MANIFEST, signer), "x")
    assert found == MANIFEST
    assert envelope.signed_by(signer.public)


def test_it_is_an_in_toto_statement(signer: Signer) -> None:
    # https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
    statement = _statement(signer)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://retroaudit.dev/audit/v1"
    # sha256 of "1", of which every calculator knows the beginning
    assert statement["subject"][0]["digest"]["sha256"].startswith("6b86b273ff34fce19d6b804eff5a3f57")
    assert statement["subject"][0]["annotations"] == {"size": 1}
    assert statement["predicate"]["supersedes"] == "lending/2026-07-01/day/main/1"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("report", "no id"),
        ("report", "lending/2026-07-01/day/main/3"),  # then `supersedes` contradicts it
        ("supersedes", None),
        ("sealed_at", "yesterday"),
        ("sealed_at", "0001-01-01T00:00:00+14:00"),
        ("sealed_at", "2026-07-02T12:00:00"),
        ("sealed_at", "2026-07-02T14:00:00+02:00"),
        ("run_key", {"inputs": 1}),
        ("after", -1),
        ("after", 1.5),
        ("after", None),
        ("audit", []),
    ],
)
def test_a_field_without_sense_is_refused(signer: Signer, field: str, value: object) -> None:
    statement = _statement(signer)
    statement["predicate"][field] = value
    with pytest.raises(IntegrityBroken):
        parse(wrap(rfc8785.dumps(statement), PAYLOAD_TYPE, signer), "x")


@pytest.mark.parametrize("digest", ["A" * 64, "0" * 63, "0" * 64 + "\n", ""])
def test_hex_is_strict(signer: Signer, digest: str) -> None:
    statement = _statement(signer)
    statement["subject"][0]["digest"]["sha256"] = digest
    with pytest.raises(IntegrityBroken, match="wrong fields"):
        parse(wrap(rfc8785.dumps(statement), PAYLOAD_TYPE, signer), "x")


def test_files_out_of_order_are_refused(signer: Signer) -> None:
    statement = _statement(signer)
    statement["subject"].reverse()
    with pytest.raises(IntegrityBroken, match="out of order"):
        parse(wrap(rfc8785.dumps(statement), PAYLOAD_TYPE, signer), "x")


def test_what_cannot_be_written_down_is_bad_input(signer: Signer) -> None:
    with pytest.raises(BadInput, match="without zone"):
        sign(replace(MANIFEST, sealed_at=datetime(2026, 7, 2, 12)), signer)  # noqa: DTZ001  (the fault under test)
    with pytest.raises(BadInput, match="the ledger cannot hold"):
        sign(replace(MANIFEST, predicate={"when": datetime(2026, 7, 2, tzinfo=UTC)}), signer)


@pytest.mark.slow
def test_every_bit_of_a_manifest_matters(signer: Signer) -> None:
    data = sign(replace(MANIFEST, predicate={"verdict": "failed"}), signer)
    for place in range(len(data) * 8):
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        try:
            _, envelope = parse(bytes(changed), "x")
        except IntegrityBroken:
            continue
        assert not envelope.signed_by(signer.public), place


def test_another_kind_of_statement_is_no_manifest(signer: Signer) -> None:
    statement = {**_statement(signer), "predicateType": "https://retroaudit.dev/plan/v1"}
    with pytest.raises(IntegrityBroken, match="contradict"):
        parse(wrap(rfc8785.dumps(statement), PAYLOAD_TYPE, signer), "x")
