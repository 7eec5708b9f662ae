from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger.envelope import wrap
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.statement import PAYLOAD_TYPE, File, Statement, in_order, instant, moment, parse, sign

TYPE = "https://retroaudit.dev/test/v1"
STATEMENT = Statement(TYPE, (File.of("a", b"1"), File.of("b", b"")), {"x": [1, 5, None, "\u2028<script>"]})


def _document(signer: Signer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(parse(sign(STATEMENT, signer, "x"), "x")[1].payload)
    return found


def test_a_statement_comes_back_as_it_was_signed(signer: Signer) -> None:
    found, envelope = parse(sign(STATEMENT, signer, "x"), "x")
    assert found == STATEMENT
    assert envelope.signed_by(signer.public)


def test_it_has_the_form_of_in_toto(signer: Signer) -> None:
    # https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md; sha256 of nothing is in FIPS 180's examples
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    document = _document(signer)
    assert sorted(document) == ["_type", "predicate", "predicateType", "subject"]
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["subject"][1] == {"name": "b", "digest": {"sha256": empty}, "annotations": {"size": 0}}


@pytest.mark.parametrize(
    "changes",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"subject": []},
        {"subject": [{"name": "a", "digest": {"sha256": "0" * 64}, "annotations": {"size": -1}}]},
        {"subject": [{"name": "a", "digest": {"sha256": "0" * 64, "md5": ""}, "annotations": {"size": 1}}]},
        {"subject": [{"name": "a", "digest": {"sha256": "0" * 64}}]},
        {"predicate": []},
        {"predicateType": None},
        {"extra": 1},
    ],
)
def test_another_form_is_refused(signer: Signer, changes: dict[str, Any]) -> None:
    with pytest.raises(IntegrityBroken):
        parse(wrap(rfc8785.dumps({**_document(signer), **changes}), PAYLOAD_TYPE, signer), "x")


def test_another_spelling_is_refused(signer: Signer) -> None:
    payload = json.dumps(_document(signer)).encode()
    with pytest.raises(IntegrityBroken, match="another form"):
        parse(wrap(payload, PAYLOAD_TYPE, signer), "x")


def test_files_go_by_name() -> None:
    files = [File.of(name, b"") for name in ("b", "B", "\u00e9", "a")]
    assert [file.name for file in in_order(files)] == ["B", "a", "b", "\u00e9"]


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_comes_back_as_it_was_written(at: datetime) -> None:
    assert moment(instant(at, "x"), "x") == at


def test_a_time_is_written_in_utc() -> None:
    paris = timezone(timedelta(hours=2))
    assert instant(datetime(2026, 7, 2, 14, tzinfo=paris), "x") == "2026-07-02T12:00:00+00:00"
    with pytest.raises(BadInput, match="without zone"):
        instant(datetime(2026, 7, 2), "x")  # noqa: DTZ001  (the fault under test)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-07-02",
        "2026-07-02T12:00:00",
        "2026-07-02T12:00:00Z",
        "2026-07-02T14:00:00+02:00",
        "2026-07-02 12:00:00+00:00",
        "2026-07-02T12:00:00.5+00:00",
        "0001-01-01T00:00:00+14:00",
        "20260702T120000+00:00",
    ],
)
def test_another_spelling_of_a_time_is_refused(text: str) -> None:
    with pytest.raises(IntegrityBroken, match="ISO 8601"):
        moment(text, "x")
