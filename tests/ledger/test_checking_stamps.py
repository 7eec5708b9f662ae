"""Time-stamps of a real authority (openssl), held against the log."""

from __future__ import annotations

import pytest

from retroaudit.ledger import anchors, commits, timestamps
from retroaudit.ledger.coordinates import anchor_key
from retroaudit.ledger.signing import Signer
from retroaudit.ledger.verify import Options, Verification, verify
from retroaudit.storage.keys import encode
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


def _copied(stamped: Memory, number: int = 2) -> Memory:
    """A second place with a copy of the store's time-stamp, and nothing else."""
    body, place = commits.read(stamped, number).body, Memory()
    assert timestamps.publish(body.origin, body.size, stamped.objects[anchor_key(body.size)], place)
    return place


def test_a_time_stamp_outside_the_store_outlives_it(stamped: Memory, authority: Authority, signer: Signer) -> None:
    """Whoever sets the store back takes the stamps in it along, and not those in a second place."""
    place = _copied(stamped)
    note = commits.read(stamped, 2).body.note
    anchors.publish(note, place)
    del stamped.objects[anchor_key(3)]
    outcome = verify(stamped, signer.public, options=Options(anchors=place, tsa_roots=authority.roots))
    assert outcome.problems == ()
    assert [(each.kind, each.size, each.proved) for each in outcome.anchors] == [
        ("time-stamp", 3, True),
        ("second place", 3, True),
    ]
    back = Memory()
    seal_day(back, signer, 1)
    cut = verify(back, signer.public, options=Options(anchors=place, tsa_roots=authority.roots))
    assert "the log was longer: its end was cut off" in _meanings(cut)


def test_a_time_stamp_outside_the_store_without_roots_proves_nothing(stamped: Memory, signer: Signer) -> None:
    place = _copied(stamped)
    anchors.publish(commits.read(stamped, 2).body.note, place)
    outcome = verify(stamped, signer.public, options=Options(anchors=place))
    assert outcome.problems == ()
    assert [each.proved for each in outcome.anchors if each.kind == "time-stamp"] == [False, False]


@pytest.mark.parametrize("data", [None, b"", b"\x30\x03", b"\xff" * 1000])
def test_what_is_no_time_stamp_of_the_log_there_is_passed_over(
    stamped: Memory, authority: Authority, signer: Signer, data: bytes | None
) -> None:
    place = _copied(stamped)
    body = commits.read(stamped, 2).body
    anchors.publish(body.note, place)
    for size in (4, 1000):  # somebody else's token, and garbage
        token = authority.answer(timestamps.request("something else")) if data is None else data
        place.objects[timestamps.key(body.origin, size)] = token
    place.objects[timestamps.key(body.origin, 3) + ".bak"] = b""
    outcome = verify(stamped, signer.public, options=Options(anchors=place, tsa_roots=authority.roots))
    assert outcome.problems == ()
    assert [each.size for each in outcome.anchors if each.proved] == [3, 3, 3]
    names = ", ".join(timestamps.key(body.origin, size) for size in (4, 1000))
    assert any(note.startswith(f"{names}: a time-stamp of no checkpoint of this log") for note in outcome.notes)


def test_where_a_second_place_holds_time_stamps(stamped: Memory) -> None:
    body, place = commits.read(stamped, 2).body, _copied(stamped)
    name = f"timestamps/{encode(body.origin)}/000000000003.tsr"
    assert list(place.objects) == [name] == [timestamps.key(body.origin, 3)]
    assert timestamps.published(place, body.origin) == {3: name}
    assert timestamps.published(place, body.origin[:-1]) == {}
    assert timestamps.publish(body.origin, 3, stamped.objects[anchor_key(3)], place)
    assert not timestamps.publish(body.origin, 3, b"another", place)
    assert place.objects[name] == stamped.objects[anchor_key(3)]
