"""Time-stamps of a real authority (openssl), held against the log."""

from __future__ import annotations

import pytest

from retroaudit.ledger import commits, timestamps
from retroaudit.ledger.coordinates import anchor_key
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.verify import Options, Verification, verify
from tests.ledger.conftest import Memory, seal_day
from tests.ledger.test_timestamps import Authority, certify, elliptic, pytestmark

__all__ = ["pytestmark"]  # without openssl and the extra there is nothing to test

DAYS = 3


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    root = certify("root", None, elliptic())
    return Authority.found(tmp_path_factory.mktemp("tsa"), certify("tsa", root, elliptic(), stamps=True), (root,))


@pytest.fixture
def stamped(signer: Signer, authority: Authority) -> Memory:
    """A store whose second commit is stamped."""
    memory = Memory()
    for day in range(1, DAYS + 1):
        seal_day(memory, signer, day)
    _stamp(memory, authority, 2)
    return memory


def _stamp(memory: Memory, authority: Authority, number: int) -> None:
    body = commits.read(memory, number).body
    timestamps.store(memory, body.size, authority.answer(timestamps.request(body.note)))


def _meanings(outcome: Verification) -> str:
    return "\n".join(problem.meaning for problem in outcome.problems)


def test_a_time_stamp_below_a_trusted_root_is_proof(stamped: Memory, authority: Authority, signer: Signer) -> None:
    outcome = verify(stamped, signer.public, options=Options(tsa_roots=authority.roots))
    assert outcome.problems == ()
    (anchor,) = outcome.anchors
    assert (anchor.kind, anchor.size, anchor.proved) == ("time-stamp", 3, True)
    assert anchor.time is not None
    assert any(note.startswith("newest anchor: a time-stamp of 3 of 4 leaves") for note in outcome.notes)


def test_a_time_stamp_without_roots_proves_nothing(stamped: Memory, signer: Signer) -> None:
    outcome = verify(stamped, signer.public)
    assert outcome.problems == ()
    assert [anchor.proved for anchor in outcome.anchors] == [False]
    assert f"who made {anchor_key(3)}: name the authority's certificates with --tsa-roots" in outcome.unchecked


def test_a_time_stamp_of_another_authority_is_named(stamped: Memory, signer: Signer) -> None:
    other = certify("root", None, elliptic()).certificate
    assert "the time-stamp does not prove" in _meanings(
        verify(stamped, signer.public, options=Options(tsa_roots=(other,)))
    )


def test_a_rewritten_log_contradicts_its_time_stamp(stamped: Memory, authority: Authority, signer: Signer) -> None:
    """Whoever has the log's key can write another history, but not have it stamped long ago."""
    rewritten = Memory({anchor_key(3): stamped.objects[anchor_key(3)]})
    for day in range(1, DAYS + 1):
        seal_day(rewritten, signer, day, spec="b")
    for options in (Options(tsa_roots=authority.roots), Options()):
        assert "the time-stamp does not prove" in _meanings(verify(rewritten, signer.public, options=options))


def test_a_log_that_was_cut_off_contradicts_its_time_stamp(
    stamped: Memory, authority: Authority, signer: Signer
) -> None:
    shorter = Memory({anchor_key(3): stamped.objects[anchor_key(3)]})
    seal_day(shorter, signer, 1)
    outcome = verify(shorter, signer.public, options=Options(tsa_roots=authority.roots))
    assert "the log was longer: its end was cut off" in _meanings(outcome)


@pytest.mark.parametrize("data", [b"", b"\x30\x03", b"\xff" * 1000, b"\0" * (2 << 20)])
def test_garbage_in_a_time_stamps_place_is_named(
    stamped: Memory, authority: Authority, signer: Signer, data: bytes
) -> None:
    stamped.objects[anchor_key(3)] = data
    assert verify(stamped, signer.public, options=Options(tsa_roots=authority.roots)).problems


@pytest.mark.parametrize("name", ["3.tsr", "000000000003.cosig", "00000000003.tsr", "../x"])
def test_what_lies_among_anchors_and_is_none_is_named(stamped: Memory, signer: Signer, name: str) -> None:
    stamped.objects[f"log/anchors/{name}"] = b""
    assert "something was put into the log" in _meanings(verify(stamped, signer.public))


def test_without_the_extra_it_is_told(stamped: Memory, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timestamps, "available", lambda: False)
    outcome = verify(stamped, signer.public)
    assert outcome.problems == ()
    assert "1 time-stamps: the extra `timestamps` is not installed" in outcome.unchecked
